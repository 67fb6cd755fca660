// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Planning

/// What the reports say of a plan, in whichever format: the same sentences and sums in all.
struct PlanFacts {
  let plan: ExecutionPlan
  private var summary: PlanSummary { plan.summary }

  init(_ plan: ExecutionPlan) { self.plan = plan }

  /// What was bound, as `batch=8, seq=128`; empty where nothing was.
  var dims: String {
    plan.model.dims.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      .joined(separator: ", ")
  }

  // MARK: Verdict

  /// Whether it fits, and what it needs, with exact bytes.
  var verdict: String {
    let needs = Self.exact(summary.totalBytes)
    guard let budget = summary.budgetBytes else { return "needs \(needs)" }
    if summary.fits == true { return "fits: \(needs) of \(Self.exact(budget))" }
    let excess = ReportText.size(summary.totalBytes - budget)
    return "over by \(excess): needs \(needs) of \(Self.exact(budget))"
  }

  /// What may still be hoped for where a plan is over its budget.
  var hope: String? {
    guard summary.fits == false, let budget = summary.budgetBytes else { return nil }
    let bound = summary.residentBytes + summary.lowerBoundBytes
    let found = summary.smallestBudgetBytes.flatMap {
      $0 < summary.totalBytes ? "; a plan was found for \(Self.exact($0))" : nil
    }
    if summary.floorBytes > budget {
      return
        "nothing runs below \(ReportText.size(summary.floorBytes)), whatever is recomputed or spilled"
        + (found ?? "")
    }
    if let found { return "none was found that recomputes or spills" + found }
    return bound > budget
      ? "no order of these operators needs less than \(ReportText.size(bound)) without recompute or spill"
      : "the lower bound is \(ReportText.size(bound)), so a better order is not ruled out"
  }

  private static func exact(_ bytes: Int) -> String {
    "\(ReportText.size(bytes)) (\(ReportText.grouped(bytes)) bytes)"
  }

  // MARK: Price

  /// What a plan that fits pays to need less than its order and layout alone would, a line each;
  /// empty where it pays nothing.
  var price: [String] {
    guard summary.fits == true, plan.hasResidencies else { return [] }
    let price = summary.price
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
    var lines = ["price: \(parts.isEmpty ? "none" : parts.joined(separator: "; "))"]
    if let seconds = price.seconds {
      lines[0] += ", about \(ReportText.seconds(seconds))"
    } else if let rates = price.rates {
      lines[0] +=
        ", \(ReportText.seconds(rates.seconds(of: price))) at "
        + "\(ReportText.operations(Int(min(rates.flopsPerSecond, 1e18))))/s and "
        + "\(ReportText.size(Int(min(rates.bytesPerSecond, 1e18))))/s"
    }
    lines += costBounds
    if price.recomputeSteps > 0, traffic == 0 { lines += recomputeBounds }
    if let bound = price.trafficBoundBytes, price.recomputeSteps == 0, traffic > 0,
      mayRecompute || price.boundSeconds == nil
    {
      lines.append(
        "no spilling in this order moves less than \(ReportText.size(bound))"
          + (traffic - price.compulsoryBytes == bound ? ": optimal" : ""))
    }
    if summary.secondBytes > 0 {
      lines.append("second memory: \(ReportText.size(summary.secondBytes))")
    }
    return lines
  }

  /// What recomputing and spilling together cannot cost less than, in any order and, where that is more, in
  /// the plan's.
  private var costBounds: [String] {
    let price = summary.price
    let means = mayRecompute ? "recomputing and spilling" : "spilling"
    func line(_ orders: String, _ bound: Double?, _ savable: Double?) -> String? {
      guard let bound, let savable, ReportText.isTelling(savable) else { return nil }
      return "no \(means) in \(orders) takes less than \(ReportText.seconds(bound)): "
        + Self.verdict(savable)
    }
    let any = line("any order", price.anyOrderBoundSeconds, price.savableInAnyOrderPart)
    let isMore = price.boundSeconds ?? 0 > price.anyOrderBoundSeconds ?? 0
    let this = isMore ? line("this order", price.boundSeconds, price.savablePart) : nil
    return [any, this].compactMap(\.self)
  }

  private var mayRecompute: Bool {
    let recompute = LadderChoice(rawValue: plan.options.recompute) ?? .auto
    return recompute.allowsRecompute(beside: SpillChoice(rawValue: plan.options.spill) ?? .auto)
  }

  private static func verdict(_ savable: Double) -> String {
    savable == 0 ? "optimal" : "at most \(ReportText.percent(savable)) of the price can be saved"
  }

  /// What recomputing cannot cost less than, in any order and, where that is more, in the plan's.
  private var recomputeBounds: [String] {
    let price = summary.price
    func line(_ orders: String, _ bound: Int) -> String {
      let gap = Double(price.recomputeFlops - bound) / Double(max(1, price.recomputeFlops))
      return "no recomputing in \(orders) runs less than \(ReportText.operations(bound)) again: "
        + Self.verdict(gap)
    }
    var lines: [String] = []
    let any = price.recomputeAnyOrderBoundFlops ?? 0
    if any > 0 { lines.append(line("any order", any)) }
    if let bound = price.recomputeBoundFlops, bound > any {
      lines.append(line("this order", bound))
    }
    return lines
  }

