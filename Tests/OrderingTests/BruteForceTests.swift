// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

/// All that ordering claims, against the optimum over all sets that may have run, on random graphs of
/// up to 12 operators with everything a graph may have.
///
/// `GRAPHOPT_SEEDS` sets how many graphs are tried; by itself the suite takes a slice.
@Suite struct BruteForceTests {
  /// Seeds in runs of this many, so that a long run is no longer list of cases than it needs.
  private static let run = 20
  private static let runs = stride(from: 0, to: Seeds.first(240).count, by: run).map { $0 }

  static func graph(seed: Int) -> Graph {
    var shape = RandomGraph.Shape(nodes: 2...12)
    shape.views = seed % 25
    shape.updates = seed % 17
    shape.takeovers = seed * 7 % 80
    shape.moreOutputs = seed % 40
    shape.workspaces = seed * 3 % 50
    shape.outputs = 5 + seed % 30
    shape.reach = 2 + seed % 11
    return RandomGraph(seed: seed, shape: shape).graph
  }

  @Test(arguments: runs)
  func `no claim is wrong`(first: Int) throws {
    for seed in first..<min(first + Self.run, Seeds.first(240).count) { try check(seed: seed) }
  }

  private func check(seed: Int) throws {
    let graph = Self.graph(seed: seed)
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    let model = OrderModel(problem)
    let oracle = DownsetOracle(model: model)
    let solved = oracle.solve()
    let optimum = max(solved.peak, model.initialBytes)
    checkReductions(of: model, optimum: solved.peak, seed: seed)
    checkDecisions(on: model, optimum: optimum, seed: seed)
    checkCuts(of: model, least: solved.least, seed: seed)
    try checkBest(of: problem, optimum: optimum, seed: seed)

    let roam = try ROAMOrder(effort: .quick).schedule(for: problem).order.map(\.index)
    #expect(ReducedModelTests.isOrder(roam, of: model), "seed \(seed)")
    #expect(max(oracle.peak(of: roam), model.initialBytes) >= optimum, "seed \(seed)")

    // One window holds the whole graph, so the search ends at the optimum.
    let start = OrderModelTests.randomOrder(of: model, seed: seed)
    var windows = WindowSearch(model, order: start)
    windows.run(bound: 0, workLimit: .max, deadline: .never)
    #expect(ReducedModelTests.isOrder(windows.order, of: model), "seed \(seed)")
    #expect(max(oracle.peak(of: windows.order), model.initialBytes) == optimum, "seed \(seed)")
  }

  private func checkReductions(of model: OrderModel, optimum: Int, seed: Int) {
    for rules in [ReducedModel.Rules.all, .init(rawValue: UInt8(seed % 8))] {
      let reduced = ReducedModel(model, rules: rules)
      let solved = DownsetOracle(model: reduced.model).solve()
      #expect(solved.peak == optimum, "seed \(seed), rules \(rules.rawValue)")
      let order = reduced.expanded(solved.order)
      #expect(ReducedModelTests.isOrder(order, of: model), "seed \(seed)")
      #expect(DownsetOracle(model: model).peak(of: order) == optimum, "seed \(seed)")
    }
  }

  private func checkDecisions(on model: OrderModel, optimum: Int, seed: Int) {
    let direction = seed % 2 == 0 ? model : model.reversed()
    let rule = BudgetGreedy.Rule.allCases[seed / 2 % 4]
    for rules in [SearchState.Rules.all, .init(rawValue: UInt8(seed % 8))] {
      var search = DecisionSearch(direction, budget: optimum, rule: rule, rules: rules)
      if case .order(let order) = search.answer(
        limits: .init(nodes: .max, work: .max), deadline: .never)
      {
        #expect(ReducedModelTests.isOrder(order, of: direction), "seed \(seed)")
        #expect(DownsetOracle(model: direction).peak(of: order) <= optimum, "seed \(seed)")
      } else {
        Issue.record("no order at the optimum, seed \(seed)")
      }
      var below = DecisionSearch(direction, budget: optimum - 1, rule: rule, rules: rules)
      if case .infeasible(let least) = below.answer(
        limits: .init(nodes: .max, work: .max), deadline: .never)
      {
        #expect(least == optimum, "seed \(seed)")
      } else {
        Issue.record("an order below the optimum, seed \(seed)")
      }
    }
  }

  private func checkCuts(of model: OrderModel, least: [Int], seed: Int) {
    let forced = ForcedBound.bytes(at: Array(0..<model.count), in: model)
    for operation in 0..<model.count {
      guard let cut = CutBound(at: operation, in: model) else {
        Issue.record("a cut without a limit, seed \(seed)")
        continue
      }
      #expect(cut.bytes <= least[operation], "seed \(seed), operator \(operation)")
      #expect(forced[operation] <= cut.bytes, "seed \(seed), operator \(operation)")
    }
  }

  private func checkBest(of problem: SchedulingProblem, optimum: Int, seed: Int) throws {
    let result = try BestOfAll(limits: SearchLimits(effort: .quick)).result(for: problem)
    let witness = result.bound.witness
    let sum = witness.members.reduce(witness.workspaceBytes) { $0 + $1.bytes }
    #expect(sum == witness.bytes, "seed \(seed)")
    if result.bound.proof == .search {
      #expect(sum <= result.bound.bytes, "seed \(seed)")
    } else {
      #expect(sum == result.bound.bytes, "seed \(seed)")
    }
    // What nothing touches is there at the first step only, and in no model.
    let map = problem.storages
    let unused = map.roots.indices.filter {
      map.isLiveIn[$0] && map.spaces[$0] == .arena
        && map.toucherStart[$0] == map.toucherStart[$0 + 1]
    }.reduce(0) { $0 + map.bytes[$1] }
    #expect(result.bound.bytes <= optimum + unused, "seed \(seed)")
    #expect(result.peakBytes >= optimum, "seed \(seed)")
    #expect(result.peakBytes <= optimum + unused, "seed \(seed)")
    if unused == 0 { #expect(result.outcome == .provenOptimal, "seed \(seed)") }
  }
}
