// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct WindowSearchTests {
  @Test(arguments: 0..<60)
  func `windows never make an order worse`(seed: Int) {
    let (model, order) = OrderFrameTests.example(seed: seed, nodes: 5...60)
    var search = WindowSearch(model, order: order)
    search.run(bound: 0, workLimit: 100_000, deadline: .never)
    #expect(ReducedModelTests.isOrder(search.order, of: model))
    #expect(model.peak(of: search.order) <= model.peak(of: order))
    // One window is the whole: then the result is optimal.
    guard model.count <= 12 else { return }
    let optimum = max(DownsetOracle(model: model).solve().peak, model.initialBytes)
    #expect(model.peak(of: search.order) == optimum)
  }

  @Test func `windows find what a random order lacks`() {
    var bettered = 0
    for seed in 0..<20 {
      let (model, order) = OrderFrameTests.example(seed: seed, nodes: 40...60)
      var search = WindowSearch(model, order: order)
      search.run(bound: 0, workLimit: 50_000, deadline: .never)
      if model.peak(of: search.order) < model.peak(of: order) { bettered += 1 }
    }
    #expect(bettered > 10)
  }

  @Test func `a peak at the bound is left alone`() {
    let (model, order) = OrderFrameTests.example(seed: 4, nodes: 40...60)
    var search = WindowSearch(model, order: order)
    search.run(bound: model.peak(of: order), workLimit: .max, deadline: .never)
    #expect(search.order == order)
    #expect(search.work == 0)
  }
}
