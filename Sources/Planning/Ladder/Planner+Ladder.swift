// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

extension Planner {
  /// The ladder for a draft without slices.
  ///
  /// - Complexity: That of the orders, and of the floor where nothing may be spilled.
  func ladder(for draft: Draft) -> LadderPlanner {
    var ladder = LadderPlanner(
      problem: draft.problem, costs: CostModel(of: draft.problem.graph, table: costs),
      layout: layout, recompute: recompute, spill: spill)
    ladder.cancellation = limits.cancellation
    ladder.jobs = limits.jobs
    ladder.mayAnneal =
      limits.effort == .standard && limits.timeLimit.map { $0 >= Self.annealingTime } ?? true
    ladder.orders = LadderOrders.all(of: draft)
    if ladder.mayRecompute {
      ladder.recomputeFloor = RecomputeFloor(
        of: LadderModel(of: draft.problem, streamsResidents: ladder.streamsResidents),
        draft.problem.dependencies)
    }
    return ladder
  }

  /// Where searches have less time than this, or are for a moment only, sequences are not annealed.
  private static let annealingTime = Duration.seconds(60)

  /// The plan that keeps the budget by recomputing or spilling, if order and layout alone do not and
  /// one is found.
  ///
  /// - Parameters:
  ///   - ladder: The draft's ladder.
  ///   - plain: The draft of the order that the plan runs, without slices.
  ///   - bodies: The plans of the graphs inside nodes.
  func ladderPlan(
    _ ladder: LadderPlanner, _ plain: Draft, _ bodies: BodyPlans, within budget: ByteCount,
    model: PlannedModel
  ) throws(PlanningError) -> ExecutionPlan? {
    let found = try ladder.plan(within: budget.value - bodies.residentBytes)
    return found.map { assembled($0, ladder, plain, bodies, model) }
  }

  /// What the ladder came to.
  enum Climb {
    /// A plan within the budget.
    case fits(ExecutionPlan)
    /// The smallest budget for which there is a plan, in bytes, and why it is no smaller, if known.
    case needs(Int, because: PlanPass?)
  }

  /// A plan within the budget, as ``ladderPlan(_:_:_:within:model:)`` finds it, or what more it takes.
  ///
  /// - Parameter enough: What is needed without recomputing and spilling, in bytes.
  func climb(
    _ plain: Draft, _ bodies: BodyPlans, within budget: ByteCount, enough: Int, model: PlannedModel
  ) throws(PlanningError) -> Climb {
    let ladder = ladder(for: plain)
    if let plan = try ladderPlan(ladder, plain, bodies, within: budget, model: model) {
      return .fits(plan)
    }
    let own = budget.value - bodies.residentBytes
    let reason = recomputePass(of: plain, ladder, bodies)
    let least = try ladder.smallestBudget(above: own, enough: enough - bodies.residentBytes)
    guard let least else { return .needs(enough, because: reason) }
    // More was allowed, and the layout came out within what was asked for.
    if least.budget <= own { return .fits(assembled(least.found, ladder, plain, bodies, model)) }
    return .needs(least.budget + bodies.residentBytes, because: reason)
  }

  /// What a plan that only recomputes cannot be below, where that is more than what any plan needs.
  private func recomputePass(
    of plain: Draft, _ ladder: LadderPlanner, _ bodies: BodyPlans
  ) -> PlanPass? {
    guard let floor = ladder.ownFloor, let node = floor.node else { return nil }
    let resident = plain.problem.storages.totalBytes(in: .resident) + bodies.residentBytes
    let peak = plain.arrangement.lifetimes.peakBytes
    return PlanPass(
      name: "recompute-floor", changed: false, peakBefore: peak, peakAfter: peak,
      outcome: "no plan that recomputes and does not spill needs less than "
        + "\(resident + floor.bytes) bytes: \(floor.keptBytes) bytes that nothing can make again are "
        + "kept while '\(plain.problem.graph.name(of: node))' runs")
  }

  /// A ladder's find as a plan, without budget.
  func assembled(
    _ found: LadderPlanner.Found, _ ladder: LadderPlanner, _ plain: Draft,
    _ bodies: BodyPlans, _ model: PlannedModel
  ) -> ExecutionPlan {
    var plan = LadderAssembly(
      problem: plain.problem, model: found.model, arrangement: found.arrangement,
      costs: ladder.costs, bodies: bodies
    ).plan(model: model, options: options)
    plan.summary.price.trafficBoundBytes = found.trafficBound
    plan.summary.price.recomputeAnyOrderBoundFlops = found.recomputeAnyOrderBound
    plan.summary.price.recomputeBoundFlops = found.recomputeBound
    if let bound = found.costBound {
      plan.summary.price.boundSeconds = bound.thisOrder
      plan.summary.price.anyOrderBoundSeconds = bound.anyOrder
      plan.summary.price.rates = ladder.costs.rates
    }
    plan.summary.baselines = plain.baselines
    plan.summary.baselines["withoutLadder"] = plain.arrangement.baseline
    plan.passes = plain.passes
    plan.passes.append(
      PlanPass(
        name: "ladder", changed: true, peakBefore: plain.arrangement.lifetimes.peakBytes,
        peakAfter: plan.summary.peakBytes, outcome: found.outcome))
    return plan
  }
}
