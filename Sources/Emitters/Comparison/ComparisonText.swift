// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Writes a comparison as a person reads it: differences of premises, the verdict, who did it, the
/// figures, what the change of the peak is made of, what moved.
public struct ComparisonText: Sendable {
  /// How many entries of a list are shown.
  public var listed: Int

  public init(listed: Int = 10) { self.listed = listed }

  /// - Complexity: O(length of the text).
  public func bytes(of comparison: PlanComparison) -> [UInt8] {
    let sections = [
      premises(of: comparison), verdict(of: comparison), figures(of: comparison),
      peak(of: comparison), changes(of: comparison),
    ]
    return Array(sections.filter { !$0.isEmpty }.joined(separator: "\n").utf8)
  }

  // MARK: Verdict

  private func premises(of comparison: PlanComparison) -> String {
    guard !comparison.premises.isEmpty else { return "" }
    return "not planned alike:\n"
      + ReportText.table(
        comparison.premises.map { [$0.what, "\($0.before ?? "none") -> \($0.after ?? "none")"] })
  }

  private func verdict(of comparison: PlanComparison) -> String {
    let tolerance =
      comparison.tolerance == .none ? "" : ", tolerance \(comparison.tolerance.description)"
    switch comparison.verdict {
    case .grown:
      return comparison.growth.enumerated().map { index, growth in
        let isSame = index > 0 && comparison.growth[index - 1].culprit == growth.culprit
        return "\(GrowthText.sentence(for: growth))\(tolerance)\n"
          + (isSame ? "" : "  because \(GrowthText.reason(for: growth))\n")
      }.joined()
    case .better:
      let saved = comparison.arena.change < 0 ? comparison.arena : comparison.total
      let what = comparison.arena.change < 0 ? "arena" : "total"
      return "better: \(what) \(GrowthText.change(from: saved.before, to: saved.after))\n"
    case .same:
      guard comparison.total.change != 0 || comparison.arena.change != 0 else {
        return "same: arena and total are what they were\n"
      }
      return "same: within the tolerance\(tolerance.dropFirst(", tolerance".count))\n"
    }
  }

  private func figures(of comparison: PlanComparison) -> String {
    var rows: [[String]] = []
    func row(_ name: String, _ figure: PlanComparison.Figure) {
      guard figure.before != 0 || figure.after != 0 else { return }
      rows.append([
        name, ReportText.size(figure.before), "->", ReportText.size(figure.after),
        figure.change == 0 ? "the same" : GrowthText.signed(figure.change, of: figure.before),
      ])
    }
    row("peak", comparison.peak)
    row("arena", comparison.arena)
    row("resident", comparison.resident)
    row("external", comparison.external)
    row("total", comparison.total)
    row("bound", comparison.bound)
    row("second memory", comparison.second)
    row("copied to it and back", comparison.traffic)
    let recomputed = comparison.recomputed
    if recomputed.before != 0 || recomputed.after != 0 {
      rows.append([
        "operations run again", ReportText.grouped(recomputed.before), "->",
        ReportText.grouped(recomputed.after), recomputed.change == 0 ? "the same" : "",
      ])
    }
    rows.append([
      "gap to the bound", ReportText.percent(comparison.gaps.before), "->",
      ReportText.percent(comparison.gaps.after), "",
    ])
    return ReportText.table(rows, right: [1, 3])
  }

  // MARK: The peak

  private func peak(of comparison: PlanComparison) -> String {
    let change = comparison.peakChange
    guard let running = change.after.running else { return "" }
    var text =
      "peak: step \(change.after.step), \(running.op) '\(running.node)'"
    if let earlier = change.before.running {
      text +=
        earlier.node == running.node
        ? ", as before\n" : "; it was step \(change.before.step), \(earlier.op) '\(earlier.node)'\n"
    } else {
      text += "\n"
    }
    var rows: [[String]] = []
    for item in change.arrived.prefix(listed) { rows.append(row("+", item, "new at the peak")) }
    rest(change.arrived, "+", "more that are new at the peak", &rows)
    for entry in change.resized.prefix(listed) {
      let more = entry.after.bytes - entry.before.bytes
      rows.append(
        row(more > 0 ? "+" : "-", entry.after, "was \(ReportText.size(entry.before.bytes))", more))
    }
    for item in change.left.prefix(listed) { rows.append(row("-", item, "no longer at the peak")) }
    rest(change.left, "-", "more that are no longer at the peak", &rows)
    for (what, bytes) in [("workspace", change.workspaceBytes), ("other", change.otherBytes)]
    where bytes != 0 {
      rows.append([bytes > 0 ? "+" : "-", ReportText.size(abs(bytes)), what, "", "", ""])
    }
    return text + ReportText.table(rows, right: [1])
  }

