// SPDX-License-Identifier: Apache-2.0

public import GraphIR
public import MemoryLayout
public import Ordering

/// Turns a graph into a plan: passes, order, layout, proof, check.
///
/// The stages are those of ``plan(_:model:progress:)``, top to bottom. The file's order and ONNX
/// Runtime's default order are planned beside ours, and the smallest arena wins, so that a plan is
/// never worse than either.
public struct Planner: Sendable {
  /// How memory is counted.
  public var memory: MemoryModel
  /// Which order is taken.
  public var order: OrderChoice
  /// How far the search for an order goes.
  public var limits: SearchLimits
  /// Which layout members are asked.
  public var layout: LayoutChoice
  /// The rewrites that run first.
  public var passes: [any GraphPass]
  /// What resident bytes and arena together may need.
  public var budget: ByteCount?
  /// Whether nodes may run again to keep the budget.
  public var recompute = LadderChoice.auto
  /// Whether storages may wait in a second memory to keep the budget.
  public var spill = SpillChoice.auto
  /// What both cost, where the caller knows better.
  public var costs = CostTable()

  public init(
    memory: MemoryModel = MemoryModel(), order: OrderChoice = .auto,
    limits: SearchLimits = SearchLimits(), layout: LayoutChoice = .auto,
    passes: [any GraphPass] = [], budget: ByteCount? = nil
  ) {
    self.memory = memory
    self.order = order
    self.limits = limits
    self.layout = layout
    self.passes = passes
    self.budget = budget
  }

  /// What the planner is busy with.
  public enum Stage: String, Hashable, Sendable, CaseIterable {
    case rewriting
    case ordering
    case layout = "laying out"
    case climbing = "recomputing and spilling"
    case checking
  }

  /// Plans a graph. Being over the budget is an answer, not an error.
  ///
  /// - Parameters:
  ///   - graph: The graph, valid.
  ///   - model: Where the graph came from.
  ///   - progress: Called at the start of each stage, on the thread of the call.
  /// - Returns: A plan that ``PlanChecker`` has found right.
  /// - Throws: ``PlanningError``; ``PlanningError/cancelled`` when the flag in ``limits`` was set
  ///   before the end.
  /// - Complexity: That of the passes, schedulers and layout members; all of them near-linear.
  public func plan(
    _ graph: Graph, model: PlannedModel, progress: (Stage) -> Void = { _ in }
  ) throws(PlanningError) -> ExecutionPlan {
    try plan(graph, model: model, keeping: nil, progress: progress)
  }

  /// Plans a graph that differs a little from one that was planned, and keeps of that plan what still
  /// holds: its order where least cuts prove that none is better, and its offsets where the arena is
  /// then no larger than the peak. Where either fails, all the rest is done as for a new graph.
  ///
  /// Nodes and tensors are the same where their names are: a node goes by its first output.
  ///
  /// - Parameters:
  ///   - graph: The graph, valid.
  ///   - model: Where the graph came from.
  ///   - previous: The plan to keep from. That it is right is not relied on.
  ///   - progress: Called at the start of each stage, on the thread of the call.
  /// - Returns: A plan that ``PlanChecker`` has found right: the same for the same graph and previous
  ///   plan.
  /// - Throws: What ``plan(_:model:progress:)`` throws.
  /// - Complexity: Near-linear; where all holds, a fraction of what a new plan takes.
  public func plan(
    _ graph: Graph, model: PlannedModel, like previous: ExecutionPlan,
    progress: (Stage) -> Void = { _ in }
  ) throws(PlanningError) -> ExecutionPlan {
    try plan(graph, model: model, keeping: previous, progress: progress)
  }

