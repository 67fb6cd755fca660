// SPDX-License-Identifier: Apache-2.0
import Cancellation
import GraphIR
import MemoryLayout
import Ordering
import TestSupport
import Testing

@testable import Planning

/// The ladder's searches against every schedule there is.
@Suite struct LadderSearchTests {
  /// Which means a search has.
  static let means = [(true, false), (false, true), (true, true)]

  /// A small graph without updates in place, and its model.
  static func problem(seed: Int, nodes: ClosedRange<Int>) -> SchedulingProblem {
    var shape = RandomGraph.Shape(nodes: nodes)
    shape.updates = 0
    shape.controls = 2
    shape.reach = 4
    return SchedulingProblem(RandomGraph(seed: seed, shape: shape).graph)
  }

  /// Costs in which an operation of any of these graphs is worth some bytes.
  static func costs(of graph: Graph) -> CostModel {
    CostModel(of: graph, table: CostTable(flopsPerSecond: 1, bytesPerSecond: 2))
  }

  /// Every list of actions with few recomputes, spills and fetches, with peak and price.
  struct Enumeration {
    let problem: SchedulingProblem
    let model: LadderModel
    let costs: CostModel
    let again: Bool
    let away: Bool
    private(set) var found: [(order: [NodeID], peak: Int, price: Double)] = []

    init(
      _ problem: SchedulingProblem, _ costs: CostModel, again: Bool, away: Bool, extras: Int
    ) {
      self.problem = problem
      self.costs = costs
      (self.again, self.away) = (again, away)
      model = LadderModel(of: problem, streamsResidents: false)
      var actions: [LadderAction] = []
      extend(
        &actions, ran: [], made: Set((0..<model.storageCount).filter { model.isInput[$0] }),
        spilled: [], extras: extras, price: 0)
    }

    private mutating func extend(
      _ actions: inout [LadderAction], ran: Set<Int>, made: Set<Int>, spilled: Set<Int>,
      extras: Int, price: Double
    ) {
      if ran.count == model.nodeCount {
        if let residencies = try? Residencies(of: actions, in: model) {
          found.append((actions.order, residencies.peakBytes, price))
        }
      }
      for node in 0..<model.nodeCount {
        let isReady = problem.dependencies.predecessors(of: NodeID(node)).allSatisfy {
          ran.contains(Int($0))
        }
        if !ran.contains(node), isReady {
          actions.append(.run(NodeID(node)))
          extend(
            &actions, ran: ran.union([node]), made: made.union(model.makes[node]),
            spilled: spilled, extras: extras, price: price)
          actions.removeLast()
        } else if ran.contains(node), again, extras > 0, model.isRepeatable[node],
          model.spoilers[node].allSatisfy({ !ran.contains($0) })
        {
          actions.append(.recompute(NodeID(node)))
          extend(
            &actions, ran: ran, made: made, spilled: spilled, extras: extras - 1,
            price: price + costs.seconds(ofNode: node))
          actions.removeLast()
        }
      }
      guard away, extras > 0 else { return }
      for storage in made.sorted() {
        let seconds = costs.seconds(ofBytes: model.copiedBytes[storage])
        actions.append(.spill(StorageID(storage)))
        extend(
          &actions, ran: ran, made: made, spilled: spilled.union([storage]), extras: extras - 1,
          price: price + seconds)
        actions.removeLast()
        guard spilled.contains(storage) else { continue }
        actions.append(.fetch(StorageID(storage)))
        extend(
          &actions, ran: ran, made: made, spilled: spilled, extras: extras - 1,
          price: price + seconds)
        actions.removeLast()
      }
    }
  }

  @Test(arguments: Seeds.first(12))
  func `the optimum of a small graph is that of every schedule, at every budget`(seed: Int) throws {
    let problem = Self.problem(seed: seed, nodes: 3...4)
    let costs = Self.costs(of: problem.graph)
    for (again, away) in Self.means {
      let all = Enumeration(problem, costs, again: again, away: away, extras: 2)
      for budget in Set(all.found.map(\.peak)).sorted().flatMap({ [$0 - 1, $0] }) {
        let best = all.found.filter { $0.peak <= budget }.map(\.price).min()
        let search = try #require(
          LadderExact(
            all.model, problem.dependencies, costs: costs, budget: budget, mayRecompute: again,
            maySpill: away))
        switch search.answer() {
        case .stopped: Issue.record("stopped at \(budget)")
        case .infeasible: #expect(best == nil, "seed \(seed) budget \(budget)")
        case .optimal(let actions):
          let price = costs.seconds(of: actions, in: all.model)
          let residencies = try Residencies(of: actions, in: all.model)
          #expect(residencies.peakBytes <= budget)
          // With more steps than were enumerated it may be cheaper, never dearer.
          #expect(best.map { price <= $0 + 1e-9 } ?? true, "seed \(seed) budget \(budget)")
          let extras = actions.count { $0.kind != .run }
          if extras <= 2 { #expect(best.map { abs($0 - price) < 1e-9 } == true) }
        }
      }
    }
  }