  private func row(
    _ sign: String, _ item: PeakAccount.Item, _ why: String, _ bytes: Int? = nil
  ) -> [String] {
    let tensor = item.tensor
    return [
      sign, ReportText.size(abs(bytes ?? item.bytes)), ReportText.shortened(tensor.name, to: 36),
      "\(tensor.elementType)[\(tensor.shape.map(String.init).joined(separator: ","))]",
      "steps \(item.firstStep)...\(item.lastStep)", why,
    ]
  }

  private func rest(
    _ items: [PeakAccount.Item], _ sign: String, _ what: String, _ rows: inout [[String]]
  ) {
    let rest = items.dropFirst(listed)
    guard !rest.isEmpty else { return }
    rows.append([
      sign, ReportText.size(rest.reduce(0) { $0 + $1.bytes }),
      "\(ReportText.grouped(rest.count)) \(what)", "", "", "",
    ])
  }

  // MARK: The rest

  private func changes(of comparison: PlanComparison) -> String {
    let (steps, tensors) = (comparison.steps, comparison.tensors)
    var text =
      "steps: \(ReportText.grouped(steps.moved.count)) moved of \(ReportText.grouped(steps.common))"
      + ", \(ReportText.grouped(steps.added.count)) added"
      + ", \(ReportText.grouped(steps.removed.count)) removed\n"
    text += list(
      steps.moved.map {
        [
          "moved", "\($0.op) '\(ReportText.shortened($0.node, to: 48))'",
          place($0.before, $0.after),
        ]
      })
    text += list(
      steps.added.map {
        ["added", "\($0.op) '\(ReportText.shortened($0.node, to: 48))'", place(nil, $0.after)]
      })
    text += list(
      steps.removed.map {
        ["removed", "\($0.op) '\(ReportText.shortened($0.node, to: 48))'", place($0.before, nil)]
      })
    text +=
      "tensors: \(ReportText.grouped(tensors.moved.count)) elsewhere of "
      + "\(ReportText.grouped(tensors.common)), \(ReportText.grouped(tensors.resized.count)) resized"
      + ", \(ReportText.grouped(tensors.added.count)) added"
      + ", \(ReportText.grouped(tensors.removed.count)) removed\n"
    text += list(
      tensors.resized.map {
        [
          "resized", ReportText.shortened($0.name, to: 48),
          "\(type($0.before)) -> \(type($0.after))",
        ]
      })
    text += list(
      tensors.added.map {
        ["added", ReportText.shortened($0.name, to: 48), "\(type($0.after))"]
      })
    text += list(
      tensors.removed.map {
        ["removed", ReportText.shortened($0.name, to: 48), "\(type($0.before))"]
      })
    return text
  }

  private func list(_ rows: [[String]]) -> String {
    let rest = rows.count - listed
    return ReportText.table(Array(rows.prefix(listed)))
      + (rest > 0 ? "  and \(ReportText.grouped(rest)) more\n" : "")
  }

  private func place(_ before: Int?, _ after: Int?) -> String {
    switch (before, after) {
    case (let before?, let after?): "from step \(before) to \(after)"
    case (let before?, nil): "was step \(before)"
    case (nil, let after?): "step \(after)"
    case (nil, nil): ""
    }
  }

  private func type(_ tensor: PlannedTensor?) -> String {
    guard let tensor else { return "" }
    return "\(tensor.elementType)[\(tensor.shape.map(String.init).joined(separator: ","))]"
  }
}

/// The sentence about what grew, the same wherever it is printed.
package enum GrowthText {
  /// `grown: arena 4.000 MiB -> 5.000 MiB (+1.000 MiB, +25.00 %)`.
  package static func sentence(for growth: MemoryGrowth) -> String {
    "grown: \(growth.measure.rawValue) \(change(from: growth.before, to: growth.after))"
  }

  /// `4.000 MiB -> 5.000 MiB (+1.000 MiB, +25.00 %)`.
  package static func change(from before: Int, to after: Int) -> String {
    "\(ReportText.size(before)) -> \(ReportText.size(after)) "
      + "(\(signed(after - before, of: before)))"
  }

  /// `+1.000 MiB, +25.00 %`.
  package static func signed(_ change: Int, of base: Int) -> String {
    let sign = change < 0 ? "-" : "+"
    let size = "\(sign)\(ReportText.size(abs(change)))"
    guard base > 0 else { return size }
    return "\(size), \(sign)\(ReportText.percent(Double(abs(change)) / Double(base)))"
  }

  /// Which tensor did it.
  package static func reason(for growth: MemoryGrowth) -> String {
    guard let culprit = growth.culprit else { return "many tensors, none of them by itself" }
    let name = "'\(culprit.name)'"
    let size = ReportText.size(culprit.bytes)
    let earlier = culprit.before.map { "has \(size) there instead of \(ReportText.size($0))" }
    return switch culprit.role {
    case .peak: "\(name) \(earlier ?? "is live at the peak and was not, with \(size)")"
    case .resident: "\(name) \(earlier ?? "is new among what is resident, with \(size)")"
    case .placement:
      "the peak has not grown, but the arena has holes below \(name), which ends highest"
    }
  }
}
