// SPDX-License-Identifier: Apache-2.0

public import Fusion
public import GraphIR

/// Plans a graph with its feed-forward blocks fused, as far as memory allows.
///
/// A wide block has the hidden units of all its blocks live at once. Where that makes a plan that does
/// not keep the budget, the block is cut along the hidden axis into more and more pieces, also within
/// the blocks that it was made of; where none of them keeps it and the graph as it is needs less,
/// nothing is fused. The plan says what was decided.
public struct FusionPlanner: Sendable {
  /// How graphs are planned.
  public var planner: Planner
  /// What is to be fused.
  public var options: FusionOptions
  /// The elements of the graph's small constants.
  public var values: StaticValues

  /// The most pieces that a wide block is cut into to keep a budget.
  public static let mostPieces = 64

  public init(_ planner: Planner, options: FusionOptions, values: StaticValues) {
    self.planner = planner
    self.options = options
    self.values = values
  }

  /// A plan, and the graph that it is for.
  public struct Result: Sendable {
    public let plan: ExecutionPlan
    public let graph: Graph
  }

  /// Plans a graph, fused or not.
  ///
  /// - Throws: ``PlanningError``, also where the options name what the graph does not have.
  /// - Complexity: That of the planner for each number of pieces tried: one, or powers of two up to
  ///   ``mostPieces`` until two in a row need no less, and one for the graph as it is.
  public func plan(
    _ graph: Graph, model: PlannedModel, progress: (Planner.Stage) -> Void = { _ in }
  ) throws(PlanningError) -> Result {
    // What fits without a price is preferred to what does not, fused or not: recompute and spill come
    // last.
    var free = planner
    (free.recompute, free.spill) = (.off, .off)
    let plain = try free.plan(graph, model: model, progress: progress)
    var candidate = options
    var fused = try fuse(graph, candidate)
    guard !fused.fusions.isEmpty else {
      let plan = try priced(plain, graph, model, progress)
      return Result(plan: noted(plan, plain, "nothing to fuse", false), graph: graph)
    }
    var best = try free.plan(fused.graph, model: model, progress: progress)
    let first = best
    let most = min(
      fused.fusions.filter { $0.kind == .exact || $0.kind == .sequential }
        .map { $0.widths.reduce(0, +) }.max() ?? 1, Self.mostPieces)
    // Pieces need a sum of their own, so that two may need more than one, and four less than both.
    var missed = 0
    while best.summary.fits == false, candidate.pieces < most, missed < 2 {
      candidate.pieces = min(candidate.pieces * 2, most)
      let cut = try fuse(graph, candidate)
      let plan = try free.plan(cut.graph, model: model, progress: progress)
      missed += 1
      if Self.isBetter(plan, than: best) { (best, fused, missed) = (plan, cut, 0) }
    }
    if best.summary.fits == false, Self.isBetter(plain, than: best) {
      let need = "\(first.summary.totalBytes) bytes fused, \(plain.summary.totalBytes) as it is"
      let plan = try priced(plain, graph, model, progress)
      return Result(
        plan: noted(plan, plain, "refused: over the budget, \(need)", false), graph: graph)
    }
    best = try priced(best, fused.graph, model, progress)
    var used = candidate
    used.pieces = fused.fusions.map(\.pieces).max() ?? 1
    var outcome = fused.outcome
    if used.pieces > max(options.pieces, 1), first.summary.fits == false {
      outcome +=
        "; cut into \(used.pieces) pieces, for \(first.summary.totalBytes) bytes in one are over "
        + "the budget"
    }
    var plan = noted(best, plain, outcome, true)
    plan.fusion = PlannedFusion(used, fused)
    return Result(plan: plan, graph: fused.graph)
  }

  /// A plan that recomputes or spills, where one that does not is over the budget.
  private func priced(
    _ plan: ExecutionPlan, _ graph: Graph, _ model: PlannedModel,
    _ progress: (Planner.Stage) -> Void
  ) throws(PlanningError) -> ExecutionPlan {
    guard
      plan.summary.fits == false || planner.recompute == .on || planner.spill == .on
        || planner.spill == .weights
    else {
      var plan = plan
      plan.options.recompute = planner.recompute.rawValue
      plan.options.spill = planner.spill.rawValue
      return plan
    }
    return try planner.plan(graph, model: model, progress: progress)
  }

  private func fuse(
    _ graph: Graph, _ options: FusionOptions
  ) throws(PlanningError) -> FusedGraph {
    do throws(FusionError) {
      return try FusedGraph(graph, values: values, options: options)
    } catch { throw .fusion(error) }
  }

  /// Whether a plan is nearer to the budget, or the same and smaller.
  private static func isBetter(_ a: ExecutionPlan, than b: ExecutionPlan) -> Bool {
    if a.summary.fits != b.summary.fits { return a.summary.fits == true }
    return a.summary.totalBytes < b.summary.totalBytes
  }

  /// A plan that says what became of the fusion.
  private func noted(
    _ plan: ExecutionPlan, _ plain: ExecutionPlan, _ outcome: String, _ changed: Bool
  ) -> ExecutionPlan {
    var plan = plan
    plan.passes.insert(
      PlanPass(
        name: FFNFusionPass.name, changed: changed, peakBefore: plain.summary.peakBytes,
        peakAfter: plan.summary.peakBytes, outcome: outcome), at: 0)
    return plan
  }
}
