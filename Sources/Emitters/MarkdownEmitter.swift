// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as a short report in GitHub's Markdown: what a continuous-integration job posts as a
/// comment.
///
/// The verdict stands first, then this plan beside the orders it is compared to, then what is live
/// at the peak; the rest is folded.
public struct MarkdownEmitter: PlanEmitter {
  public static let kind = "md"
  public static let summary = "a report in Markdown, for a comment of a continuous-integration job"

  /// How many of the tensors that are live at the peak are listed.
  public var listedTensors: Int

  public init(listedTensors: Int = 10) { self.listedTensors = listedTensors }

  /// - Complexity: O(tensors · log tensors).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    let facts = PlanFacts(plan)
    let dims = facts.dims
    let name = plan.model.path.split(separator: "/").last.map(String.init) ?? plan.model.path
    var text = "### graphopt: \(Self.code(name))\(dims.isEmpty ? "" : " at \(Self.code(dims))")\n\n"
    text += "**\(Self.capitalized(facts.verdict))**"
    for line in facts.hope.map({ [$0] }) ?? facts.price {
      text += "<br>\(Self.capitalized(line))"
    }
    text += "\n\n" + orders(facts) + "\n" + bound(facts)
    text += "\n" + peak(facts) + "\n" + details(facts)
    return Array(text.utf8)
  }

  private func orders(_ facts: PlanFacts) -> String {
    let summary = facts.plan.summary
    var rows = [
      ["", "peak", "arena", ""],
      [
        "**this plan**", "**\(ReportText.size(summary.peakBytes))**",
        "**\(ReportText.size(summary.arenaBytes))**",
        summary.provenOptimal ? "proven optimal" : "",
      ],
    ]
    for other in facts.comparisons {
      rows.append([
        other.label, ReportText.size(other.peakBytes), ReportText.size(other.arenaBytes),
        other.change,
      ])
    }
    rows.append(["lower bound", ReportText.size(summary.lowerBoundBytes), "", ""])
    return Self.table(rows, right: [1, 2])
  }

  private func bound(_ facts: PlanFacts) -> String {
    let witness = facts.plan.witness
    var reason = facts.reason
    if let node = witness.node {
      reason = reason.replacing("'\(node)'", with: Self.code(node))
    }
    return "\(Self.capitalized(facts.proof)), because \(reason).\n"
  }

  private func peak(_ facts: PlanFacts) -> String {
    guard let step = facts.peakStep else { return "Nothing runs.\n" }
    let live = facts.liveStorages(at: step.index)
    var text =
      "**Peak** at step \(step.index) of 0...\(facts.plan.steps.count - 1), \(Self.code(step.op)) "
      + "\(Self.code(step.node)), with \(ReportText.counted(live.count, "live tensor")):\n\n"
    var rows = [["bytes", "tensor", "type", "steps"]]
    rows += live.prefix(listedTensors).map {
      [
        ReportText.size($0.tensor.bytes), Self.code($0.tensor.name), $0.tensor.typeAndShape,
        "\($0.first)–\($0.last)",
      ]
    }
    text += Self.table(rows, right: [0])
    if live.count > listedTensors {
      let rest = live.count - listedTensors
      text += "\nand \(ReportText.grouped(rest)) smaller \(rest == 1 ? "one" : "ones")\n"
    }
    return text
  }

  private func details(_ facts: PlanFacts) -> String {
    let plan = facts.plan
    var rows = [["", ""]]
    for part in facts.residentParts { rows.append([part.label, ReportText.size(part.bytes)]) }
    rows.append(["arena", ReportText.size(plan.summary.arenaBytes)])
    if facts.workspaceBytes > 0 {
      rows.append(["of it workspace, at most", ReportText.size(facts.workspaceBytes)])
    }
    if plan.summary.externalBytes > 0 {
      rows.append(["inputs and outputs, not counted", ReportText.size(plan.summary.externalBytes)])
    }
    var text = "<details><summary>Sums and how they were found</summary>\n\n"
    text += Self.table(rows, right: [1])
    text +=
      "\n\(ReportText.counted(plan.model.nodes, "operator")), "
      + "\(ReportText.counted(plan.tensors.count, "tensor")), alignment \(plan.options.alignment), "
      + "in place: \(plan.options.inplace), inputs and outputs: \(plan.options.io), "
      + "graph \(Self.code(plan.model.fingerprint))\n\n"
    for pass in plan.passes {
      text += "- \(Self.code(pass.name)): \(Self.escaped(pass.outcome))\n"
    }
    return text + "\n</details>\n"
  }

  // MARK: Text

  /// A name in code type, whatever is in it.
  static func code(_ name: String) -> String { "<code>\(escaped(name))</code>" }

  /// Text with everything that Markdown or HTML would read as markup as a character reference.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.visible.unicodeScalars {
      switch scalar {
      case "<", ">", "&", "\"", "'", "|", "`", "*", "_", "[", "]", "\\", "~", "#", "@", "!", "$":
        result += "&#\(scalar.value);"
      case ":": result += "&#58;"  // `https://` would become a link.
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func capitalized(_ sentence: String) -> String {
    sentence.prefix(1).uppercased() + sentence.dropFirst()
  }

  private static func table(_ rows: [[String]], right: Set<Int>) -> String {
    var lines = rows.map { "| \($0.joined(separator: " | ")) |" }
    let rule = (rows.first ?? []).indices.map { right.contains($0) ? "---:" : "---" }
    lines.insert("| \(rule.joined(separator: " | ")) |", at: 1)
    return lines.map { $0 + "\n" }.joined()
  }
}
