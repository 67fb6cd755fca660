// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct StretchSearchTests {
  @Test(arguments: 0..<150)
  func `a stretch is ordered as well as any order of it`(seed: Int) {
    let (model, order) = OrderFrameTests.example(seed: seed, nodes: 8...16)
    let frame = OrderFrame(model, order: order)
    let start = seed % max(1, model.count - 3)
    let stretch = frame.stretch(start..<min(start + 10, model.count))
    let oracle = DownsetOracle(model: stretch)
    let optimum = max(oracle.solve().peak, stretch.initialBytes)
    var search = StretchSearch(stretch, floor: 0)
    search.run(.init())
    #expect(ReducedModelTests.isOrder(search.order, of: stretch))
    #expect(search.peak == optimum)
    #expect(search.bound <= optimum)
    #expect(search.outcome != .undecided)
  }

  @Test func `a search without work says that it did not decide`() {
    var gaveUp = 0
    for seed in 0..<40 {
      let (model, _) = OrderFrameTests.example(seed: seed, nodes: 20...30)
      var search = StretchSearch(model, floor: 0)
      search.run(.init(greedy: 0, cuts: 0, decisions: 1, nodes: 1))
      #expect(search.peak == model.peak(of: search.order))
      if search.outcome == .undecided { gaveUp += 1 } else { #expect(search.peak == search.bound) }
    }
    #expect(gaveUp > 5)
  }
}
