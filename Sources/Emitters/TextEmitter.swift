// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as the report that a person reads: the verdict first, then what is behind it.
public struct TextEmitter: PlanEmitter {
  public static let kind = "text"

  /// How many of the tensors that are live at the peak are listed.
  public var listedTensors: Int

  public init(listedTensors: Int = 10) { self.listedTensors = listedTensors }

  /// - Complexity: O(tensors · log tensors).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    let sections = [
      head(of: plan), verdict(of: plan), savings(of: plan), proof(of: plan), parts(of: plan),
      peak(of: plan), unknowns(of: plan),
    ]
    return Array(sections.filter { !$0.isEmpty }.joined(separator: "\n").utf8)
  }

  private func head(of plan: ExecutionPlan) -> String {
    let dims = plan.model.dims.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let bounds = ReportText.bounds(plan.model)
    let bound = dims.isEmpty ? "" : " at \(dims.joined(separator: ", "))"
    return "\(plan.model.path): \(ReportText.counted(plan.model.nodes, "operator")), "
      + "\(ReportText.counted(plan.tensors.count, "tensor"))\(bound)\(bounds)\n"
  }

  private func verdict(of plan: ExecutionPlan) -> String {
    let summary = plan.summary
    let needs =
      "\(ReportText.size(summary.totalBytes)) (\(ReportText.grouped(summary.totalBytes)) bytes)"
    guard let budget = summary.budgetBytes else { return "needs \(needs)\n" }
    let limit = "\(ReportText.size(budget)) (\(ReportText.grouped(budget)) bytes)"
    if summary.fits == true { return "fits: \(needs) of \(limit)\n" + price(of: plan) }
    let floor = summary.residentBytes + summary.lowerBoundBytes
    let hope =
      summary.floorBytes > budget
      ? "nothing runs below \(ReportText.size(summary.floorBytes)), whatever is recomputed or spilled"
      : floor > budget
        ? "no order of these operators needs less than \(ReportText.size(floor)) without recompute or spill"
        : "the lower bound is \(ReportText.size(floor)), so a better order is not ruled out"
    return
      "over by \(ReportText.size(summary.totalBytes - budget)): needs \(needs) of \(limit)\n  \(hope)\n"
  }

  /// What a plan pays to need less than its order and layout alone would.
  private func price(of plan: ExecutionPlan) -> String {
    guard plan.hasResidencies else { return "" }
    let price = plan.summary.price
    var parts: [String] = []
    if price.recomputeSteps > 0 {
      parts.append(
        "\(ReportText.counted(price.recomputeSteps, "operator")) run again "
          + "(\(ReportText.operations(price.recomputeFlops)))")
    }
    let traffic = price.spillBytes + price.fetchBytes
    if traffic > 0 {
      let kept = price.compulsoryBytes
      parts.append(
        "\(ReportText.size(price.spillBytes)) spilled and "
          + "\(ReportText.size(price.fetchBytes)) fetched"
          + (kept > 0 ? " (\(ReportText.size(kept)) of it compulsory)" : ""))
    }
    var text = "  price: \(parts.isEmpty ? "none" : parts.joined(separator: "; "))"
    if let seconds = price.seconds { text += ", about \(ReportText.seconds(seconds))" }
    text += "\n"
    if let bound = price.trafficBoundBytes, price.recomputeSteps == 0, traffic > 0 {
      text += "  no spilling in this order moves less than \(ReportText.size(bound))"
      text += traffic - price.compulsoryBytes == bound ? ": optimal\n" : "\n"
    }
    if plan.summary.secondBytes > 0 {
      text += "  second memory: \(ReportText.size(plan.summary.secondBytes))\n"
    }
    return text
  }

  private func savings(of plan: ExecutionPlan) -> String {
    let names = [("fileOrder", "file order"), ("ortDefaultOrder", "ONNX Runtime's default order")]
    var rows: [[String]] = []
    for (key, name) in names {
      guard let baseline = plan.summary.baselines[key], let arena = baseline.arenaBytes else {
        continue
      }
      rows.append([
        name, "peak \(ReportText.size(baseline.peakBytes))",
        "arena \(ReportText.size(arena))",
        change(from: arena, to: plan.summary.arenaBytes),
      ])
    }
    rows.append([
      "this plan", "peak \(ReportText.size(plan.summary.peakBytes))",
      "arena \(ReportText.size(plan.summary.arenaBytes))", "",
    ])
    return ReportText.table(rows)
  }

  private func proof(of plan: ExecutionPlan) -> String {
    let summary = plan.summary
    let (bound, peak) = (summary.lowerBoundBytes, summary.peakBytes)
    var text = "bound: no order has a peak below \(ReportText.size(bound)); "
    if summary.provenOptimal {
      text += "this plan's arena is that: proven optimal\n"
    } else if plan.hasResidencies {
      text += "that is without recompute and spill\n"
    } else {
      text +=
        peak == bound ? "the peak is that" : "the peak is \(excess(of: peak, over: bound)) above"
      text +=
        summary.arenaBytes == peak
        ? ", and so is the arena\n"
        : ", the arena \(excess(of: summary.arenaBytes, over: peak)) above the peak\n"
    }
    text += "  because \(reason(for: plan.witness))\n"
    let stages = plan.passes.filter { $0.name == "order" || $0.name == "layout" }
    let slices = plan.passes.first { $0.name == "slices" }
    if !stages.isEmpty {
      text += "  found: "
      text += stages.map { "\($0.name) by \($0.outcome)" }.joined(separator: "; ") + "\n"
    }
    if let slices { text += "  slices: \(slices.outcome)\n" }
    return text
  }

  private func reason(for witness: PlanWitness) -> String {
    let tensors = ReportText.counted(witness.tensors.count, "tensor")
    guard let node = witness.node else {
      switch witness.proof {
      case .inputs: return "\(tensors), all graph inputs, are live at the start"
      case .outputs: return "\(tensors), all graph outputs, are live at the end"
      default: return "a search through all orders found none below"
      }
    }
    return witness.proof == .search
      ? "a search through all orders found none below; '\(node)' alone keeps \(tensors) live"
      : "\(tensors) must be live while '\(node)' runs"
  }

  /// How much one size is above another, as a percentage, or in bytes where that would be 0.00 %.
  private func excess(of size: Int, over base: Int) -> String {
    let ratio = Double(size) / Double(max(base, 1)) - 1
    return ratio < 0.0001 ? ReportText.size(size - base) : ReportText.percent(ratio)
  }

  /// What the total is the sum of, each storage rounded up as it is counted there.
  private func parts(of plan: ExecutionPlan) -> String {
    let alignment = plan.options.alignment
    var resident: [String: Int] = [:]
    var seen: Set<Int> = []
    for tensor in plan.tensors where tensor.space == MemorySpace.resident.rawValue {
      guard seen.insert(tensor.storage).inserted else { continue }
      resident[tensor.role, default: 0] += (tensor.bytes + alignment - 1) / alignment * alignment
    }
    let labels = [
      (TensorRole.weight, "weights"), (.optimizerState, "optimizer state"),
      (.constant, "constants"),
    ]
    var rows: [[String]] = []
    for (role, label) in labels {
      if let bytes = resident[role.rawValue] { rows.append([label, ReportText.size(bytes)]) }
    }
    rows.append(["arena", ReportText.size(plan.summary.arenaBytes)])
    if let workspace = plan.steps.map(\.workspaceBytes).max(), workspace > 0 {
      rows.append(["  of it workspace, at most", ReportText.size(workspace)])
    }
    if plan.summary.externalBytes > 0 {
      rows.append(["inputs and outputs, not counted", ReportText.size(plan.summary.externalBytes)])
    }
    return ReportText.table(rows)
  }

  private func peak(of plan: ExecutionPlan) -> String {
    let summary = plan.summary
    guard plan.steps.indices.contains(summary.peakStep) else { return "" }
    let step = plan.steps[summary.peakStep]
    // One line a storage: its root, which is listed first among its members with its full size.
    var roots: [Int: PlannedTensor] = [:]
    for tensor in plan.tensors where roots[tensor.storage] == nil {
      roots[tensor.storage] = tensor
    }
    let live = plan.arenaStays.compactMap { stay in
      stay.firstStep <= step.index && step.index <= stay.lastStep
        ? roots[stay.storage].map { (tensor: $0, first: stay.firstStep, last: stay.lastStep) } : nil
    }.sorted { ($1.tensor.bytes, $0.tensor.storage) < ($0.tensor.bytes, $1.tensor.storage) }
    var text =
      "peak: step \(step.index) of \(plan.steps.count), \(step.op) '\(step.node)', "
      + "\(ReportText.counted(live.count, "live tensor"))\n"
    text += ReportText.table(
      live.prefix(listedTensors).map {
        [
          ReportText.size($0.tensor.bytes), $0.tensor.name,
          "\($0.tensor.elementType)[\($0.tensor.shape.map(String.init).joined(separator: ","))]",
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

  /// How much less or more an arena is, as a percentage, or in bytes where that would be 0.00 %.
  private func change(from old: Int, to new: Int) -> String {
    guard old != new else { return "the same" }
    let ratio = Double(new) / Double(old) - 1
    let amount =
      ratio.magnitude < 0.0001 ? ReportText.size(abs(new - old)) : ReportText.percent(ratio)
    return "\(amount) \(new < old ? "less" : "more") here"
  }
}
