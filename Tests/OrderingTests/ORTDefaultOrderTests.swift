// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@Suite struct ORTDefaultOrderTests {
  /// A graph from `(inputs by node, name)`: node k makes tensor k.
  private func graph(_ inputs: [[Int]], kinds: [String] = []) throws -> Graph {
    var graph = Graph()
    var made: [TensorID] = []
    for (index, row) in inputs.enumerated() {
      let output = try graph.addTensor(
        "t\(index)", type: .uint8, shape: [64], role: .activation)
      made.append(output)
      try graph.addNode(
        "n\(index)", kind: OperatorKind(type: index < kinds.count ? kinds[index] : "Op"),
        inputs: row.map { made[$0] }, outputs: [output])
    }
    return graph
  }

  @Test func `the highest producer is entered first`() throws {
    // 3 reads 0, 1 and 2; the walk enters 2 first.
    let graph = try graph([[], [], [], [0, 1, 2], [3]])
    let schedule = try ORTDefaultOrder().schedule(for: SchedulingProblem(graph))
    #expect(schedule.order.map(\.index) == [2, 1, 0, 3, 4])
  }

  @Test func `the last leaf is walked first`() throws {
    let graph = try graph([[], [0], [], [2]])
    let schedule = try ORTDefaultOrder().schedule(for: SchedulingProblem(graph))
    #expect(schedule.order.map(\.index) == [2, 3, 0, 1])
  }

  @Test func `an anti-dependence moves a reader before the update`() throws {
    var graph = Graph()
    let kind = OperatorKind(type: "Op")
    let old = try graph.addTensor("old", type: .uint8, shape: [64], role: .activation)
    let read = try graph.addTensor("read", type: .uint8, shape: [64], role: .output)
    let new = try graph.addTensor("new", type: .uint8, shape: [64], role: .output)
    try graph.addNode("make", kind: kind, inputs: [], outputs: [old])
    try graph.addNode("reader", kind: kind, inputs: [old], outputs: [read])
    try graph.addNode(
      "update", kind: kind, inputs: [old], outputs: [new],
      effects: [Effect(.mustOverwrite, output: 0, of: 0)])
    graph.addOutput(read)
    graph.addOutput(new)
    try graph.validate()
    let schedule = try ORTDefaultOrder().schedule(for: SchedulingProblem(graph))
    #expect(schedule.order.map(\.index) == [0, 1, 2])
  }

  @Test func `shapes come first in the priority order`() throws {
    let graph = try graph([[], [0], [0], [1, 2]], kinds: ["Op", "Op", "Shape", "Op"])
    let schedule = try ORTPriorityOrder().schedule(for: SchedulingProblem(graph))
    #expect(schedule.order.map(\.index) == [0, 2, 1, 3])
  }
}
