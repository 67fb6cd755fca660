// SPDX-License-Identifier: Apache-2.0

public import GraphIR
import Ordering

/// What memory costs: the plans of one graph from what its order and layout need down to the floor.
public struct BudgetCurve: Hashable, Sendable {
  /// One budget and what keeping it costs.
  public struct Point: Hashable, Sendable {
    /// The budget that was asked for, in bytes of resident and arena together.
    public var budgetBytes: Int
    /// What the plan needs; absent where none was found.
    public var totalBytes: Int?
    /// What it costs; absent where no plan was found.
    public var price: PlanPrice?
    /// How it was found.
    public var outcome: String
    /// The bytes that runtimes without a plan would copy, by the rule for what leaves the arena:
    /// `belady`, `greedy`; the better of our order and the file's. Absent where they fail.
    public var baselines: [String: Int]

    public init(
      budgetBytes: Int, totalBytes: Int?, price: PlanPrice?, outcome: String,
      baselines: [String: Int] = [:]
    ) {
      (self.budgetBytes, self.totalBytes, self.price) = (budgetBytes, totalBytes, price)
      (self.outcome, self.baselines) = (outcome, baselines)
    }
  }

  /// What order and layout alone need.
  public var plainBytes: Int
  /// What no plan is below.
  public var floorBytes: Int
  /// What stays resident in the plain plan.
  public var residentBytes: Int
  /// The floating-point operations of running every node once, or the largest number.
  public var flops: Int
  /// From the largest budget down.
  public var points: [Point]

  public init(plainBytes: Int, floorBytes: Int, residentBytes: Int, flops: Int, points: [Point]) {
    (self.plainBytes, self.floorBytes) = (plainBytes, floorBytes)
    (self.residentBytes, self.flops, self.points) = (residentBytes, flops, points)
  }
}

extension Planner {
  /// The prices of budgets between what order and layout alone need and the floor, evenly spread, both
  /// ends included.
  ///
  /// - Parameters:
  ///   - graph: The graph, valid.
  ///   - model: Where the graph came from.
  ///   - count: How many budgets; at least 2.
  ///   - progress: Called at the start of each stage.
  /// - Returns: A curve whose plans ``PlanChecker`` has found right.
  /// - Throws: ``PlanningError``.
  /// - Complexity: That of one plan and `count` ladders.
  public func curve(
    of graph: Graph, model: PlannedModel, count: Int, progress: (Stage) -> Void = { _ in }
  ) throws(PlanningError) -> BudgetCurve {
    var graph = graph
    let bodies = try BodyPlans(of: &graph, by: self)
    let plain = try Draft(of: graph, memory.withoutSlices, self, progress)
    let resident = plain.problem.storages.totalBytes(in: .resident) + bodies.residentBytes
    let ladder = ladder(for: plain)
    let top = resident + plain.arrangement.arenaBytes
    let floor = ladder.floorBytes + bodies.residentBytes
    var curve = BudgetCurve(
      plainBytes: top, floorBytes: floor, residentBytes: resident,
      flops: ladder.costs.flops.reduce(0) { $0.addingClamped($1) },
      points: [
        BudgetCurve.Point(
          budgetBytes: top, totalBytes: top, price: PlanPrice(), outcome: "order and layout")
      ])
    let steps = max(count, 2) - 1
    for step in 1...steps {
      let budget = top - (top - floor) / steps * step - (step == steps ? (top - floor) % steps : 0)
      guard budget < top else { continue }
      progress(.climbing)
      let limited = with(budget: ByteCount(budget))
      if let plan = try limited.ladderPlan(
        ladder, plain, bodies, within: ByteCount(budget), model: model)
      {
        let checked = try limited.checked(limited.budgeted(plan), of: plain.problem, plain.bound)
        curve.points.append(
          BudgetCurve.Point(
            budgetBytes: budget, totalBytes: checked.summary.totalBytes,
            price: checked.summary.price,
            outcome: checked.passes.last { $0.name == "ladder" }?.outcome ?? "",
            baselines: ladder.baselines(
              [plain.arrangement.schedule, plain.fileSchedule],
              within: budget - bodies.residentBytes)))
      } else {
        let isRuledOut = ladder.ownFloor.map { budget < resident + $0.bytes } ?? false
        curve.points.append(
          BudgetCurve.Point(
            budgetBytes: budget, totalBytes: nil, price: nil,
            outcome: isRuledOut ? "recomputing alone cannot" : "no plan found"))
      }
    }
    return curve
  }

  private func with(budget: ByteCount) -> Planner {
    var planner = self
    planner.budget = budget
    return planner
  }

  func budgeted(_ plan: ExecutionPlan) -> ExecutionPlan {
    var plan = plan
    plan.setBudget(budget)
    return plan
  }
}
