// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// What recomputing and spilling together cost at least, against schedules that are known to be cheapest.
@Suite struct CostBoundTests {
  /// Of every list of actions with few recomputes, spills and fetches, none that runs an order is cheaper
  /// than its bound, and none at all than that of all orders.
  @Test func `no plan that recomputes and spills is cheaper than its bounds`() throws {
    var (bounded, tight) = (0, 0)
    for seed in Seeds.first(12) {
      var shape = RandomGraph.Shape(nodes: 4...5)
      (shape.reach, shape.controls) = (4, 0)
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let problem = SchedulingProblem(graph)
      let costs = Self.costs(of: graph)
      for again in [false, true] {
        let all = LadderSearchTests.Enumeration(problem, costs, again: again, away: true, extras: 2)
        let means = LadderMeans(spillingIn: all.model, costs: costs, mayRecompute: again)
        for budget in Set(all.found.map(\.peak)).sorted() {
          let fitting = all.found.filter { $0.peak <= budget }
          for order in Set(fitting.map(\.order)) {
            guard let least = fitting.filter({ $0.order == order }).map(\.price).min() else {
              continue
            }
            // Of what is known it only makes use for its steps.
            let bound = RecomputeBound(
              of: order, in: all.model, costs: costs, within: budget, known: Int(least) * 3 + 1,
              by: means)
            #expect(Double(bound.flops) <= least, "seed \(seed) budget \(budget) again \(again)")
            if least > 0 { bounded += 1 }
            if least > 0, Double(bound.flops) == least { tight += 1 }
          }
          let least = fitting.map(\.price).min() ?? 0
          let bound = AnyOrderRecomputeBound(
            in: all.model, problem.dependencies, costs: costs, within: budget,
            known: Int(least) * 3 + 1, by: means)
          #expect(Double(bound.flops) <= least, "seed \(seed) budget \(budget) again \(again)")
        }
      }
    }
    #expect(bounded >= 100)
    #expect(tight * 4 >= bounded, "\(tight) of \(bounded)")
  }

  /// The optimum over all orders is never below the bound, compulsory copies included, and often meets it.
  @Test func `the optimum of a small graph is not below what is proven`() throws {
    var (priced, tight, share) = (0, 0, 0.0)
    for seed in Seeds.first(40) {
      var shape = RandomGraph.Shape(nodes: 5...7)
      (shape.reach, shape.updates, shape.sizes) = (3, 0, 4)
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
      let costs = Self.costs(of: graph)
      for (again, streams) in [(false, false), (true, false), (true, true)] {
        let model = LadderModel(of: problem, streamsResidents: streams)
        let means = LadderMeans(spillingIn: model, costs: costs, mayRecompute: again)
        let floor = model.floorBytes
        for budget in [floor, floor + 128, floor + 512] {
          let search = LadderExact(
            model, problem.dependencies, costs: costs, budget: budget, mayRecompute: again,
            maySpill: true)
          guard case .optimal(let actions) = search?.answer() else { continue }
          let least = costs.seconds(of: actions, in: model)
          let compulsory = costs.seconds(ofBytes: model.compulsoryBytes)
          let bound = AnyOrderRecomputeBound(
            in: model, problem.dependencies, costs: costs, within: budget,
            known: 2 * Int(least) + 1, by: means
          ).flops
          #expect(
            compulsory + Double(bound) <= least,
            "seed \(seed) budget \(budget) again \(again) streams \(streams)")
          guard least > compulsory else { continue }
          priced += 1
          if compulsory + Double(bound) == least { tight += 1 }
          share += Double(bound) / (least - compulsory)
        }
      }
    }
    #expect(priced >= 40)
    #expect(tight * 5 >= priced, "\(tight) of \(priced)")
    #expect(share >= 0.3 * Double(priced), "\(share) of \(priced)")
  }

  /// Against every set of nodes that could run again and every set of storages that could be fetched.
  @Test(arguments: Seeds.first(30))
  func `a cut finds the cheapest choice of making again and fetching`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 4...7)
    (shape.reach, shape.outputs) = (4, 30)
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let model = LadderModel(of: SchedulingProblem(graph), streamsResidents: false)
    let costs = Self.costs(of: graph)
    let means = LadderMeans(spillingIn: model, costs: costs, mayRecompute: true)
    let order = Array(graph.nodeIDs)
    for run in order.indices {
      let moment = OrderedMoments([run], of: order, in: model).moment(0, until: nil)
      let choices = MomentChoices(moment, model, costs, means)
      for limit in Set(choices.all.map(\.bytes)).sorted().flatMap({ [$0 - 1, $0] }) {
        let least = choices.all.filter { $0.bytes <= limit }.map(\.flops).min()
        func cut(_ work: Int) -> Int? {
          RecomputeCut(
            at: moment, in: model, costs: costs, within: choices.fixedBytes + limit, known: .max,
            work: work, by: means
          ).flops
        }
        #expect(cut(.max) == least, "seed \(seed) run \(run) limit \(limit)")
        let relaxed = cut(0)
        #expect((relaxed == nil) == (least == nil))
        if let relaxed, let least { #expect(relaxed <= least, "seed \(seed) run \(run)") }
      }
    }
  }

  /// `a` is away twice: made again each time, or copied out once and in twice, whichever is cheaper.
  @Test func `the cheaper of both is counted, and a spill once`() throws {
    let graph = try Graph(parsing: MomentChoices.twice)
    let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
    let model = LadderModel(of: problem, streamsResidents: false)
    func bound(_ price: Int, again: Bool = true) -> Int {
      let costs = CostModel(
        of: graph,
        table: CostTable(nodes: ["a": price], flopsPerSecond: 1, bytesPerSecond: 1))
      let means = LadderMeans(spillingIn: model, costs: costs, mayRecompute: again)
      return RecomputeBound(
        of: Array(graph.nodeIDs), in: model, costs: costs, within: 2048 + 3 * 64, known: 100_000,
        by: means
      ).flops
    }
    #expect(bound(256) == 2 * 256)
    #expect(bound(100_000) == 3 * 1024)
    #expect(bound(256, again: false) == 3 * 1024)
    // A fetch between the two, and what is cheapest behind both; the spill counts there alone.
    #expect(bound(1400) == 1024 + 1400)
  }

  /// What the search of a small graph proves is told, whatever the cuts come to.
  @Test func `the optimum of all orders is told as such`() throws {
    let graph = try Graph(parsing: LadderExample.text)
    let plain = try Planner().plan(graph, model: PlannedModel(path: "a"))
    var priced = 0
    for spill in [SpillChoice.auto, .off] {
      var planner = Planner()
      planner.spill = spill
      planner.budget = ByteCount(plain.summary.totalBytes - 64)
      let plan = try planner.plan(graph, model: PlannedModel(path: "a"))
      guard plan.summary.fits == true else { continue }
      #expect(
        plan.passes.last { $0.name == "ladder" }?.outcome.contains("optimal over all") == true)
      #expect(plan.summary.price.savableInAnyOrderPart == 0)
      #expect(plan.summary.price.savablePart == 0)
      priced += 1
    }
    #expect(priced > 0)
  }

  /// Where operations and copied bytes take as long as one another, in seconds.
  private static func costs(of graph: Graph) -> CostModel {
    CostModel(of: graph, table: CostTable(flopsPerSecond: 1, bytesPerSecond: 4))
  }
}
