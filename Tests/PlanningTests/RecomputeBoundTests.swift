// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// What recomputing costs at least, against schedules that are known to be cheapest.
@Suite struct RecomputeBoundTests {
  /// Of every list of actions with few recomputes, none that runs an order is cheaper than its bound, and
  /// none at all than that of all orders.
  @Test func `no plan that recomputes is cheaper than its bounds`() throws {
    var (bounded, tight) = (0, 0)
    for seed in Seeds.first(24) {
      var shape = RandomGraph.Shape(nodes: 4...5)
      (shape.reach, shape.controls) = (4, 0)
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let problem = SchedulingProblem(graph)
      let costs = CostModel(of: graph, table: CostTable(flopsPerSecond: 1))
      let all = LadderSearchTests.Enumeration(problem, costs, again: true, away: false, extras: 2)
      for budget in Set(all.found.map(\.peak)).sorted() {
        for order in Set(all.found.map(\.order)) {
          let fitting = all.found.lazy.filter { $0.order == order && $0.peak <= budget }
          guard let least = fitting.map(\.price).min() else { continue }
          // Of what is known it only makes use for its steps.
          let bound = RecomputeBound(
            of: order, in: all.model, costs: costs, within: budget, known: Int(least) * 3 + 1)
          #expect(Double(bound.flops) <= least, "seed \(seed) budget \(budget)")
          if least > 0 { bounded += 1 }
          if least > 0, Double(bound.flops) == least { tight += 1 }
        }
        let least = all.found.lazy.filter { $0.peak <= budget }.map(\.price).min() ?? 0
        let bound = AnyOrderRecomputeBound(
          in: all.model, problem.dependencies, costs: costs, within: budget,
          known: Int(least) * 3 + 1)
        #expect(Double(bound.flops) <= least, "seed \(seed) budget \(budget)")
      }
    }
    #expect(bounded >= 100)
    #expect(tight * 4 >= bounded, "\(tight) of \(bounded)")
  }

  /// `a` is away while `c` runs, and read behind it; its maker costs 256 operations.
  @Test func `a bound counts what must run again`() throws {
    let graph = try Graph(
      parsing: """
        graph bound
        input x : float32[16]
        node a = Exp@13(x) -> a : float32[256]
        node b = Neg@13(x) -> b : float32[512]
        node c = Exp@13(b) -> c : float32[512]
        node d = Neg@13(c) -> d : float32[16]
        node e = Add@14(d, a) -> e : float32[16] as output
        output e
        """)
    let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
    let model = LadderModel(of: problem, streamsResidents: false)
    let costs = CostModel(of: graph, table: CostTable(nodes: ["a": 256]))
    func bound(_ budget: Int) -> Int {
      RecomputeBound(
        of: Array(graph.nodeIDs), in: model, costs: costs, within: budget, known: 1000
      ).flops
    }
    // b, c and x beside a.
    #expect(bound(4096 + 64 + 1024) == 0)
    #expect(bound(4096 + 64) == 256)
  }

  /// The optimum over all orders is never below the bound, and often meets it.
  @Test func `the optimum of a small graph is not below what is proven`() throws {
    var (priced, tight, share) = (0, 0, 0.0)
    for seed in Seeds.first(60) {
      var shape = RandomGraph.Shape(nodes: 6...8)
      (shape.reach, shape.updates, shape.sizes) = (3, 0, 4)
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
      let model = LadderModel(of: problem, streamsResidents: false)
      let costs = CostModel(of: graph, table: CostTable(flopsPerSecond: 1))
      let plain = graph.nodeIDs.map { LadderAction.run($0) }
      let peak = try #require(Residencies.peakBytes(of: plain, in: model))
      for budget in stride(
        from: model.floorBytes, to: peak, by: max(64, (peak - model.floorBytes) / 4))
      {
        let search = LadderExact(
          model, problem.dependencies, costs: costs, budget: budget, mayRecompute: true,
          maySpill: false)
        guard case .optimal(let actions) = search?.answer() else { continue }
        let least = costs.flops(of: actions)
        let bound = AnyOrderRecomputeBound(
          in: model, problem.dependencies, costs: costs, within: budget, known: 2 * least + 1
        ).flops
        #expect(bound <= least, "seed \(seed) budget \(budget)")
        guard least > 0 else { continue }
        priced += 1
        if bound == least { tight += 1 }
        share += Double(bound) / Double(least)
      }
    }
    #expect(priced >= 20)
    #expect(tight * 5 >= priced, "\(tight) of \(priced)")
    #expect(share >= 0.4 * Double(priced), "\(share) of \(priced)")
  }

