// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Orders executed within a budget, thinned, and made cheaper.
@Suite struct RecomputeSearchTests {
  /// A graph with its model and file order, and budgets between the floor and what the order needs.
  struct Case {
    let model: LadderModel
    let order: [NodeID]
    let costs: CostModel
    let plainBytes: Int

    init(_ graph: Graph, streams: Bool = false) throws {
      let model = LadderModel(of: SchedulingProblem(graph), streamsResidents: streams)
      let order = Array(graph.nodeIDs)
      self.model = model
      self.order = order
      costs = CostModel(of: graph)
      // With residents streamed, all that could ever be there.
      plainBytes =
        if streams {
          zip(model.bytes, model.isMovable).reduce(0) { $1.1 ? $0 + $1.0 : $0 }
        } else {
          try Residencies(of: order.map { .run($0) }, in: model).peakBytes
        }
    }

    /// The budget at some eighths of what lies above the floor.
    func budget(_ share: Int) -> Int {
      model.floorBytes + (plainBytes - model.floorBytes) * share / 8
    }

    func executed(
      within budget: Int, _ rule: EvictionRule, again: Bool, away: Bool,
      holds: [EvictingRun.Hold] = []
    ) -> [LadderAction]? {
      var run = EvictingRun(
        model, uses: EvictingRun.Uses(model, order, holds: holds), costs: costs, budget: budget,
        rule: rule, mayRecompute: again, maySpill: away, workLimit: 200_000)
      return run.run()
    }

    func search(again: Bool = true, away: Bool = false) -> RecomputeSearch {
      var limits = RecomputeSearch.Limits(nodes: model.nodeCount)
      limits.rounds = (40, 20)
      return RecomputeSearch(
        model, orders: [order], costs: costs, mayRecompute: again, maySpill: away,
        limits: limits)
    }

    func price(_ actions: [LadderAction]) -> Double {
      RecomputeSearch.price(of: actions, in: model, costs)
    }
  }

  static let rules = EvictionRule.Distance.allCases.flatMap { distance in
    EvictionRule.dependentShares.map { EvictionRule(distance: distance, dependents: $0) }
  }

