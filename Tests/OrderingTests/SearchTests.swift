// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct SearchTests {
  private static let rules: [SearchState.Rules] = [
    [], .safeMoves, .forcedChains, [.safeMoves, .suffixCommit], .valleyCommit, .all,
  ]

  @Test(arguments: Seeds.first(150))
  func `the decision search is never wrong`(seed: Int) {
    let model = ReducedModelTests.model(seed: seed)
    let oracle = DownsetOracle(model: model)
    let optimum = oracle.solve().peak
    let direction = seed % 2 == 0 ? model : model.reversed()
    for (index, rules) in Self.rules.enumerated() {
      let rule = BudgetGreedy.Rule.allCases[(seed + index) % 4]
      var search = DecisionSearch(direction, budget: optimum, rule: rule, rules: rules)
      guard case .order(let order) = search.answer(limits: .init(), deadline: .never) else {
        Issue.record("no order found at the optimum with rules \(rules.rawValue)")
        continue
      }
      #expect(ReducedModelTests.isOrder(order, of: direction))
      #expect(DownsetOracle(model: direction).peak(of: order) == optimum)
      var below = DecisionSearch(direction, budget: optimum - 1, rule: rule, rules: rules)
      guard case .infeasible(optimum) = below.answer(limits: .init(), deadline: .never) else {
        Issue.record("not refuted up to the optimum with rules \(rules.rawValue)")
        continue
      }
    }
  }

  @Test(arguments: Seeds.first(60))
  func `valleys shorten the search and keep its answers`(seed: Int) {
    var shape = RandomGraph.Shape(nodes: 10...13)
    shape.reach = 4 + seed % 8
    shape.takeovers = seed % 60
    shape.updates = seed % 12
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let given = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    let model = seed % 2 == 0 ? given : given.reversed()
    let optimum = DownsetOracle(model: model).solve().peak
    for rules in [SearchState.Rules.valleyCommit, [.safeMoves, .valleyCommit], .all] {
      var search = DecisionSearch(model, budget: optimum, rules: rules)
      guard case .order(let order) = search.answer(limits: .init(), deadline: .never) else {
        Issue.record("no order found at the optimum with rules \(rules.rawValue)")
        continue
      }
      #expect(DownsetOracle(model: model).peak(of: order) == optimum)
      var below = DecisionSearch(model, budget: optimum - 1, rules: rules)
      var plain = DecisionSearch(
        model, budget: optimum - 1, rules: rules.subtracting([.valleyCommit, .forcedChains]))
      guard case .infeasible(optimum) = below.answer(limits: .init(), deadline: .never),
        case .infeasible(optimum) = plain.answer(limits: .init(), deadline: .never)
      else {
        Issue.record("not refuted up to the optimum with rules \(rules.rawValue)")
        continue
      }
    }
  }

  @Test func `the valley rule finds something`() {
    var nodes = (with: 0, without: 0)
    for seed in 0..<40 {
      var shape = RandomGraph.Shape(nodes: 14...18)
      shape.reach = 12
      let model = OrderModel(SchedulingProblem(RandomGraph(seed: seed, shape: shape).graph))
      let peak = model.peak(of: OrderModelTests.randomOrder(of: model, seed: seed))
      // Hard to refute: somewhat below what a greedy needs.
      for step in 1...6 {
        var with = DecisionSearch(model, budget: peak * step / 7, rules: [.valleyCommit])
        var without = DecisionSearch(model, budget: peak * step / 7, rules: [])
        _ = with.answer(limits: .init(), deadline: .never)
        _ = without.answer(limits: .init(), deadline: .never)
        nodes.with += with.nodes
        nodes.without += without.nodes
      }
    }
    #expect(nodes.with * 4 < nodes.without * 3)
  }

  @Test(arguments: 0..<100)
  func `refutations climb to the optimum and no further`(seed: Int) {
    let model = ReducedModelTests.model(seed: seed)
    let optimum = DownsetOracle(model: model).solve().peak
    var budget = optimum / 3
    while true {
      var search = DecisionSearch(model, budget: budget)
      guard case .infeasible(let least) = search.answer(limits: .init(), deadline: .never) else {
        break
      }
      #expect(least > budget && least <= optimum)
      guard least > budget, least <= optimum else { break }
      budget = least
    }
    #expect(budget == optimum)
  }

  @Test(arguments: 0..<50)
  func `budget greedies give orders, and keep a budget they claim`(seed: Int) {
    var shape = RandomGraph.Shape(nodes: 5...30)
    shape.reach = 3 + seed % 25
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let given = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    let model = seed % 2 == 0 ? given : given.reversed()
    let peak = model.peak(of: OrderModelTests.randomOrder(of: model, seed: seed))
    for rule in BudgetGreedy.Rule.allCases {
      var greedy = BudgetGreedy(model, rule: rule)
      let order = greedy.order(under: peak * 3 / 4, below: .max, deadline: .never)
      #expect(order.map { ReducedModelTests.isOrder($0, of: model) } == true)
      var limited = BudgetGreedy(model, rule: rule)
      let other = limited.order(under: peak * 3 / 4, below: peak, deadline: .never)
      if let order, model.profile(of: order).max() ?? 0 < peak { #expect(other == order) }
      if let other { #expect(model.profile(of: other).max() ?? 0 < peak) }
    }
  }

  @Test(arguments: 0..<60)
  func `kept macros are those that would be built anew`(seed: Int) {
    // A wide graph, so that macros overlap; the reference builds all macros at every step.
    var shape = RandomGraph.Shape(nodes: 12...30)
    shape.reach = 15
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let given = OrderModel(SchedulingProblem(graph, model: models[seed % models.count]))
    let model = seed % 2 == 0 ? given : given.reversed()
    let rule = BudgetGreedy.Rule.allCases[seed % 4]
    let budget = model.peak(of: OrderModelTests.randomOrder(of: model, seed: seed)) * 2 / 3
    var greedy = BudgetGreedy(model, rule: rule)
    let order = greedy.order(under: budget, below: .max, deadline: .never)
    #expect(order == Self.plainGreedy(model, budget: budget, rule: rule))
  }

  /// The budget greedy by its definition.
  static func plainGreedy(_ model: OrderModel, budget: Int, rule: BudgetGreedy.Rule) -> [Int] {
    var search = SearchState(model)
    func slot(_ operation: Int) -> Int {
      model.isReversed ? model.count - 1 - operation : operation
    }
    while search.order.count < model.count {
      let ready = search.ready.map { Int($0) }.sorted { slot($0) < slot($1) }
      let gap = budget - search.state.live
      let safe = ready.filter { search.state.net($0) <= 0 }
        .min { search.state.rise($0) < search.state.rise($1) }
      if let safe, search.state.rise(safe) <= gap {
        search.run(safe)
        continue
      }
      var macros: [(macro: Macro, slot: Int)] = []
      for operation in ready {
        let both = Macro.macros(from: operation, in: &search.state)
        macros.append((both.low, slot(operation)))
        macros.append((both.deep, slot(operation)))
      }
      let fitting = macros.filter { $0.macro.hill <= gap }
      func key(_ entry: (macro: Macro, slot: Int)) -> Int {
        switch rule {
        case .leastNet: entry.macro.net
        case .deepestFall: entry.macro.net - entry.macro.hill
        case .file: entry.slot
        case .lowestHill: entry.macro.hill
        }
      }
      let choice =
        fitting.filter { $0.macro.net <= 0 }.min { $0.macro.hill < $1.macro.hill }
        ?? fitting.min { key($0) < key($1) } ?? macros.min { $0.macro.hill < $1.macro.hill }
      for operation in choice?.macro.operations ?? [] { search.run(Int(operation)) }
    }
    return search.order.map { Int($0) }
  }

  @Test(arguments: 0..<60)
  func `a wide beam finds the optimum of small models`(seed: Int) {
    let model = ReducedModelTests.model(seed: seed)
    let optimum = DownsetOracle(model: model).solve().peak
    let direction = seed % 2 == 0 ? model : model.reversed()
    let found = BudgetBeam.order(
      of: direction, under: optimum, width: 1000, workLimit: .max, deadline: .never)
    #expect(found.order.map { direction.peak(of: $0) } == optimum)
    let none = BudgetBeam.order(
      of: direction, under: optimum - 1, width: 1000, workLimit: .max, deadline: .never)
    #expect(none.order == nil)
  }

  /// A random tree of operators that each make one tensor for the next.
  static func tree(seed: Int, nodes: Int) throws -> Graph {
    var random = SeededGenerator(seed: seed)
    var graph = Graph(name: "tree")
    var open: [TensorID] = []
    for index in 0..<nodes {
      let isLast = index == nodes - 1
      let count = isLast ? open.count : min(open.count, Int.random(in: 0...3, using: &random))
      var inputs: [TensorID] = []
      for _ in 0..<count {
        inputs.append(open.remove(at: Int.random(in: open.indices, using: &random)))
      }
      let made = try graph.addTensor(
        "t\(index)", type: .uint8, shape: [64 * Int.random(in: 1...20, using: &random)],
        role: .activation)
      let scratch = Int.random(in: 0..<4, using: &random) == 0 ? 64 * 5 : 0
      try graph.addNode(
        "", kind: OperatorKind(type: "Op"), inputs: inputs, outputs: [made],
        workspace: ByteCount(scratch))
      open.append(made)
      if isLast { graph.addOutput(made) }
    }
    return graph
  }

  @Test(arguments: 0..<150)
  func `the merge of trees is optimal`(seed: Int) throws {
    let graph = try Self.tree(seed: seed, nodes: 3 + seed % 9)
    let model = OrderModel(SchedulingProblem(graph))
    let order = try #require(TreeMerge.order(of: model))
    #expect(ReducedModelTests.isOrder(order, of: model))
    #expect(model.peak(of: order) == DownsetOracle(model: model).solve().peak)
  }

  @Test func `what is no tree is refused`() {
    var refused = 0
    for seed in 0..<50 {
      let model = ReducedModelTests.model(seed: seed)
      if TreeMerge.order(of: model) == nil { refused += 1 }
    }
    #expect(refused > 40)
  }
}
