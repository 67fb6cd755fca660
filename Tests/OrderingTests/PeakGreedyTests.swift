// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@Suite struct PeakGreedyTests {
  /// The least-live-after rule by its definition: every ready node is tried at every step.
  static func leastLiveAfter(_ problem: SchedulingProblem) -> [NodeID] {
    let map = problem.storages
    var order: [NodeID] = []
    var left = Set(problem.graph.nodeIDs)
    /// Live bytes while the last node of a partial order runs, and after it.
    func costs(_ partial: [NodeID]) -> (during: Int, after: Int) {
      var (during, after) = (map.workspaces[partial[partial.count - 1].index], 0)
      let done = Set(partial)
      let last = partial[partial.count - 1]
      var dying: Set<Int> = []
      for storage in map.roots.indices
      where map.spaces[storage] == .arena
        && map.toucherStart[storage] < map.toucherStart[storage + 1]
      {
        let touchers = (map.toucherStart[storage]..<map.toucherStart[storage + 1]).map {
          NodeID(rawValue: map.touchers[$0])
        }
        let isBorn = map.isLiveIn[storage] || touchers.contains { done.contains($0) }
        let isOver = !map.isLiveOut[storage] && touchers.allSatisfy { done.contains($0) }
        if isBorn, !isOver { after += map.bytes[storage] }
        if isBorn, !isOver || touchers.contains(last) { during += map.bytes[storage] }
        if isOver, touchers.contains(last) { dying.insert(storage) }
      }
      var made: Set<Int> = []
      for index in map.takeoverStart[last.index]..<map.takeoverStart[last.index + 1] {
        let takeover = map.takeovers[index]
        guard dying.contains(takeover.input.index), !made.contains(takeover.output.index) else {
          continue
        }
        dying.remove(takeover.input.index)
        made.insert(takeover.output.index)
        during -= map.bytes[takeover.output.index]
      }
      return (during, after)
    }
    var peak = 0
    for storage in map.roots.indices
    where map.isLiveIn[storage] && map.spaces[storage] == .arena
      && map.toucherStart[storage] < map.toucherStart[storage + 1]
    {
      peak += map.bytes[storage]
    }
    while !left.isEmpty {
      let ready = left.filter { node in
        problem.dependencies.predecessors(of: node).allSatisfy {
          !left.contains(NodeID(rawValue: $0))
        }
      }.sorted()
      let tried = ready.map { (node: $0, cost: costs(order + [$0])) }
      let fitting = tried.filter { $0.cost.during <= peak }
      let choice =
        fitting.min { ($0.cost.after, $0.node) < ($1.cost.after, $1.node) }
        ?? tried.min { ($0.cost.during, $0.node) < ($1.cost.during, $1.node) }
      guard let choice else { break }
      order.append(choice.node)
      left.remove(choice.node)
      peak = max(peak, choice.cost.during)
    }
    return order
  }

  @Test(arguments: 0..<200)
  func `the fast greedy chooses what the definition chooses`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 1...30)
    shape.reach = 2 + seed % 12
    // Views are folded before; see FoldedViewsTests.
    shape.views = 0
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    let schedule = try LeastLiveAfter().schedule(for: problem)
    #expect(schedule.order == Self.leastLiveAfter(problem))
  }
}