  /// Whatever the budget, what the planner writes keeps it or says that it does not, passes the check
  /// and computes what the graph does.
  @Test(arguments: Seeds.first(24))
  func `plans within a budget are right`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 9...14)).graph
    let problem = SchedulingProblem(graph)
    let plain = try Planner().plan(graph, model: PlannedModel(path: "r"))
    var planner = Planner()
    planner.recompute = LadderChoice.allCases.randomElement(using: &random) ?? .auto
    planner.spill = SpillChoice.allCases.randomElement(using: &random) ?? .auto
    let floor = LadderPlanner(
      problem: problem, costs: CostModel(of: graph), layout: .auto,
      recompute: planner.recompute, spill: planner.spill
    ).floorBytes
    for share in [0, 6] {
      let budget = floor + (plain.summary.totalBytes - 1 - floor) * share / 9
      guard budget >= 0, budget < plain.summary.totalBytes else { continue }
      planner.budget = ByteCount(budget)
      let plan = try planner.plan(graph, model: PlannedModel(path: "r"))
      #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
      if plan.summary.fits == true {
        #expect(plan.summary.totalBytes <= budget)
        #expect(plan.hasResidencies)
        var run = LadderRun(plan, of: graph)
        #expect(run.faults() == [])
      } else {
        #expect(plan.summary.smallestBudgetBytes.map { $0 > budget } == true)
      }
    }
  }

  @Test(arguments: Seeds.first(30)) func `a load tree is an array of loads`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    var loads = (0..<Int.random(in: 1...40, using: &random)).map { _ in
      Int.random(in: 0...100, using: &random)
    }
    var tree = LoadTree(loads)
    for _ in 0..<60 {
      let low = Int.random(in: 0...loads.count, using: &random)
      let range = low..<Int.random(in: low...loads.count, using: &random)
      let bytes = Int.random(in: -50...50, using: &random)
      tree.add(bytes, range)
      for time in range { loads[time] += bytes }
      #expect(tree.loads == loads)
      let highest = loads.max() ?? 0
      #expect(tree.peak.bytes == highest)
      #expect(tree.peak.time == loads.firstIndex(of: highest))
      if !range.isEmpty { #expect(tree.maximum(in: range) == loads[range].max()) }
    }
  }

  /// With a layout that wastes much, what the loads promise is often not kept.
  @Test(arguments: Seeds.first(40))
  func `a budget is kept, or a larger one is named that would be`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 14...24)).graph
    var planner = Planner(
      memory: MemoryModel(alignment: 1), layout: try #require(LayoutChoice(name: "chronological")))
    planner.recompute = .on
    planner.spill = .off
    let free = try planner.plan(graph, model: PlannedModel(path: "g")).summary
    for percent in stride(from: 95, through: 50, by: -5) {
      let budget = free.totalBytes * percent / 100
      planner.budget = ByteCount(budget)
      let plan = try planner.plan(graph, model: PlannedModel(path: "g"))
      if plan.summary.fits == true {
        #expect(plan.summary.totalBytes <= budget)
      } else {
        let smallest = try #require(plan.summary.smallestBudgetBytes)
        #expect(smallest > budget)
        planner.budget = ByteCount(smallest)
        let kept = try planner.plan(graph, model: PlannedModel(path: "g"))
        #expect(kept.summary.fits == true, "seed \(seed) at \(percent) %: \(smallest)")
        break
      }
    }
  }

  @Test func `whoever asks for the end of a ladder gets it`() throws {
    let graph = RandomGraph(seed: 3, shape: RandomGraph.Shape(nodes: 40...40)).graph
    let problem = SchedulingProblem(graph)
    for spill in [SpillChoice.off, .on] {
      var ladder = LadderPlanner(
        problem: problem, costs: CostModel(of: graph), layout: .auto,
        recompute: spill == .off ? .on : .off, spill: spill)
      ladder.orders = [Array(graph.nodeIDs)]
      let flag = CancellationFlag()
      ladder.cancellation = flag
      flag.cancel()
      let plain = try #require(
        Residencies.peakBytes(
          of: graph.nodeIDs.map { .run($0) },
          in: LadderModel(of: problem, streamsResidents: false)))
      let resident = problem.storages.totalBytes(in: .resident)
      #expect(throws: PlanningError.cancelled) {
        try ladder.plan(within: resident + plain - 1)
      }
    }
  }
}