  /// Against every set of nodes that could run again behind a moment.
  @Test(arguments: Seeds.first(40))
  func `a cut finds the cheapest choice, and its relaxation nothing above it`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 6...11)
    (shape.reach, shape.outputs) = (4, 30)
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let model = LadderModel(of: SchedulingProblem(graph), streamsResidents: false)
    let costs = CostModel(of: graph)
    let order = Array(graph.nodeIDs)
    for run in order.indices {
      let moment = OrderedMoments([run], of: order, in: model).moment(0, until: nil)
      let choices = MomentChoices(moment, model, costs, .recomputing)
      for limit in Set(choices.all.map(\.bytes)).sorted().flatMap({ [$0 - 1, $0] }) {
        let least = choices.all.filter { $0.bytes <= limit }.map(\.flops).min()
        func cut(_ work: Int) -> RecomputeCut {
          RecomputeCut(
            at: moment, in: model, costs: costs, within: choices.fixedBytes + limit, known: .max,
            work: work)
        }
        #expect(cut(.max).flops == least, "seed \(seed) run \(run) limit \(limit)")
        if let best = cut(.max).choices.first, let least {
          #expect(best.flops == least)
          #expect(best.bytes <= limit)
        }
        let relaxed = cut(0)
        #expect((relaxed.flops == nil) == (least == nil))
        if let flops = relaxed.flops, let least {
          #expect(flops <= least, "seed \(seed) run \(run) limit \(limit)")
        }
      }
    }
  }

  /// `c` may be away while `big` runs, but then `b` must be made again, too, or kept, which is no less:
  /// both makers run again, whatever the order.
  @Test func `operands that are gone are made again, too`() throws {
    let graph = try Graph(
      parsing: """
        graph chain
        input x : float32[16]
        node a = Exp@13(x) -> a : float32[256]
        node b = Exp@13(a) -> b : float32[256]
        node c = Neg@13(b) -> c : float32[256]
        node d = Neg@13(c) -> d : float32[16]
        node big = Exp@13(d) -> big : float32[512]
        node less = Neg@13(big) -> less : float32[16]
        node e = Add@14(less, c) -> e : float32[16] as output
        output e
        """)
    let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
    let model = LadderModel(of: problem, streamsResidents: false)
    let costs = CostModel(of: graph, table: CostTable(nodes: ["a": 100, "b": 30, "c": 7]))
    func bounds(_ budget: Int) -> [Int] {
      [
        RecomputeBound(
          of: Array(graph.nodeIDs), in: model, costs: costs, within: budget, known: 1000
        ).flops,
        AnyOrderRecomputeBound(
          in: model, problem.dependencies, costs: costs, within: budget, known: 1000
        ).flops,
      ]
    }
    // big, d and what is kept: c, or x alone.
    #expect(bounds(2048 + 64 + 1024) == [0, 0])
    #expect(bounds(2048 + 64 + 64) == [137, 137])
  }

  /// Two moments of which the second begins where the first ends: what runs again between them and behind
  /// them adds up.
  @Test func `what runs again behind one moment and behind another adds up`() throws {
    let graph = try Graph(parsing: MomentChoices.twice)
    let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
    let model = LadderModel(of: problem, streamsResidents: false)
    let costs = CostModel(of: graph, table: CostTable(nodes: ["a": 256]))
    let bound = RecomputeBound(
      of: Array(graph.nodeIDs), in: model, costs: costs, within: 2048 + 3 * 64, known: 10_000)
    #expect(bound.flops == 512)
    // Where a may run behind p, once is enough.
    let any = AnyOrderRecomputeBound(
      in: model, problem.dependencies, costs: costs, within: 2048 + 3 * 64, known: 10_000)
    #expect(any.flops == 256)
  }
}
