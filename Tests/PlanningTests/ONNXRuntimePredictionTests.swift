// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning
import TestSupport
import Testing

@Suite struct ONNXRuntimePredictionTests {
  /// `x -> Op -> a, unread; a -> Relu -> b -> Op -> y`, sizes in bytes not rounded.
  private func graph() throws -> Graph {
    var graph = Graph()
    func tensor(_ name: String, _ bytes: Int, _ role: TensorRole = .activation) throws -> TensorID {
      try graph.addTensor(name, type: .uint8, shape: [bytes], role: role)
    }
    let (x, y) = (try tensor("x", 1000, .input), try tensor("y", 3, .output))
    let (a, b, unread) = (try tensor("a", 100), try tensor("b", 100), try tensor("unread", 7))
    let c = try tensor("c", 100)
    graph.addInput(x)
    let op = OperatorKind(type: "Op")
    try graph.addNode("first", kind: op, inputs: [x], outputs: [a, unread])
    try graph.addNode(
      "relu", kind: OperatorKind(type: "Relu"), inputs: [a], outputs: [b],
      effects: [Effect(.mayOverwrite, output: 0, of: 0)])
    try graph.addNode("middle", kind: op, inputs: [b], outputs: [c])
    try graph.addNode("last", kind: op, inputs: [c], outputs: [y])
    graph.addOutput(y)
    try graph.validate()
    return graph
  }

  @Test func `results that nobody reads are kept to the end`() throws {
    let graph = try graph()
    let plan = try Planner().plan(graph, model: PlannedModel(path: "m"))
    let prediction = try #require(ONNXRuntimePrediction(of: plan, for: graph))
    // While 'middle' runs: b, which lies over a, c, and the result that nobody reads.
    #expect(prediction.peakBytes == 100 + 100 + 7)
    #expect(prediction.order.order.map(\.index) == [0, 1, 2, 3])
  }

  @Test func `a plan that is no order of the graph has none`() throws {
    let graph = try graph()
    var plan = try Planner().plan(graph, model: PlannedModel(path: "m"))
    plan.steps.swapAt(0, 1)
    #expect(ONNXRuntimePrediction(of: plan, for: graph) == nil)
    plan.steps[0].nodeIndex = 99
    #expect(ONNXRuntimePrediction(of: plan, for: graph) == nil)
  }
}
