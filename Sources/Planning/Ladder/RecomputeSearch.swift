// SPDX-License-Identifier: Apache-2.0

import Cancellation
import GraphIR
import MemoryLayout
import Ordering

/// Looks for cheap actions within a budget: several orders are executed by several rules
/// (``EvictingRun``), and with what a minimum cut at their highest moment chooses (``RecomputeAdvice``); then
/// the best one is executed again and again, with a part of what it dropped kept
/// and scores blurred at random (large neighbourhood search; Shaw, CP 1998). What turns out needless is
/// left out (``StayTimeline``).
///
/// Work is counted and random numbers are always the same ones: the same input gives the same answer
/// everywhere.
struct RecomputeSearch {
  /// How much work is done, in entries looked at.
  struct Limits {
    /// One execution.
    var run: Int
    /// The executions of all orders and rules; where any actions will do; on the way down.
    var (total, first, descent): (Int, Int, Int)
    /// All executions that begin with the best one.
    var improvement: Int
    /// How many of those there are, in all and without gain.
    var rounds: (most: Int, idle: Int)
    /// One annealing; 0 for graphs that are too large for it, or so small that executions come to the
    /// same.
    var annealing: Int

    /// What is worth it for a graph of so many nodes.
    init(nodes: Int) {
      run = 2_000 * max(nodes, 10)
      total = min(120_000_000, 60 * run)
      first = min(30_000_000, 20 * run)
      descent = min(60_000_000, 60 * run)
      improvement = min(120_000_000, 300 * run)
      let idle = min(300, 20 + nodes / 2)
      rounds = (5 * idle, idle)
      annealing = (100...1_000).contains(nodes) ? 500_000 * nodes : 0
    }
  }

  /// Actions within the budget.
  struct Found {
    var actions: [LadderAction]
    /// Seconds, a little for each start included.
    var price: Double
    /// The order that they run.
    var uses: EvictingRun.Uses
  }

  /// How often an annealing that came to no actions within the budget goes on.
  private static let repairs = 2
  /// The parts of the budget that cuts may keep: what runs again behind a moment needs room, too.
  private static let advisedParts = [1, 0.98, 0.95]
  /// All storages of what is annealed come to less than this, so that byte steps can be counted.
  private static let annealableBytes = 1 << 48

  private let model: LadderModel
  private let uses: [EvictingRun.Uses]
  private let dependencies: Dependencies?
  private let moves: OrderMoves?
  private let costs: CostModel
  private let mayRecompute: Bool
  let maySpill: Bool
  /// What cuts may choose among.
  private let means: LadderMeans
  private let limits: Limits
  private var random = SplitMix64(seed: 8)
  private var work = 0
  /// The best so far.
  private(set) var best: Found?
  /// Whoever may end the work, after which no actions are found.
  var cancellation: CancellationFlag?

  /// - Parameters:
  ///   - orders: Orders of the runs, all different.
  ///   - dependencies: What any order must keep; without them, orders stay as they are.
  init(
    _ model: LadderModel, orders: [[NodeID]], dependencies: Dependencies? = nil, costs: CostModel,
    mayRecompute: Bool, maySpill: Bool, limits: Limits? = nil
  ) {
    self.model = model
    self.dependencies = dependencies
    moves = dependencies.map { OrderMoves($0) }
    uses = orders.map { EvictingRun.Uses(model, $0) }
    self.costs = costs
    self.mayRecompute = mayRecompute
    self.maySpill = maySpill
    means =
      maySpill
      ? LadderMeans(spillingIn: model, costs: costs, mayRecompute: mayRecompute) : .recomputing
    self.limits = limits ?? Limits(nodes: model.nodeCount)
  }

  /// What actions cost, in seconds, and a little for each node that starts again.
  static func price(
    of actions: [LadderAction], in model: LadderModel, _ costs: CostModel
  ) -> Double {
    let starts = actions.count { $0.kind == .recompute }
    return costs.seconds(of: actions, in: model) + EvictingRun.startSeconds * Double(starts)
  }

