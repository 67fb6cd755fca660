// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Orders that change while recomputes are searched.
@Suite struct OrderMovesTests {
  @Test(arguments: Seeds.first(40))
  func `a window holds every place that keeps the dependencies, and no other`(seed: Int) {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...20)).graph
    let problem = SchedulingProblem(graph)
    let model = LadderModel(of: problem, streamsResidents: false)
    let moves = OrderMoves(problem.dependencies)
    let order = Array(graph.nodeIDs)
    let uses = EvictingRun.Uses(model, order)
    #expect(moves.isKept(by: uses))
    for node in graph.nodeIDs {
      let window = moves.window(of: node, in: uses.position)
      for target in order.indices {
        let moved = OrderMoves.moved(order, from: node.index, to: target)
        #expect(moved[target] == node)
        #expect(moved.filter { $0 != node } == order.filter { $0 != node })
        let isKept = moves.isKept(by: EvictingRun.Uses(model, moved))
        #expect(isKept == window.contains(target), "seed \(seed) \(node) to \(target)")
      }
    }
  }

  /// `a` leaves before anything reads it, so it need not have run before.
  @Test func `a node runs where its results are used`() throws {
    let graph = try Graph(
      parsing: """
        graph late
        input x : float32[64]
        node a = Exp@13(x) -> a : float32[64]
        node b = Neg@13(x) -> b : float32[64]
        node c = Add@14(a, b) -> c : float32[64] as output
        output c
        """)
    let model = LadderModel(of: SchedulingProblem(graph), streamsResidents: false)
    let (a, b, c) = (NodeID(0), NodeID(1), NodeID(2))
    #expect(
      model.withLateRuns([.run(a), .run(b), .recompute(a), .run(c)]) == [.run(b), .run(a), .run(c)])
    #expect(
      model.withLateRuns([.run(a), .recompute(a), .run(b), .recompute(a), .run(c)])
        == [.run(b), .run(a), .run(c)])
    // What was read in between is needed there.
    let made = try #require(graph.outputs(of: a).first)
    let storage = model.map.storageOfTensor[made.index]
    #expect(model.withLateRuns([.run(a), .spill(storage), .run(b), .recompute(a), .run(c)]) == nil)
    #expect(model.withLateRuns([.run(a), .run(b), .run(c)]) == nil)
  }

  @Test func `late runs need no more, and cost less`() throws {
    var changed = 0
    for seed in Seeds.first(120) {
      var random = SeededGenerator(seed: seed)
      let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...24)).graph
      let model = LadderModel(of: SchedulingProblem(graph), streamsResidents: false)
      let costs = CostModel(of: graph)
      // Nodes run again at random, where what they read is there.
      var actions: [LadderAction] = []
      var ran = [Bool](repeating: false, count: model.nodeCount)
      for node in graph.nodeIDs {
        actions.append(.run(node))
        ran[node.index] = true
        for other in 0...node.index where Int.random(in: 0..<4, using: &random) == 0 {
          if model.isRepeatable[other], model.spoilers[other].allSatisfy({ !ran[$0] }) {
            actions.append(.recompute(NodeID(other)))
          }
        }
      }
      actions = model.withoutUseless(actions)
      guard let late = model.withLateRuns(actions) else { continue }
      changed += 1
      #expect(late.count { $0.kind == .run } == model.nodeCount)
      #expect(costs.seconds(of: late, in: model) <= costs.seconds(of: actions, in: model))
      #expect(late.count < actions.count)
      let before = try Residencies(of: actions, in: model).peakBytes
      let after = try Residencies(of: late, in: model).peakBytes
      #expect(after <= before, "seed \(seed)")
    }
    #expect(changed >= 30)
  }
}
