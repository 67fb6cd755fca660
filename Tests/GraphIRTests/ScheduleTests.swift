// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@Suite struct ScheduleTests {
  static let text = """
    graph g
    weight w : float32[8]
    node read = A@1(w) -> t : float32[8]
    node update = B@1(w) -> w1 : float32[8] effects [mustOverwrite 0 0 _]
    node "" = C@1(t) -> y : float32[8]
    output y
    """

  private func check(_ order: [Int]) throws {
    let graph = try Graph(parsing: Self.text)
    try Schedule(order.map { NodeID($0) }).validate(
      against: graph, dependencies: Dependencies(of: graph))
  }

  @Test(arguments: [[0, 1, 2], [0, 2, 1]]) func `an order of execution passes`(order: [Int]) throws
  {
    try check(order)
  }

  @Test(arguments: [[], [0, 1], [0, 1, 1], [0, 1, 3], [0, 1, 2, 2], [0, 1, 2, 3]])
  func `an order that does not name every node once is refused`(order: [Int]) {
    #expect(throws: GraphError.notAPermutation(nodes: 3, steps: order.count)) { try check(order) }
  }

  @Test func `a node before what it needs is refused by name`() {
    #expect(throws: GraphError.outOfOrder(node: "C#2", needs: "read")) { try check([2, 0, 1]) }
    #expect(throws: GraphError.outOfOrder(node: "update", needs: "read")) { try check([1, 0, 2]) }
  }

  @Test func `file order is the order of the IDs`() throws {
    let graph = try Graph(parsing: Self.text)
    #expect(Schedule.fileOrder(of: graph).order.map(\.index) == [0, 1, 2])
  }
}
