// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct DeadlineTests {
  private static let over = Deadline(after: .zero)

  private static func model(nodes: Int) -> OrderModel {
    var shape = RandomGraph.Shape(nodes: nodes...nodes)
    shape.reach = nodes / 4
    return OrderModel(SchedulingProblem(RandomGraph(seed: 3, shape: shape).graph))
  }

  @Test func `no search goes on after the deadline`() {
    let model = Self.model(nodes: 400)
    let order = Array(0..<model.count)
    let budget = model.peak(of: order) * 2 / 3
    for rule in BudgetGreedy.Rule.allCases {
      var greedy = BudgetGreedy(model, rule: rule)
      #expect(greedy.order(under: budget, below: .max, deadline: Self.over) == nil)
    }
    let beam = BudgetBeam.order(
      of: model, under: budget, width: 4, workLimit: .max / 2, deadline: Self.over)
    #expect(beam.order == nil)
    var decision = DecisionSearch(model, budget: budget)
    guard case .unknown = decision.answer(limits: .init(), deadline: Self.over) else {
      Issue.record("a decision after the deadline")
      return
    }
    #expect(decision.nodes <= 1)
    #expect(ForcedBound.bytes(at: order, in: model, deadline: Self.over).isEmpty)
    #expect(CutBound(at: model.count / 2, in: model, deadline: Self.over) == nil)
  }

  @Test(arguments: [1, 3])
  func `what is over before it began still gives the best candidate`(jobs: Int) throws {
    var shape = RandomGraph.Shape(nodes: 400...400)
    shape.reach = 100
    let problem = SchedulingProblem(RandomGraph(seed: 3, shape: shape).graph)
    let limits = SearchLimits(timeLimit: .zero, jobs: jobs)
    let result = try BestOfAll(limits: limits).result(for: problem)
    let candidates = try BestOfAll(limits: SearchLimits(effort: .candidates)).result(for: problem)
    #expect(result.outcome == .timeLimit)
    #expect(result.peakBytes <= candidates.peakBytes)
    #expect(result.bound.bytes >= candidates.bound.bytes)
    try result.schedule.validate(against: problem.graph, dependencies: problem.dependencies)
  }
}
