// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct FoldedViewsTests {
  private static func problem(seed: Int) -> SchedulingProblem {
    var shape = RandomGraph.Shape(nodes: 5...40)
    shape.views = 10 + seed % 40
    shape.updates = seed % 20
    shape.takeovers = 20 + seed % 60
    shape.reach = 3 + seed % 10
    let graph = RandomGraph(seed: seed, shape: shape).graph
    return SchedulingProblem(graph, model: models[seed % models.count])
  }

  @Test(arguments: 0..<200)
  func `an order with the views put back can run and costs the same`(seed: Int) throws {
    let problem = Self.problem(seed: seed)
    let folded = FoldedViews(of: problem)
    let order = OrderModelTests.randomOrder(of: folded.model, seed: seed)
    let schedule = folded.schedule(order)
    try schedule.validate(against: problem.graph, dependencies: problem.dependencies)
    // Inputs that only views touch are live while the first view runs.
    let given = OrderModel(problem)
    let peak = given.peak(of: schedule.order.map(\.index))
    #expect(peak == max(folded.model.peak(of: order), given.initialBytes))
  }

  @Test func `without control dependencies nearly all views are folded`() {
    var (left, views) = (0, 0)
    for seed in 0..<60 {
      var shape = RandomGraph.Shape(nodes: 5...40)
      (shape.views, shape.controls) = (40, 0)
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
      left += FoldedViews(of: problem).model.count
      views += graph.nodes.indices.count {
        graph.effects(of: NodeID($0)).contains { $0.kind == .alias }
      }
      left -= graph.nodes.count
    }
    #expect(views > 200)
    #expect(-left == views)
  }

  @Test func `a view of a weight runs first, one of a result right behind its maker`() throws {
    var graph = Graph()
    let weight = try graph.addTensor("weight", type: .uint8, shape: [64], role: .weight)
    let turned = try graph.addTensor("turned", type: .uint8, shape: [64], role: .weight)
    let made = try graph.addTensor("made", type: .uint8, shape: [64], role: .activation)
    let other = try graph.addTensor("other", type: .uint8, shape: [64], role: .activation)
    let seen = try graph.addTensor("seen", type: .uint8, shape: [64], role: .activation)
    let sum = try graph.addTensor("sum", type: .uint8, shape: [64], role: .output)
    let view = [Effect(.alias, output: 0, of: 0)]
    let (maker, viewer) = (OperatorKind(type: "Make"), OperatorKind(type: "View"))
    try graph.addNode("a", kind: maker, inputs: [], outputs: [made])
    try graph.addNode("b", kind: maker, inputs: [], outputs: [other])
    try graph.addNode("see", kind: viewer, inputs: [made], outputs: [seen], effects: view)
    try graph.addNode("turn", kind: viewer, inputs: [weight], outputs: [turned], effects: view)
    try graph.addNode("add", kind: maker, inputs: [seen, turned, other], outputs: [sum])
    graph.addOutput(sum)
    try graph.validate()
    let folded = FoldedViews(of: SchedulingProblem(graph))
    #expect(folded.model.count == 3)
    #expect(folded.model.predecessors.values == [0, 1])
    #expect(folded.schedule([1, 0, 2]).order.map(\.index) == [3, 1, 0, 2, 4])
  }
}