  @Test(arguments: Seeds.first(60))
  func `an execution keeps its budget and the order`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...24)).graph
    var random = SeededGenerator(seed: UInt64(seed))
    for streams in [false, true] {
      let given = try Case(graph, streams: streams)
      for (again, away) in LadderSearchTests.means {
        for share in 0..<8 {
          let rule = Self.rules[(seed + share) % Self.rules.count]
          // Whatever is held, it is still the order that runs.
          let holds = (0..<share % 4).map { _ in
            EvictingRun.Hold(
              storage: Int.random(in: 0..<given.model.storageCount, using: &random),
              node: Int.random(in: 0..<given.model.nodeCount, using: &random))
          }
          guard
            let actions = given.executed(
              within: given.budget(share), rule, again: again, away: away, holds: holds)
          else { continue }
          let peak = try Residencies(of: actions, in: given.model).peakBytes
          #expect(peak <= given.budget(share), "seed \(seed) share \(share)")
          #expect(actions.order == given.order)
          if !again { #expect(!actions.contains { $0.kind == .recompute }) }
          if !away, !streams { #expect(!actions.contains { $0.kind == .spill }) }
        }
      }
    }
  }

  /// `a` is small and dear, and only `b` is made from it, which is large, cheap and read at the end: what
  /// is kept while `big` runs is `a`, which nothing reads any more.
  @Test func `what is small is held for what is made from it`() throws {
    let graph = try Graph(
      parsing: """
        graph held
        input x : float32[16]
        node a = Exp@13(x) -> a : float32[64]
        node b = Neg@13(a) -> b : float32[512]
        node c = Exp@13(b) -> c : float32[64]
        node big = Exp@13(c) -> big : float32[1024]
        node d = Neg@13(big) -> d : float32[16]
        node e = Add@14(d, b) -> e : float32[512] as output
        output e
        """)
    let model = LadderModel(
      of: SchedulingProblem(graph, model: MemoryModel(inPlace: .none)), streamsResidents: false)
    let costs = CostModel(of: graph, table: CostTable(nodes: ["a": 1_000_000, "b": 10]))
    // big with d or c, and a.
    let budget = 4096 + 256 + 256
    let advice = RecomputeAdvice(
      for: Array(graph.nodeIDs), in: model, costs: costs, within: budget, by: .recomputing)
    let held = try #require(advice.choices.first).holds.map(\.storage)
    #expect(held.map { graph.name(of: model.map.roots[$0]) } == ["a"])
    var search = RecomputeSearch(
      model, orders: [Array(graph.nodeIDs)], costs: costs, mayRecompute: true, maySpill: false)
    search.run(within: budget)
    let best = try #require(search.best)
    #expect(costs.flops(of: best.actions) == 10)
    #expect(try Residencies(of: best.actions, in: model).peakBytes <= budget)
  }

  /// At what the order needs, nothing has to leave.
  @Test(arguments: Seeds.first(60))
  func `an execution with room for everything runs the order as it is`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...24)).graph
    let given = try Case(graph)
    // What is kept in case something is made from it is dropped where there is no room.
    let actions = given.executed(
      within: given.plainBytes, EvictionRule(), again: true, away: true)
    #expect(actions == given.order.map { .run($0) })
  }

  @Test(arguments: Seeds.first(60))
  func `a timeline counts what residencies count, whatever is left out`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...24)).graph
    for streams in [false, true] {
      let given = try Case(graph, streams: streams)
      for (again, away) in LadderSearchTests.means {
        for share in [1, 3, 5] {
          guard
            let actions = given.executed(
              within: given.budget(share), EvictionRule(), again: again, away: away)
          else { continue }
          var timeline = StayTimeline(actions, in: given.model, costs: given.costs)
          let peak = try Residencies(of: actions, in: given.model).peakBytes
          #expect(timeline.peakBytes == peak, "seed \(seed) share \(share)")
          for budget in [given.budget(share), given.plainBytes] {
            timeline.thin(within: budget)
            let rest = timeline.rest
            let left = try Residencies(of: rest, in: given.model).peakBytes
            #expect(timeline.peakBytes == left, "seed \(seed) share \(share)")
            #expect(left <= max(budget, peak))
            #expect(given.price(rest) <= given.price(actions) + 1e-12)
          }
        }
      }
    }
  }

  /// What is left cannot be thinned by one recompute more.
  @Test(arguments: Seeds.first(40))
  func `nothing that is left out could be left out`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...24)).graph
    let given = try Case(graph)
    for share in [1, 3, 5] {
      let budget = given.budget(share)
      guard
        let actions = given.executed(within: budget, EvictionRule(), again: true, away: false)
      else { continue }
      var timeline = StayTimeline(actions, in: given.model, costs: given.costs)
      timeline.thin(within: budget)
      let rest = timeline.rest
      for index in rest.indices where rest[index].kind == .recompute {
        var less = rest
        less.remove(at: index)
        let peak = try Residencies(of: less, in: given.model).peakBytes
        #expect(peak > budget, "seed \(seed) share \(share)")
      }
    }
  }

  @Test(arguments: Seeds.first(16))
  func `the search keeps the budget and never makes it dearer`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 12...24)).graph
    let given = try Case(graph)
    for away in [false, true] {
      for share in [2, 5] {
        var search = given.search(away: away)
        search.run(within: given.budget(share))
        guard let first = search.best else { continue }
        search.improve(within: given.budget(share))
        let best = try #require(search.best)
        #expect(best.price <= first.price)
        #expect(abs(best.price - given.price(best.actions)) < 1e-12)
        let peak = try Residencies(of: best.actions, in: given.model).peakBytes
        #expect(peak <= given.budget(share))
        var again = given.search(away: away)
        again.run(within: given.budget(share))
        again.improve(within: given.budget(share))
        #expect(again.best?.actions == best.actions)
      }
    }
  }

  /// Small graphs without updates, and budgets for which the cheapest recomputes over all orders are
  /// known, with their price.
  static func withOptima(
    _ check: (_ problem: SchedulingProblem, _ given: Case, _ budget: Int, _ least: Double) -> Void
  ) throws {
    for seed in Seeds.first(20) {
      var shape = RandomGraph.Shape(nodes: 4...6)
      (shape.updates, shape.controls) = (0, 0)
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let problem = SchedulingProblem(graph)
      let given = try Case(graph)
      for share in [2, 5] {
        let budget = given.budget(share)
        let exact = LadderExact(
          given.model, problem.dependencies, costs: given.costs, budget: budget,
          mayRecompute: true, maySpill: false)
        guard case .optimal(let best)? = exact?.answer() else { continue }
        check(problem, given, budget, given.price(best))
      }
    }
  }

  /// Against every schedule of all orders: nothing is cheaper than what is possible, and most is not
  /// dearer than it must be.
  @Test func `no schedule is cheaper than the optimum, and most are as cheap`() throws {
    var (solved, optimal) = (0, 0)
    try Self.withOptima { problem, given, budget, least in
      var limits = RecomputeSearch.Limits(nodes: given.model.nodeCount)
      limits.rounds = (40, 20)
      var search = RecomputeSearch(
        given.model, orders: Self.orders(of: problem), costs: given.costs, mayRecompute: true,
        maySpill: false, limits: limits)
      search.run(within: budget)
      search.improve(within: budget)
      guard let found = search.best else { return }
      solved += 1
      #expect(found.price >= least - 1e-12, "budget \(budget)")
      if found.price <= least + 1e-12 { optimal += 1 }
    }
    #expect(solved >= 15)
    #expect(optimal * 10 >= solved * 9, "\(optimal) of \(solved)")
  }

  /// Of every list of actions with few recomputes, none needs less.
  @Test(arguments: Seeds.first(30))
  func `no plan that recomputes is below the floor`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 4...5)
    shape.controls = 1
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let problem = SchedulingProblem(graph)
    let model = LadderModel(of: problem, streamsResidents: false)
    let floor = RecomputeFloor(of: model, problem.dependencies)
    let all = LadderSearchTests.Enumeration(
      problem, CostModel(of: graph), again: true, away: false, extras: 2)
    let least = try #require(all.found.map(\.peak).min())
    #expect(floor.bytes <= least)
    #expect(floor.bytes >= model.floorBytes)
  }

  /// `a` is random and read at the end, `b` and `c` are large meanwhile.
  @Test func `what nothing can make again is kept`() throws {
    let graph = try Graph(
      parsing: """
        graph kept
        input x : float32[16]
        node a = RandomNormalLike@1(x) -> a : float32[256]
        node b = Exp@13(a) -> b : float32[512]
        node c = Neg@13(b) -> c : float32[512]
        node d = Add@14(c, a) -> d : float32[16] as output
        output d
        """)
    let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
    let model = LadderModel(of: problem, streamsResidents: false)
    let floor = RecomputeFloor(of: model, problem.dependencies)
    #expect(model.floorBytes == 4096)
    #expect(floor.bytes == 4096 + 1024)
    #expect(floor.keptBytes == 1024)
    #expect(floor.node == NodeID(2))
  }

  /// All topological orders of a small graph, up to some.
  static func orders(of problem: SchedulingProblem) -> [[NodeID]] {
    var orders: [[NodeID]] = []
    var order: [NodeID] = []
    func extend() {
      guard orders.count < 40 else { return }
      if order.count == problem.graph.nodes.count { orders.append(order) }
      for node in problem.graph.nodeIDs where !order.contains(node) {
        let isReady = problem.dependencies.predecessors(of: node).allSatisfy {
          order.contains(NodeID(Int($0)))
        }
        guard isReady else { continue }
        order.append(node)
        extend()
        order.removeLast()
      }
    }
    extend()
    return orders
  }
}