  private func plan(
    _ graph: Graph, model: PlannedModel, keeping previous: ExecutionPlan?,
    progress: (Stage) -> Void
  ) throws(PlanningError) -> ExecutionPlan {
    progress(.rewriting)
    var graph = graph
    let entries: [PassPipeline.Entry]
    do throws(GraphError) {
      entries = try PassPipeline(passes).run(on: &graph)
    } catch { throw .graph(error) }
    let bodies = try BodyPlans(of: &graph, by: self)

    let kept = previous.map { KeptPlan(of: $0, in: graph) }
    var draft = try Draft(of: graph, memory.withoutSlices, self, keeping: kept, progress)
    let plain = draft
    var sliced: Draft?
    if memory.slices {
      let other = try Draft(of: graph, memory, self, { _ in })
      sliced = other
      if other.arrangement.arenaBytes < plain.arrangement.arenaBytes { draft = other }
    }

    let residents = draft.problem.storages.totalBytes(in: .resident) + bodies.residentBytes
    var smallest: Int?
    var reason: PlanPass?
    if let budget, residents + draft.arrangement.arenaBytes > budget.value {
      progress(.climbing)
      let enough = residents + draft.arrangement.arenaBytes
      switch try climb(plain, bodies, within: budget, enough: enough, model: model) {
      case .fits(let plan):
        progress(.checking)
        return try checked(budgeted(plan), of: plain.problem, plain.bound)
      case .needs(let bytes, let because): (smallest, reason) = (bytes, because)
      }
    }

    var plan = PlanAssembly(
      problem: draft.problem, arrangement: draft.arrangement, bodies: bodies
    ).plan(model: model, options: options)
    plan.setBudget(budget)
    plan.summary.smallestBudgetBytes = smallest
    let floor = LadderModel(of: plain.problem, streamsResidents: spill == .weights).totalFloorBytes
    plan.summary.floorBytes = min(plan.summary.floorBytes, floor + bodies.residentBytes)
    plan.summary.baselines = plain.baselines
    let filePeak = draft.filePeakBytes
    plan.passes = entries.map {
      PlanPass(
        name: $0.name, changed: $0.report.changed, peakBefore: filePeak, peakAfter: filePeak,
        outcome: $0.report.outcome)
    }
    plan.passes += draft.passes
    if let sliced { plan.passes.append(Self.pass(of: sliced, beside: plain, in: plan)) }
    if let reason { plan.passes.append(reason) }

    progress(.checking)
    return try checked(plan, of: draft.problem, draft.bound)
  }

  /// What slices came to, beside a plan without them.
  private static func pass(
    of sliced: Draft, beside plain: Draft, in plan: ExecutionPlan
  ) -> PlanPass {
    let count = plan.tensors.count { $0.sliceOf != nil }
    let (with, without) = (sliced.arrangement, plain.arrangement)
    let isUsed = with.arenaBytes < without.arenaBytes
    let outcome =
      isUsed
      ? "\(count) tensors are parts of others, an arena of \(with.arenaBytes) bytes instead of "
        + "\(without.arenaBytes)"
      : "not used: an arena of \(with.arenaBytes) bytes instead of \(without.arenaBytes)"
    return PlanPass(
      name: "slices", changed: isUsed,
      peakBefore: without.lifetimes.peakBytes, peakAfter: plan.summary.peakBytes,
      outcome: outcome)
  }

  /// The plan with the strongest bound that the checker confirms.
  ///
  /// The checker derives bounds by means of its own, and where a search has gone further than those
  /// reach, the plan states the simplest bound instead, and that it does.
  func checked(
    _ plan: ExecutionPlan, of problem: SchedulingProblem, _ bound: LowerBound
  ) throws(PlanningError) -> ExecutionPlan {
    var plan = plan
    plan.setProof(of: bound, in: problem)
    var violations = PlanChecker.violations(in: plan, against: problem.graph)
    let isOnlyUnconfirmed = violations.allSatisfy {
      if case .brokenWitness = $0 { true } else { false }
    }
    if !violations.isEmpty, isOnlyUnconfirmed {
      plan.setProof(of: WorkingSetBound.bound(of: problem), in: problem)
      plan.passes.append(
        PlanPass(
          name: "bound", changed: false, peakBefore: plan.summary.peakBytes,
          peakAfter: plan.summary.peakBytes,
          outcome: "a \(bound.proof.rawValue) bound of \(bound.bytes) bytes is not confirmed"))
      violations = PlanChecker.violations(in: plan, against: problem.graph)
    }
    guard violations.isEmpty else { throw .checkFailed(violations) }
    return plan
  }

  var options: PlanOptions {
    PlanOptions(
      alignment: memory.alignment, inplace: memory.inPlace.rawValue, io: memory.io.rawValue,
      order: order.name, layout: layout.name, slices: memory.slices, budgetBytes: budget?.value,
      recompute: recompute.rawValue, spill: spill.rawValue)
  }
}