  // MARK: Other orders

  /// Another order that was laid out, and how its arena compares.
  struct Comparison {
    var label: String
    var peakBytes: Int
    var arenaBytes: Int
    /// How much less or more this plan needs: `12.30 % less here`.
    var change: String
  }

  /// The orders that were laid out beside this plan's.
  var comparisons: [Comparison] {
    ["fileOrder", "ortDefaultOrder"].compactMap { name in
      guard let baseline = summary.baselines[name], let arena = baseline.arenaBytes else {
        return nil
      }
      return Comparison(
        label: Self.label(ofOrder: name), peakBytes: baseline.peakBytes, arenaBytes: arena,
        change: Self.change(from: arena, to: summary.arenaBytes))
    }
  }

  /// What people call an order that plans are compared to.
  static func label(ofOrder name: String) -> String {
    switch name {
    case "fileOrder": "file order"
    case "ortDefaultOrder": "ONNX Runtime's default order"
    default: name
    }
  }

  /// How much less or more an arena is, as a percentage, or in bytes where that would be 0.00 %.
  private static func change(from old: Int, to new: Int) -> String {
    guard old != new else { return "the same" }
    let ratio = Double(new) / Double(old) - 1
    let amount =
      ratio.magnitude < 0.0001 ? ReportText.size(abs(new - old)) : ReportText.percent(ratio)
    return "\(amount) \(new < old ? "less" : "more") here"
  }

  // MARK: Proof

  /// The bound, and how far the plan is above it.
  var proof: String {
    let (bound, peak) = (summary.lowerBoundBytes, summary.peakBytes)
    let text = "no order has a peak below \(ReportText.size(bound)); "
    if summary.provenOptimal { return text + "this plan's arena is that: proven optimal" }
    if plan.hasResidencies { return text + "that is without recompute and spill" }
    return text
      + (peak == bound
        ? "the peak is that" : "the peak is \(Self.excess(of: peak, over: bound)) above")
      + (summary.arenaBytes == peak
        ? ", and so is the arena"
        : ", the arena \(Self.excess(of: summary.arenaBytes, over: peak)) above the peak")
  }

  /// Why no order stays below the bound.
  var reason: String {
    let witness = plan.witness
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
  private static func excess(of size: Int, over base: Int) -> String {
    let ratio = Double(size) / Double(max(base, 1)) - 1
    return ratio < 0.0001 ? ReportText.size(size - base) : ReportText.percent(ratio)
  }

  // MARK: Sums

  /// The resident bytes by role, each storage rounded up as it is counted in the total.
  var residentParts: [(label: String, bytes: Int)] {
    var resident: [String: Int] = [:]
    var seen: Set<Int> = []
    for tensor in plan.tensors where tensor.space == MemorySpace.resident.rawValue {
      guard seen.insert(tensor.storage).inserted else { continue }
      resident[tensor.role, default: 0] += plan.rounded(tensor.bytes)
    }
    let labels = [
      (TensorRole.weight, "weights"), (.optimizerState, "optimizer state"),
      (.constant, "constants"),
    ]
    return labels.compactMap { role, label in resident[role.rawValue].map { (label, $0) } }
  }

  /// The most workspace that a step needs.
  var workspaceBytes: Int { plan.steps.map(\.workspaceBytes).max() ?? 0 }

  // MARK: The peak

  /// A storage that is live at a step.
  struct LiveStorage {
    /// The first of its tensors: the one that has all its bytes.
    var tensor: PlannedTensor
    var first: Int
    var last: Int
  }

  /// The step at which most is live, where there is one.
  var peakStep: PlanStep? {
    plan.steps.indices.contains(summary.peakStep) ? plan.steps[summary.peakStep] : nil
  }

  /// What is live at a step, largest first, one entry a storage.
  func liveStorages(at step: Int) -> [LiveStorage] {
    // The root of a storage is listed first among its members, with its full size.
    var roots: [Int: PlannedTensor] = [:]
    for tensor in plan.tensors where roots[tensor.storage] == nil { roots[tensor.storage] = tensor }
    return plan.arenaStays.compactMap { stay in
      guard stay.firstStep <= step, step <= stay.lastStep, let root = roots[stay.storage] else {
        return nil
      }
      return LiveStorage(tensor: root, first: stay.firstStep, last: stay.lastStep)
    }.sorted { ($1.tensor.bytes, $0.tensor.storage) < ($0.tensor.bytes, $1.tensor.storage) }
  }
}

extension PlannedTensor {
  /// Type and extents: `float32[1,64,56,56]`.
  var typeAndShape: String {
    "\(elementType)[\(shape.map(String.init).joined(separator: ","))]"
  }
}
