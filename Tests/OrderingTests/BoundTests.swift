// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct BoundTests {
  @Test(arguments: 0..<250)
  func `the least cut is the least over all sets`(seed: Int) throws {
    let model = ReducedModelTests.model(seed: seed)
    let solved = DownsetOracle(model: model).solve()
    let forced = ForcedBound.bytes(at: Array(0..<model.count), in: model)
    for operation in 0..<model.count {
      let cut = try #require(CutBound(at: operation, in: model))
      #expect(CutBound(at: operation, in: model, visitLimit: cut.visits)?.bytes == cut.bytes)
      let candidates = model.takeoverStart[operation + 1] - model.takeoverStart[operation]
      if candidates <= 1 {
        #expect(cut.bytes == solved.least[operation], "operator \(operation)")
      } else {
        #expect(cut.bytes <= solved.least[operation], "operator \(operation)")
      }
      #expect(forced[operation] <= cut.bytes)
    }
  }

  @Test(arguments: 0..<250)
  func `no bound is above the optimum`(seed: Int) {
    let model = ReducedModelTests.model(seed: seed)
    let optimum = DownsetOracle(model: model).solve().peak
    #expect(EndBound.bound(of: model)?.bytes ?? 0 <= optimum)
    #expect(EndBound.bound(of: model.reversed())?.bytes ?? 0 <= optimum)
  }

  @Test func `forced bytes do not depend on the block`() {
    let graph = RandomGraph(seed: 5, shape: .init(nodes: 1500...1500)).graph
    let model = OrderModel(SchedulingProblem(graph))
    let all = ForcedBound.bytes(at: Array(0..<model.count), in: model)
    for operation in stride(from: 0, to: model.count, by: 97) {
      #expect(ForcedBound.bytes(at: [operation], in: model) == [all[operation]])
    }
  }
}
