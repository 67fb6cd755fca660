// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// What the greedy ladder runs again, written down, read back and made cheaper.
@Suite struct RecomputeSearchTests {
  /// A graph's order, and what the greedy ladder recomputes in it at a share of what lies above the
  /// floor, in eighths; `nil` where it finds nothing.
  static func greedy(
    _ graph: Graph, share: Int
  ) -> (model: LadderModel, order: [NodeID], actions: [LadderAction], budget: Int)? {
    let model = LadderModel(of: SchedulingProblem(graph), streamsResidents: false)
    let order = Array(graph.nodeIDs)
    let start = LadderState(model, order: order)
    let budget = model.floorBytes + (start.loads.peak.bytes - model.floorBytes) * share / 8
    var ladder = LadderGreedy(
      start, costs: CostModel(of: graph), budget: budget, mayRecompute: true, maySpill: false)
    guard ladder.run() else { return nil }
    return (model, order, ladder.state.actions(), budget)
  }

  static func seconds(_ actions: [LadderAction], _ costs: CostModel) -> Double {
    actions.reduce(0) {
      $1.kind == .recompute ? $0 + costs.seconds(ofNode: $1.node?.index ?? 0) : $0
    }
  }

  @Test(arguments: Seeds.first(60))
  func `a schedule that is read back keeps no more than it needs`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...24)).graph
    for share in [2, 4, 6] {
      guard let found = Self.greedy(graph, share: share) else { continue }
      let state = LadderState(found.model, order: found.order, repeating: found.actions)
      let live = try Residencies(of: found.actions, in: found.model).peakBytes
      let actions = state.actions()
      let again = try Residencies(of: actions, in: found.model).peakBytes
      #expect(again <= state.loads.peak.bytes, "seed \(seed) share \(share)")
      #expect(again <= max(live, found.budget), "seed \(seed) share \(share)")
      #expect(
        actions.count { $0.kind == .recompute } <= found.actions.count { $0.kind == .recompute })
    }
  }

  @Test(arguments: Seeds.first(12))
  func `the search keeps the budget and never makes it dearer`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 12...24)).graph
    let costs = CostModel(of: graph)
    for share in [3, 6] {
      guard let found = Self.greedy(graph, share: share) else { continue }
      var search = RecomputeSearch(
        found.model, order: found.order, found.actions, costs: costs, budget: found.budget,
        work: 60_000)
      search.run()
      #expect(try Residencies(of: search.actions, in: found.model).peakBytes <= found.budget)
      #expect(Self.seconds(search.actions, costs) <= Self.seconds(found.actions, costs) + 1e-7)
    }
  }

  /// Against every schedule of all orders: the search is never cheaper than what is possible, and where
  /// the greedy ladder is as cheap as can be, nothing is lost.
  @Test(arguments: Seeds.first(30))
  func `no schedule is cheaper than the optimum`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 4...6)
    (shape.updates, shape.controls) = (0, 0)
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let (problem, costs) = (SchedulingProblem(graph), CostModel(of: graph))
    for share in [2, 5] {
      guard let found = Self.greedy(graph, share: share) else { continue }
      var search = RecomputeSearch(
        found.model, order: found.order, found.actions, costs: costs, budget: found.budget,
        work: 20_000)
      search.run()
      let exact = LadderExact(
        found.model, problem.dependencies, costs: costs, budget: found.budget, mayRecompute: true,
        maySpill: false)
      guard case .optimal(let best)? = exact?.answer() else { continue }
      #expect(Self.seconds(search.actions, costs) >= Self.seconds(best, costs) - 1e-12)
    }
  }
}
