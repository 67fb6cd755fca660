// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct OrderModelTests {
  /// A random order that respects the dependencies.
  static func randomOrder(of model: OrderModel, seed: Int) -> [Int] {
    var random = SeededGenerator(seed: seed)
    var state = OrderState(model)
    var ready = state.enabled.map { Int($0) }
    var order: [Int] = []
    while !ready.isEmpty {
      let operation = ready.remove(at: Int.random(in: ready.indices, using: &random))
      order.append(operation)
      state.run(operation)
      ready.append(contentsOf: state.enabled.map { Int($0) })
    }
    return order
  }

  @Test(arguments: 0..<150)
  func `costs equal those of the simulator`(seed: Int) {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 1...25)).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    let model = OrderModel(problem)
    let order = Self.randomOrder(of: model, seed: seed)
    var simulator = LivenessSimulator(map: problem.storages)
    let live = simulator.lifetimes(of: Schedule(order.map { NodeID($0) })).liveBytes
    let profile = model.profile(of: order)
    // Inputs that nothing touches are there at the first step only, and not in the model.
    #expect(Array(profile.dropFirst()) == Array(live.dropFirst()))
    #expect(profile[0] <= live[0])
  }

  @Test(arguments: 0..<150)
  func `time can be reversed`(seed: Int) {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 1...25)).graph
    let model = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    let order = Self.randomOrder(of: model, seed: seed)
    let forward = model.profile(of: order)
    let backward = model.reversed().profile(of: order.reversed())
    #expect(Array(backward.reversed()) == forward)
  }

  @Test(arguments: 0..<100)
  func `the state agrees with the definition, forwards, backwards and taken back`(seed: Int) {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 1...20)).graph
    var model = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    if seed % 2 == 1 { model = model.reversed() }
    let oracle = DownsetOracle(model: model)
    var state = OrderState(model)
    var done: UInt32 = 0
    var random = SeededGenerator(seed: seed)
    for operation in Self.randomOrder(of: model, seed: seed) {
      let before = Self.costs(state)
      // A detour that is taken back leaves no trace.
      var detour: [Int] = []
      for _ in 0..<3 {
        let open = (0..<model.count).filter { other in
          state.missing(other) == 0 && done & 1 << UInt32(other) == 0 && !detour.contains(other)
        }
        guard let next = open.randomElement(using: &random) else { break }
        state.run(next)
        detour.append(next)
      }
      for other in detour.reversed() { state.undo(other) }
      #expect(Self.costs(state) == before)
      for other in 0..<model.count
      where done & 1 << UInt32(other) == 0 && oracle.isReady(other, after: done) {
        #expect(state.live + state.rise(other) == oracle.during(other, after: done))
      }
      let expected = state.live + state.net(operation)
      let during = state.live + state.rise(operation)
      #expect(state.run(operation) == during)
      #expect(state.live == expected)
      done |= 1 << UInt32(operation)
    }
  }

  private static func costs(_ state: OrderState) -> [[Int]] {
    [
      [state.live], (0..<state.model.count).map { state.rise($0) },
      (0..<state.model.count).map { state.net($0) },
      (0..<state.model.count).map { state.missing($0) },
    ]
  }
}
