// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

extension Planner {
  /// The ladder for a draft without slices.
  func ladder(for draft: Draft) -> LadderPlanner {
    LadderPlanner(
      problem: draft.problem, costs: CostModel(of: draft.problem.graph, table: costs),
      layout: layout, recompute: recompute, spill: spill)
  }

  /// The plan that keeps the budget by recomputing or spilling, if order and layout alone do not and
  /// one is found.
  ///
  /// - Parameter plain: The draft of the order that the plan runs, without slices.
  func ladderPlan(
    _ plain: Draft, within budget: ByteCount, model: PlannedModel
  ) throws(PlanningError) -> ExecutionPlan? {
    let ladder = ladder(for: plain)
    let schedule = plain.arrangement.schedule
    guard let found = try ladder.plan(schedule, within: budget.value) else { return nil }
    return assembled(found, ladder, plain, model)
  }

  /// A ladder's find as a plan, without budget.
  func assembled(
    _ found: LadderPlanner.Found, _ ladder: LadderPlanner, _ plain: Draft, _ model: PlannedModel
  ) -> ExecutionPlan {
    var plan = LadderAssembly(
      problem: plain.problem, model: found.model, arrangement: found.arrangement,
      costs: ladder.costs
    ).plan(model: model, options: options)
    plan.summary.price.trafficBoundBytes = found.trafficBound
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
