// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@Suite struct ORTPriorityOrderTests {
  /// Two chains, `a0 a1 shape` and `b0 b1`, in this file order.
  private func problem() throws -> SchedulingProblem {
    var graph = Graph()
    func node(_ name: String, _ kind: String, _ inputs: [TensorID]) throws -> TensorID {
      let output = try graph.addTensor(name, type: .uint8, shape: [64], role: .activation)
      try graph.addNode(
        name, kind: OperatorKind(type: kind), inputs: inputs, outputs: [output])
      return output
    }
    let a = try node("a0", "Op", [])
    _ = try node("a1", "Op", [a])
    let b = try node("b0", "Op", [])
    _ = try node("b1", "Op", [b])
    _ = try node("shape", "Shape", [a])
    try graph.validate()
    return SchedulingProblem(graph)
  }

  private func names(_ schedule: Schedule, _ problem: SchedulingProblem) -> [String] {
    schedule.order.map { problem.graph.name(of: $0) }
  }

  @Test func `Shape nodes run as soon as they are ready`() throws {
    let problem = try problem()
    let schedule = try ORTPriorityOrder().schedule(for: problem)
    #expect(names(schedule, problem) == ["a0", "shape", "a1", "b0", "b1"])
  }

  @Test func `the order of another file is kept but for them`() throws {
    let problem = try problem()
    let file = Schedule([2, 0, 3, 1, 4].map { NodeID($0) })
    let schedule = try ORTPriorityOrder(of: file).schedule(for: problem)
    #expect(names(schedule, problem) == ["b0", "a0", "shape", "b1", "a1"])
  }
}