  /// One execution, without what is needless.
  private mutating func execute(
    _ uses: EvictingRun.Uses, _ rule: EvictionRule, within budget: Int, drops: Set<Int> = []
  ) -> Found? {
    if let cancellation, cancellation.isCancelled {
      work = .max / 2
      return nil
    }
    var run = EvictingRun(
      model, uses: uses, costs: costs, budget: budget, rule: rule,
      mayRecompute: mayRecompute, maySpill: maySpill, drops: drops, workLimit: limits.run)
    let actions = run.run()
    work += run.work + 8 * run.actions.count
    guard let actions, !actions.isEmpty else { return nil }
    return spilledAnew(thinned(actions, uses, within: budget), within: budget)
  }

  /// What was found with what it spills chosen anew, at a glance, if that is cheaper: what an execution
  /// spills says little about what its recomputes are worth.
  private mutating func spilledAnew(_ found: Found, within budget: Int) -> Found {
    guard maySpill, mayRecompute,
      let spilled = SpillSearch.improved(
        found.actions, in: model, budget: budget, limits: .glance)
    else { return found }
    work += 8 * found.actions.count
    let price = Self.price(of: spilled.actions, in: model, costs)
    return price < found.price
      ? Found(actions: spilled.actions, price: price, uses: found.uses) : found
  }

  /// Actions without what is needless, in an order with late runs where that fits.
  private func thinned(
    _ actions: [LadderAction], _ uses: EvictingRun.Uses, within budget: Int
  ) -> Found {
    var timeline = StayTimeline(actions, in: model, costs: costs)
    timeline.thin(within: budget)
    var rest = model.withoutUseless(timeline.rest)
    var uses = uses
    if let moves, let late = model.withLateRuns(rest) {
      let fewer = model.withoutUseless(late)
      let other = EvictingRun.Uses(model, fewer.order, holds: uses.holds)
      let peak = Residencies.peakBytes(of: fewer, in: model)
      if moves.isKept(by: other), peak.map({ $0 <= budget }) ?? false {
        (rest, uses) = (fewer, other)
      }
    }
    return Found(actions: rest, price: Self.price(of: rest, in: model, costs), uses: uses)
  }

  private mutating func take(_ found: Found?) -> Bool {
    guard let found, best.map({ found.price < $0.price - 1e-15 }) ?? true else { return false }
    best = found
    return true
  }

  /// Executes the orders within a budget, by several rules; if none fits, from larger budgets down.
  ///
  /// - Parameter isFirstEnough: Whether any actions will do.
  mutating func run(within budget: Int, isFirstEnough: Bool = false) {
    best = nil
    work = 0
    let total = isFirstEnough ? limits.first : limits.total
    var ranked: [(price: Double, order: Int)] = []
    for order in uses.indices where work < total {
      let found = execute(uses[order], EvictionRule(), within: budget)
      if let found { ranked.append((found.price, order)) }
      if take(found), isFirstEnough { return }
    }
    ranked.sort { $0 < $1 }
    let candidates = ranked.isEmpty ? Array(uses.indices.prefix(2)) : ranked.prefix(2).map(\.order)
    for order in candidates {
      if advise(order, within: budget), isFirstEnough { return }
    }
    for order in candidates {
      for distance in EvictionRule.Distance.allCases {
        for dependents in EvictionRule.dependentShares where work < total {
          let rule = EvictionRule(distance: distance, dependents: dependents)
          if take(execute(uses[order], rule, within: budget)), isFirstEnough { return }
        }
      }
      if work < total {
        let rule = EvictionRule(sparePart: 1)
        if take(execute(uses[order], rule, within: budget)), isFirstEnough { return }
      }
    }
    guard best == nil, !isFirstEnough else { return }
    for order in candidates where best == nil { descend(order, to: budget) }
  }

