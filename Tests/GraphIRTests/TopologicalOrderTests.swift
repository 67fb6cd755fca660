// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@Suite struct TopologicalOrderTests {
  private func order(_ preference: [Int], _ needs: [[UInt32]]) -> TopologicalOrder.Result {
    var start = [0]
    for row in needs { start.append(start[start.count - 1] + row.count) }
    return TopologicalOrder.stable(
      preference: preference, start: start, predecessors: needs.flatMap { $0 })
  }

  @Test func `an order that is fine stays, and only what is needed moves up`() {
    let needs: [[UInt32]] = [[], [0], [], [1, 2]]
    #expect(order([0, 2, 1, 3], needs) == .order([0, 2, 1, 3]))
    #expect(order([2, 3, 0, 1], needs) == .order([2, 0, 1, 3]))
    #expect(order([], []) == .order([]))
  }

  @Test func `a circle is named in order, without what merely leads to it`() {
    // 0 needs 1, which needs 2, 3 and 4 in a circle.
    #expect(order([0, 1, 2, 3, 4], [[1], [2], [3], [4], [2]]) == .cycle([2, 3, 4]))
    #expect(order([0], [[0]]) == .cycle([0]))
  }

  @Test func `a chain as long as a graph needs no stack`() {
    let count = 200_000
    let needs = (0..<count).map { $0 + 1 < count ? [UInt32($0 + 1)] : [] }
    #expect(order(Array(0..<count), needs) == .order((0..<count).reversed()))
  }

  @Test(arguments: Seeds.first(60)) func `any preference becomes an order of execution`(seed: Int)
    throws
  {
    let graph = try SeededGraph.make(seed: seed, nodes: 25)
    let dependencies = Dependencies(of: graph)
    var generator = SeededGenerator(seed: seed)
    let preference = (0..<25).shuffled(using: &generator)
    let result = TopologicalOrder.stable(
      preference: preference, start: dependencies.predecessorStart,
      predecessors: dependencies.predecessors)
    guard case .order(let order) = result else {
      Issue.record("a valid graph has no circle")
      return
    }
    try Schedule(order.map { NodeID($0) }).validate(against: graph, dependencies: dependencies)
    let again = TopologicalOrder.stable(
      preference: order, start: dependencies.predecessorStart,
      predecessors: dependencies.predecessors)
    #expect(again == result)
  }

  @Test(arguments: Seeds.first(60)) func `what is reported as a circle is one`(seed: Int) {
    var generator = SeededGenerator(seed: seed)
    let needs = (0..<12).map { _ in
      (0..<2).map { _ in UInt32.random(in: 0..<12, using: &generator) }
    }
    switch order(Array(0..<12), needs) {
    case .order(let order):
      for (step, node) in order.enumerated() {
        #expect(needs[node].allSatisfy { order[..<step].contains(Int($0)) })
      }
    case .cycle(let nodes):
      #expect(!nodes.isEmpty)
      for (index, node) in nodes.enumerated() {
        #expect(needs[node].contains(UInt32(nodes[(index + 1) % nodes.count])))
      }
    }
  }
}
