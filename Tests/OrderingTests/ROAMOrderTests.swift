// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct ROAMOrderTests {
  @Test(arguments: 0..<30)
  func `the order can run, and is the same the second time`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 30...60)
    shape.reach = 2 + seed % 20
    shape.updates = seed % 20
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    let model = ReducedModel(OrderModel(problem)).model
    let limits = ROAMOrder.limits(.quick)
    let found = ROAMOrder.order(of: model, within: limits)
    #expect(ReducedModelTests.isOrder(found.order, of: model))
    let again = ROAMOrder.order(of: model, within: limits)
    #expect(again.order == found.order)
    #expect(again.report == found.report)
  }

  @Test(arguments: 0..<60)
  func `a graph in one segment is ordered best`(seed: Int) {
    let model = ReducedModel(ReducedModelTests.model(seed: seed)).model
    let found = ROAMOrder.order(of: model)
    #expect(ReducedModelTests.isOrder(found.order, of: model))
    let optimum = max(DownsetOracle(model: model).solve().peak, model.initialBytes)
    #expect(model.peak(of: found.order) >= optimum)
    if found.report.segments == 1 { #expect(model.peak(of: found.order) == optimum) }
    #expect(found.report.undecided == 0)
  }

  @Test func `a training graph is paired around its loss`() throws {
    let graph = try SegmentsTests.training(layers: 30, gradientBytes: 64_000)
    let problem = SchedulingProblem(graph)
    let model = ReducedModel(OrderModel(problem)).model
    let found = ROAMOrder.order(of: model)
    #expect(found.report.loss != nil)
    #expect(found.report.segments > 20)
    let best = try BestOfAll().result(for: problem)
    var simulator = LivenessSimulator(map: problem.storages)
    let peak = simulator.peak(of: try ROAMOrder().schedule(for: problem).order)
    #expect(peak == best.peakBytes)
  }
}
