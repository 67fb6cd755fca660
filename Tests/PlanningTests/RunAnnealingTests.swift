// SPDX-License-Identifier: Apache-2.0
import Cancellation
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Annealed sequences of runs.
@Suite struct RunAnnealingTests {
  /// What is found keeps the budget and all dependencies, runs nothing again that may not, and is the
  /// same whatever the number of threads.
  @Test(arguments: Seeds.first(20))
  func `what is found can be executed within the budget`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...24)).graph
    let problem = SchedulingProblem(graph)
    let given = try RecomputeSearchTests.Case(graph)
    for share in [1, 5] {
      let budget = given.budget(share)
      let search = search(problem, given, work: 20_000)
      let found = search.annealed(within: budget, from: search.starts, jobs: 1)
      let other = search.annealed(within: budget, from: search.starts, jobs: 3)
      #expect(found.map(\.actions) == other.map(\.actions))
      for actions in found.map(\.actions) {
        #expect(try Residencies(of: actions, in: given.model).peakBytes <= budget)
        #expect(actions.order.count == given.model.nodeCount)
        let order = EvictingRun.Uses(given.model, actions.order)
        #expect(OrderMoves(problem.dependencies).isKept(by: order))
        var ran = Set<Int>()
        for action in actions {
          guard let node = action.node?.index else { continue }
          if action.kind == .recompute {
            #expect(given.model.isRepeatable[node] && ran.contains(node))
            #expect(given.model.spoilers[node].allSatisfy { !ran.contains($0) })
          }
          ran.insert(node)
        }
      }
    }
  }

  /// Against every schedule of all orders: nothing is cheaper than what is possible, and most is as
  /// cheap, from the file's order alone.
  @Test func `no sequence is cheaper than the optimum, and most are as cheap`() throws {
    var (solved, optimal) = (0, 0)
    try RecomputeSearchTests.withOptima { problem, given, budget, least in
      solved += 1
      let search = search(problem, given, work: 40_000)
      let found = search.annealed(within: budget, from: search.starts, jobs: 1)
      guard let price = found.first?.price else { return }
      #expect(price >= least - 1e-12, "budget \(budget)")
      if price <= least + 1e-12 { optimal += 1 }
    }
    #expect(solved >= 15)
    #expect(optimal * 10 >= solved * 9, "\(optimal) of \(solved)")
  }

  @Test func `somebody may cancel it`() throws {
    let graph = RandomGraph(seed: 3, shape: RandomGraph.Shape(nodes: 20...24)).graph
    let given = try RecomputeSearchTests.Case(graph)
    let flag = CancellationFlag()
    flag.cancel()
    var search = search(SchedulingProblem(graph), given, work: .max / 4)
    search.cancellation = flag
    #expect(search.annealed(within: given.budget(2), from: search.starts, jobs: 1).isEmpty)
  }

  private func search(
    _ problem: SchedulingProblem, _ given: RecomputeSearchTests.Case, work: Int
  ) -> RecomputeSearch {
    var limits = RecomputeSearch.Limits(nodes: given.model.nodeCount)
    limits.annealing = work
    return RecomputeSearch(
      given.model, orders: [given.order], dependencies: problem.dependencies, costs: given.costs,
      mayRecompute: true, maySpill: false, limits: limits)
  }
}