  /// Executes an order with what a cut at its highest moment keeps and makes again.
  private mutating func advise(_ order: Int, within budget: Int) -> Bool {
    var isBetter = false
    for part in Self.advisedParts {
      let advice = RecomputeAdvice(
        for: uses[order].order, in: model, costs: costs, within: Int(Double(budget) * part),
        by: means)
      for choice in advice.choices {
        let held = EvictingRun.Uses(model, uses[order].order, holds: choice.holds)
        let drops = choice.drops.map { EvictingRun.key(of: $0.storage, at: $0.position, in: model) }
        if take(execute(held, EvictionRule(), within: budget, drops: Set(drops))) {
          isBetter = true
        }
      }
    }
    return isBetter
  }

  /// Executes an order within budgets that fall to the one that is wanted, each time beginning with
  /// what was dropped for the last one.
  private mutating func descend(_ order: Int, to budget: Int) {
    work = 0
    let plain = uses[order].order.map { LadderAction.run($0) }
    guard var high = Residencies.peakBytes(of: plain, in: model) else { return }
    var last: [LadderAction] = []
    var known = uses[order]
    var (step, failures) = (0.5, 0)
    while high > budget, failures < 8, work < limits.descent {
      let middle = max(budget, high - max(1, Int(Double(high - budget) * step)))
      var found: Found?
      for attempt in 0..<24 where found == nil && work < limits.descent {
        var drops = drops(of: last)
        if attempt % 2 == 1 { keepSome(&drops, at: 1 + random.below(max(1, drops.count / 4))) }
        let rule = rule(blurred: attempt > 4 ? 1 : 0)
        found = execute(known, rule, within: middle, drops: Set(drops))
      }
      if let found {
        last = found.actions
        known = found.uses
        high = min(middle, Residencies.peakBytes(of: last, in: model) ?? middle)
        step = min(0.7, step * 1.5)
        if high <= budget { _ = take(found) }
      } else {
        failures += 1
        step /= 2
      }
    }
  }

  /// Makes the best actions cheaper.
  mutating func improve(within budget: Int) {
    work = 0
    var (round, idle) = (0, 0)
    while let best, best.price > 0, round < limits.rounds.most, idle < limits.rounds.idle,
      work < limits.improvement
    {
      round += 1
      idle += 1
      var drops = drops(of: best.actions)
      guard !drops.isEmpty else { return }
      keepSome(&drops, at: 1 + random.below(max(2, min(drops.count / 2, 60))))
      let rule = rule(blurred: [0.5, 1.5, 3][random.below(3)])
      var uses = best.uses
      if random.below(2) == 0, let other = moved(best) {
        drops = drops.map { EvictingRun.key($0, movedFrom: uses, to: other, in: model) }
        uses = other
      }
      if take(execute(uses, rule, within: budget, drops: Set(drops))) { idle = 0 }
    }
  }

  /// Where an annealing begins.
  struct Start: Sendable {
    var actions: [LadderAction]
    var heat: RunAnnealing.Heat
  }

  /// The best actions, if there are any, and the first order.
  var starts: [Start] {
    guard limits.annealing > 0,
      model.bytes.allSatisfy({ $0 < Self.annealableBytes / model.storageCount })
    else { return [] }
    let plain = uses[0].order.map { LadderAction.run($0) }
    let known = best.map { [Start(actions: $0.actions, heat: .low)] } ?? []
    return known + [
      Start(actions: plain, heat: .high), Start(actions: plain, heat: .medium),
      Start(actions: plain, heat: .high),
    ]
  }

