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
    var ready = state.initiallyReady.map { Int($0) }
    var order: [Int] = []
    while !ready.isEmpty {
      let operation = ready.remove(at: Int.random(in: ready.indices, using: &random))
      order.append(operation)
      _ = state.run(operation)
      for index in model.successors[operation] {
        let successor = Int(model.successors.values[index])
        if state.missing[successor] == 0 { ready.append(successor) }
      }
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
  func `all states agree with the definition, in both directions`(seed: Int) {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 1...20)).graph
    var model = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    if seed % 2 == 1 { model = model.reversed() }
    let oracle = DownsetOracle(model: model)
    var state = OrderState(model)
    var marginal = MarginalState(model)
    var done: UInt32 = 0
    for operation in Self.randomOrder(of: model, seed: seed) {
      for other in 0..<model.count where done & 1 << UInt32(other) == 0 {
        #expect(state.cost(other).rise == marginal.rise(other))
        #expect(state.cost(other).net == marginal.net(other))
        if oracle.isReady(other, after: done) {
          #expect(state.live + state.cost(other).rise == oracle.during(other, after: done))
        }
      }
      let (live, missing) = (state.live, state.missing)
      let during = state.run(operation)
      state.undo(operation)
      #expect(state.live == live && state.missing == missing)
      #expect(state.run(operation) == during)
      #expect(marginal.run(operation) == during)
      #expect(marginal.live == state.live)
      done |= 1 << UInt32(operation)
    }
  }
}
