// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct OrderFrameTests {
  /// A random model with a random order of it.
  static func example(seed: Int, nodes: ClosedRange<Int>) -> (model: OrderModel, order: [Int]) {
    var shape = RandomGraph.Shape(nodes: nodes)
    shape.reach = 3 + seed % 15
    shape.updates = 12
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let given = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    let model = seed % 3 == 0 ? given : ReducedModel(given).model
    return (model, OrderModelTests.randomOrder(of: model, seed: seed))
  }

  @Test(arguments: 0..<200)
  func `a stretch costs what it costs in the whole, however it is ordered`(seed: Int) {
    let (model, order) = Self.example(seed: seed, nodes: 3...40)
    let frame = OrderFrame(model, order: order)
    #expect(frame.profile == model.profile(of: order))
    #expect(frame.peak == model.peak(of: order))
    var random = SeededGenerator(seed: seed)
    for _ in 0..<4 {
      let start = Int.random(in: 0...order.count, using: &random)
      let steps = start..<Int.random(in: start...order.count, using: &random)
      let stretch = frame.stretch(steps)
      #expect(stretch.count == steps.count)
      #expect(stretch.profile(of: Array(0..<steps.count)) == Array(frame.profile[steps]))
      let inner = OrderModelTests.randomOrder(of: stretch, seed: seed)
      let whole = frame.replacing(steps, by: inner)
      #expect(ReducedModelTests.isOrder(whole, of: model))
      var profile = frame.profile
      profile.replaceSubrange(steps, with: stretch.profile(of: inner))
      #expect(model.profile(of: whole) == profile)
      let backward = stretch.reversed().profile(of: inner.reversed())
      #expect(Array(backward.reversed()) == stretch.profile(of: inner))
    }
  }
}
