// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as the report that a person reads: the verdict first, then what is behind it.
public struct TextEmitter: PlanEmitter {
  public static let kind = "text"
  public static let summary = "the report that is printed"

  /// How many of the tensors that are live at the peak are listed.
  public var listedTensors: Int

  public init(listedTensors: Int = 10) { self.listedTensors = listedTensors }

  /// - Complexity: O(tensors · log tensors).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    let sections = [
      head(of: plan), verdict(of: plan), savings(of: plan), proof(of: plan), parts(of: plan),
      peak(of: plan), BodiesText.section(of: plan), unknowns(of: plan),
    ]
    return Array(sections.filter { !$0.isEmpty }.joined(separator: "\n").utf8)
  }

  private func head(of plan: ExecutionPlan) -> String {
    let dims = PlanFacts(plan).dims
    return "\(plan.model.path): \(ReportText.counted(plan.model.nodes, "operator")), "
      + "\(ReportText.counted(plan.tensors.count, "tensor"))\(dims.isEmpty ? "" : " at \(dims)")"
      + "\(ReportText.bounds(plan.model))\n"
  }

  private func verdict(of plan: ExecutionPlan) -> String {
    let facts = PlanFacts(plan)
    return ([facts.verdict] + (facts.hope.map { [$0] } ?? facts.price).map { "  \($0)" })
      .map { "\($0)\n" }.joined()
  }

  private func savings(of plan: ExecutionPlan) -> String {
    var rows = PlanFacts(plan).comparisons.map { other in
      [
        other.label, "peak \(ReportText.size(other.peakBytes))",
        "arena \(ReportText.size(other.arenaBytes))", other.change,
      ]
    }
    rows.append([
      "this plan", "peak \(ReportText.size(plan.summary.peakBytes))",
      "arena \(ReportText.size(plan.summary.arenaBytes))", "",
    ])
    return ReportText.table(rows)
  }

  private func proof(of plan: ExecutionPlan) -> String {
    let facts = PlanFacts(plan)
    var text = "bound: \(facts.proof)\n  because \(facts.reason)\n"
    let stages = plan.passes.filter { $0.name == "order" || $0.name == "layout" }
    let slices = plan.passes.first { $0.name == "slices" }
    if !stages.isEmpty {
      text += "  found: "
      text += stages.map { "\($0.name) by \($0.outcome)" }.joined(separator: "; ") + "\n"
    }
    if let fusion = plan.passes.first(where: { $0.name == "ffn-fusion" }) {
      text += "  fusion: \(fusion.outcome)\n"
    }
    if let ladder = plan.passes.first(where: { $0.name == "ladder" }) {
      text += "  ladder: \(ladder.outcome)\n"
    }
    if let floor = plan.passes.first(where: { $0.name == "recompute-floor" }) {
      text += "  recompute: \(floor.outcome)\n"
    }
    if let slices { text += "  slices: \(slices.outcome)\n" }
    return text
  }

  /// What the total is the sum of, each storage rounded up as it is counted there.
  private func parts(of plan: ExecutionPlan) -> String {
    let facts = PlanFacts(plan)
    var rows = facts.residentParts.map { [$0.label, ReportText.size($0.bytes)] }
    rows.append(["arena", ReportText.size(plan.summary.arenaBytes)])
    if facts.workspaceBytes > 0 {
      rows.append(["  of it workspace, at most", ReportText.size(facts.workspaceBytes)])
    }
    if plan.summary.externalBytes > 0 {
      rows.append(["inputs and outputs, not counted", ReportText.size(plan.summary.externalBytes)])
    }
    return ReportText.table(rows)
  }

  private func peak(of plan: ExecutionPlan) -> String {
    let facts = PlanFacts(plan)
    guard let step = facts.peakStep else { return "" }
    let live = facts.liveStorages(at: step.index)
    var text =
      "peak: step \(step.index) of 0...\(plan.steps.count - 1), \(step.op) '\(step.node)', "
      + "\(ReportText.counted(live.count, "live tensor"))\n"
    text += ReportText.table(
      live.prefix(listedTensors).map {
        [
          ReportText.size($0.tensor.bytes), $0.tensor.name, $0.tensor.typeAndShape,
          "steps \($0.first)...\($0.last)",
          $0.tensor.sliceOf.map { "part of \($0)" } ?? "",
        ]
      }, isSizeFirst: true)
    if live.count > listedTensors {
      let rest = live.count - listedTensors
      text += "  and \(ReportText.grouped(rest)) smaller \(rest == 1 ? "one" : "ones")\n"
    }
    return text
  }

  private func unknowns(of plan: ExecutionPlan) -> String {
    let bounded = plan.tensors.filter(\.upperBound)
    guard let first = bounded.first else { return "" }
    return
      "\(ReportText.counted(bounded.count, "tensor")) of a size that depends on data, counted at an "
      + "upper bound: '\(first.name)'\(bounded.count > 1 ? ", …" : "")\n"
  }
}