  /// Actions within a budget that annealing leads to, one from each start that comes to any; cheapest
  /// first.
  func annealed(within budget: Int, from starts: [Start], jobs: Int) -> [Found] {
    guard let dependencies else { return [] }
    let prices = (0..<model.nodeCount).map {
      costs.seconds(ofNode: $0) + EvictingRun.startSeconds
    }
    var found: [Found] = []
    Team(jobs: jobs).run(starts.count, deadline: .never) {
      [model, limits, cancellation] index, _ in
      var annealing = RunAnnealing(
        starts[index].actions, of: model, dependencies, prices: prices, within: budget,
        seed: UInt64(index))
      annealing.run(starts[index].heat, work: limits.annealing, cancellation: cancellation)
      for _ in 0..<Self.repairs where annealing.best == nil {
        annealing.run(.medium, work: limits.annealing / 2, cancellation: cancellation)
      }
      return annealing.best
    } take: { _, actions in
      guard let actions, Residencies.peakBytes(of: actions, in: model).map({ $0 <= budget }) == true
      else { return true }
      found.append(thinned(actions, EvictingRun.Uses(model, actions.order), within: budget))
      return true
    }
    return found.enumerated().sorted {
      ($0.element.price, $0.offset) < ($1.element.price, $1.offset)
    }
    .map(\.element)
  }

  /// The order of some actions with one node elsewhere: one that runs again, or any.
  private mutating func moved(_ found: Found) -> EvictingRun.Uses? {
    guard let moves else { return nil }
    let order = found.uses.order
    var node = order[random.below(order.count)]
    if random.below(2) == 0 {
      let again = found.actions.filter { $0.kind == .recompute }.compactMap(\.node)
      if !again.isEmpty { node = again[random.below(again.count)] }
    }
    let window = moves.window(of: node, in: found.uses.position)
    let source = Int(found.uses.position[node.index])
    let target = window.lowerBound + random.below(window.count)
    guard source != target else { return nil }
    return EvictingRun.Uses(
      model, OrderMoves.moved(order, from: source, to: target), holds: found.uses.holds)
  }

  /// Takes so many drops out: those of a stretch of time, or any.
  private mutating func keepSome(_ drops: inout [Int], at count: Int) {
    guard !drops.isEmpty else { return }
    if random.below(2) == 0 {
      let first = random.below(drops.count)
      drops.removeSubrange(first..<min(first + count, drops.count))
    } else {
      for _ in 0..<min(count, drops.count) { drops.remove(at: random.below(drops.count)) }
    }
  }

  private mutating func rule(blurred strength: Double) -> EvictionRule {
    let distances = EvictionRule.Distance.allCases
    var rule = EvictionRule(
      distance: distances[random.below(distances.count)],
      dependents: EvictionRule.dependentShares[random.below(EvictionRule.dependentShares.count)])
    if random.below(4) == 0 { rule.sparePart = 1 }
    guard strength > 0 else { return rule }
    rule.factors = (0..<model.storageCount).map { _ in
      Self.power(of: strength * (2 * random.uniform() - 1))
    }
    return rule
  }

  /// About e to a power between -4 and 4, the same on every machine.
  private static func power(of exponent: Double) -> Double {
    var result = 1 + exponent / 64
    for _ in 0..<6 { result *= result }
    return result
  }

  /// Where storages leave for good or until they come again, by position; in order.
  private func drops(of actions: [LadderAction]) -> [Int] {
    var last = [Int](repeating: -1, count: model.storageCount)
    var drops: [(position: Int, key: Int)] = []
    var position = 0
    func comes(_ storage: Int) {
      if last[storage] >= 0 {
        let key = EvictingRun.key(of: storage, at: last[storage], in: model)
        drops.append((last[storage], key))
      }
      last[storage] = position
    }
    for action in actions {
      for storage in model.reads(of: action) { last[storage] = position }
      switch action {
      case .run(let node):
        for storage in model.makes[node.index] { last[storage] = position }
        position += 1
      case .recompute(let node):
        for storage in model.remakes[node.index] { comes(storage) }
      case .fetch(let storage): comes(storage.index)
      case .spill: break
      }
    }
    drops.sort { ($0.position, $0.key) < ($1.position, $1.key) }
    return drops.map(\.key)
  }
}
