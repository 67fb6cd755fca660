// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout

/// Makes what a schedule runs again cheaper: a part of it is given up, and the greedy ladder finds its
/// way back below the budget with scores blurred at random, again and again (large neighbourhood
/// search; Shaw, CP 1998). What turns out needless goes at once.
///
/// Rounds are counted, and random numbers are always the same ones: the same input gives the same
/// schedule everywhere.
struct RecomputeSearch {
  private let model: LadderModel
  private let order: [NodeID]
  private let costs: CostModel
  private let budget: Int
  private var random = SplitMix64(seed: 8)
  private(set) var actions: [LadderAction]
  private(set) var price: Double

  /// Rounds, in all and without gain.
  private static let rounds = (most: 1200, idle: 240)
  /// Actions and storages that are looked at, in all.
  static let work = 4_000_000
  private var left: Int

  /// - Parameters:
  ///   - order: The runs, in order.
  ///   - actions: Runs and recomputes whose loads are within the budget.
  init(
    _ model: LadderModel, order: [NodeID], _ actions: [LadderAction], costs: CostModel, budget: Int,
    work: Int = Self.work
  ) {
    self.model = model
    self.order = order
    self.costs = costs
    self.budget = budget
    self.actions = actions
    left = work
    price = Self.price(of: actions, costs)
  }

  private static func price(of actions: [LadderAction], _ costs: CostModel) -> Double {
    actions.reduce(0) { sum, action in
      // A node's start counts a little, as it does for the greedy ladder.
      guard case .recompute(let node) = action else { return sum }
      return sum + costs.seconds(ofNode: node.index) + 1e-9
    }
  }

  private func state(_ actions: [LadderAction]) -> LadderState {
    LadderState(model, order: order, repeating: actions)
  }

  /// Looks for cheaper schedules.
  ///
  /// - Complexity: O(rounds · (touches + the greedy ladder's way back)).
  mutating func run() {
    var idle = 0
    thin()
    var round = 0
    while round < Self.rounds.most, idle < Self.rounds.idle, left > 0, price > 0 {
      round += 1
      var ladder = LadderGreedy(
        state(destroyed()), costs: costs, budget: budget, mayRecompute: true, maySpill: false,
        blur: SplitMix64(seed: random.next()), workLimit: left)
      idle += 1
      defer { left -= ladder.work + 4 * actions.count }
      guard ladder.run() else { continue }
      if take(ladder.state.actions()) {
        idle = 0
        thin()
      }
    }
  }

  /// Takes a schedule if it is cheaper and within the budget.
  private mutating func take(_ other: [LadderAction]) -> Bool {
    let cost = Self.price(of: other, costs)
    guard cost < price - 1e-15, state(other).loads.peak.bytes <= budget else { return false }
    (actions, price) = (other, cost)
    return true
  }

  /// Leaves out one recompute after the other, dearest first, where that keeps the budget.
  private mutating func thin() {
    let again = actions.indices.filter { actions[$0].kind == .recompute }
    let byPrice = again.sorted {
      (-cost(actions[$0]), $0) < (-cost(actions[$1]), $1)
    }
    var isOut = [Bool](repeating: false, count: actions.count)
    for index in byPrice where left > 0 {
      left -= actions.count / 2
      isOut[index] = true
      let rest = actions.indices.filter { !isOut[$0] }.map { actions[$0] }
      if state(rest).loads.peak.bytes > budget { isOut[index] = false }
    }
    let rest = actions.indices.filter { !isOut[$0] }.map { actions[$0] }
    _ = take(LadderState.withoutUseless(rest, model))
  }

  private func cost(_ action: LadderAction) -> Double {
    action.node.map { costs.seconds(ofNode: $0.index) } ?? 0
  }

  /// The schedule without some of its recomputes: those of a stretch of time, or any.
  private mutating func destroyed() -> [LadderAction] {
    let again = actions.indices.filter { actions[$0].kind == .recompute }
    let most = max(2, again.count / 3)
    let count = 1 + random.below(min(most, 24))
    var out: Set<Int> = []
    if random.below(3) > 0 {
      let first = random.below(again.count)
      out.formUnion(again[first..<min(first + count, again.count)])
    } else {
      for _ in 0..<count { out.insert(again[random.below(again.count)]) }
    }
    let rest = actions.indices.filter { !out.contains($0) }.map { actions[$0] }
    return LadderState.withoutUseless(rest, model)
  }
}
