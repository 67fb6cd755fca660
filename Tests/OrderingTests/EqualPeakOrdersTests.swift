// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct EqualPeakOrdersTests {
  @Test(arguments: Seeds.first(60))
  func `every order is valid, another one, and of no higher peak`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 4...20)).graph
    let problem = SchedulingProblem(graph)
    let best = try BestOfAll().schedule(for: problem)
    var simulator = LivenessSimulator(map: problem.storages)
    let peak = simulator.peak(of: best.order)
    let orders = try EqualPeakOrders(limit: 4).orders(like: best, of: problem)
    #expect(orders.count <= 4)
    #expect(Set(orders.map { $0.order.map(\.index) }).count == orders.count)
    for order in orders {
      #expect(order != best)
      try order.validate(against: graph, dependencies: problem.dependencies)
      #expect(simulator.peak(of: order.order) <= peak)
    }
  }

  @Test func `two branches of one size have another order, a chain has none`() throws {
    let branches = try Graph(
      parsing: """
        graph branches
        input x : float32[16]
        node a = A@1(x) -> a : float32[16]
        node b = A@1(x) -> b : float32[16]
        node c = Sum@1(a, b) -> y : float32[16]
        output y
        """)
    func orders(_ graph: Graph, limit: Int = 2) throws -> [[Int]] {
      try EqualPeakOrders(limit: limit).orders(
        like: Schedule(Array(graph.nodeIDs)), of: SchedulingProblem(graph)
      ).map { $0.order.map(\.index) }
    }
    #expect(try orders(branches) == [[1, 0, 2]])
    #expect(try orders(branches, limit: 0).isEmpty)
    let chain = try Graph(
      parsing: """
        graph chain
        input x : float32[16]
        node a = A@1(x) -> a : float32[16]
        node b = A@1(a) -> y : float32[16]
        output y
        """)
    #expect(try orders(chain).isEmpty)
  }
}
