// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct ReducedModelTests {
  private static let rules: [ReducedModel.Rules] = [
    .certainTakeovers, .contraction, .lazyOperators, .all,
  ]

  /// Graphs in which the rules find much to do.
  static func model(seed: Int) -> OrderModel {
    var shape = RandomGraph.Shape(nodes: 3...9)
    shape.views = 5 + seed % 30
    shape.updates = seed % 25
    shape.takeovers = 20 + seed % 60
    shape.weights = 40
    shape.reach = 2 + seed % 8
    let graph = RandomGraph(seed: seed, shape: shape).graph
    return OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
  }

  @Test(arguments: 0..<250)
  func `no rule changes the optimum`(seed: Int) {
    let given = Self.model(seed: seed)
    let oracle = DownsetOracle(model: given)
    let optimum = oracle.solve().peak
    for rules in Self.rules {
      let reduced = ReducedModel(given, rules: rules)
      let solved = DownsetOracle(model: reduced.model).solve()
      #expect(solved.peak == optimum, "rules \(rules.rawValue)")
      let order = reduced.expanded(solved.order)
      #expect(order.sorted() == Array(0..<given.count))
      #expect(oracle.peak(of: order) == optimum, "rules \(rules.rawValue)")
    }
  }

  @Test(arguments: 0..<200)
  func `orders keep their dependencies and never get worse on the way in and out`(seed: Int) {
    var shape = RandomGraph.Shape(nodes: 10...40)
    shape.views = 20
    shape.updates = 15
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let given = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    let reduced = ReducedModel(given)
    let order = OrderModelTests.randomOrder(of: given, seed: seed)
    let inner = reduced.restricted(order)
    #expect(Self.isOrder(inner, of: reduced.model))
    #expect(reduced.model.peak(of: inner) <= given.peak(of: order))
    let outer = reduced.expanded(inner)
    #expect(Self.isOrder(outer, of: given))
    #expect(given.peak(of: outer) == reduced.model.peak(of: inner))
  }

  @Test func `the rules find something`() {
    var removed = [0, 0, 0]
    for seed in 0..<100 {
      let given = Self.model(seed: seed)
      removed[0] += ReducedModel(given, rules: .certainTakeovers).model.takeovers.count
      removed[0] -= given.takeovers.count
      removed[1] += given.count - ReducedModel(given, rules: .contraction).model.count
      removed[2] += given.count - ReducedModel(given, rules: .lazyOperators).model.count
    }
    #expect(removed[0] < -20)
    #expect(removed[1] > 100)
    #expect(removed[2] > 30)
  }

  static func isOrder(_ order: [Int], of model: OrderModel) -> Bool {
    var step = [Int](repeating: -1, count: model.count)
    for (index, operation) in order.enumerated() { step[operation] = index }
    return order.count == model.count && !step.contains(-1)
      && (0..<model.count).allSatisfy { operation in
        model.predecessors[operation].allSatisfy {
          step[Int(model.predecessors.values[$0])] < step[operation]
        }
      }
  }
}
