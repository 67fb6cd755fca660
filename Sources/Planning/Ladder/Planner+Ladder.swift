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
  /// - Parameters:
  ///   - plain: The draft of the order that the plan runs, without slices.
  ///   - bodies: The plans of the graphs inside nodes.
  func ladderPlan(
    _ plain: Draft, _ bodies: BodyPlans, within budget: ByteCount, model: PlannedModel
  ) throws(PlanningError) -> ExecutionPlan? {
    let ladder = ladder(for: plain)
    let schedules = [plain.arrangement.schedule, plain.fileSchedule]
    guard let found = try ladder.plan(schedules, within: budget.value - bodies.residentBytes)
    else { return nil }
    return assembled(found, ladder, plain, bodies, model)
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
