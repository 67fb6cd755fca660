// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming

/// Orders a stretch of an order as well as limits allow: exactly where it can.
///
/// Greedy orders first; then, while the peak is above the bound, the integer program if the stretch is
/// small, of which only the order is taken; then decision searches that halve what is between.
struct StretchSearch {
  /// How a search ended.
  enum Outcome: Hashable {
    /// The peak equals the bound of a least cut, or is no higher than what was asked for.
    case met
    /// A decision search found the order or proved that none is better.
    case decided
    /// The limits came first; the order is the best that was found.
    case undecided
  }

  /// How much is done before giving up, in counts.
  struct Limits {
    /// Costs that the greedies look at.
    var greedy = 2_000_000
    /// Operators whose least cut is computed.
    var cuts = 8
    /// Costs that the decision searches look at together.
    var decisions = 2_000_000
    /// Sets that one decision search looks at.
    var nodes = 20_000
    /// The simplex iterations of the integer program; 0 leaves it out.
    var iterations = 0
  }

  let model: OrderModel
  /// The best order so far.
  private(set) var order: [Int]
  /// Its peak.
  private(set) var peak: Int
  /// No order is below this, or there is no use in one.
  private(set) var bound: Int
  /// How it ended.
  private(set) var outcome = Outcome.undecided
  /// What was looked at.
  private(set) var work = 0
  /// Whether the integer program bettered the order.
  private(set) var isFromProgram = false
  /// The simplex iterations that the integer program took.
  private(set) var iterations = 0

  /// Operators whose forced bytes are computed, the hottest first.
  private static let forcedLimit = 1024
  /// The most operators that GLPK is given: with 30 it no longer ends.
  static let programLimit = 25

  /// Starts from the order of the operators' numbers.
  ///
  /// - Parameter floor: A peak below which nothing is gained.
  init(_ model: OrderModel, floor: Int) {
    self.model = model
    order = Array(0..<model.count)
    peak = model.peak(of: order)
    bound = max(floor, model.initialBytes)
  }

  /// Searches.
  mutating func run(_ limits: Limits, deadline: Deadline = .never) {
    guard peak > bound else {
      outcome = .met
      return
    }
    runGreedies(limits.greedy, deadline)
    raiseBound(cuts: limits.cuts)
    guard peak > bound else {
      outcome = .met
      return
    }
    if limits.iterations > 0, model.count <= Self.programLimit {
      runProgram(iterations: limits.iterations)
    }
    decide(limits, deadline)
  }

  private mutating func consider(_ candidate: [Int]) -> Bool {
    let candidatePeak = model.peak(of: candidate)
    guard candidatePeak < peak else { return false }
    (order, peak) = (candidate, candidatePeak)
    return true
  }

  private mutating func runGreedies(_ limit: Int, _ deadline: Deadline) {
    let backward = model.reversed()
    var spent = 0
    for rule in [BudgetGreedy.Rule.leastNet, .deepestFall] {
      for direction in [model, backward] where peak > bound && spent < limit {
        var greedy = BudgetGreedy(direction, rule: rule)
        let found = greedy.order(
          under: bound, below: peak, workLimit: limit - spent, deadline: deadline)
        spent += greedy.work
        if let found { _ = consider(direction.isReversed ? found.reversed() : found) }
      }
    }
    work += spent
  }

  /// Raises the bound by what is forced, then by cuts at the hottest operators.
  private mutating func raiseBound(cuts: Int) {
    for direction in [model, model.reversed()] {
      bound = max(bound, EndBound.bound(of: direction)?.bytes ?? 0)
    }
    let profile = model.profile(of: order)
    let hot = order.indices.filter { profile[$0] > bound }.sorted {
      (profile[$1], $0) < (profile[$0], $1)
    }.prefix(Self.forcedLimit).map { order[$0] }
    bound = max(bound, ForcedBound.bytes(at: hot, in: model).max() ?? 0)
    for operation in hot.prefix(cuts) where peak > bound {
      if let cut = CutBound(at: operation, in: model, visitLimit: 2_000_000) {
        bound = max(bound, cut.bytes)
        work += cut.visits / 16
      }
    }
  }

  private mutating func runProgram(iterations: Int) {
    let program = OrderProgram(model, notAbove: order, bound: bound)
    let found = program.order(solver: GLPKSolver(), iterations: iterations)
    self.iterations += found.iterations
    if let order = found.order { isFromProgram = consider(order) }
  }

  private mutating func decide(_ limits: Limits, _ deadline: Deadline) {
    var spent = 0
    defer { work += spent }
    while peak > bound {
      // What the cuts left is often an order's fault: ask for the bound itself first.
      let budget = spent == 0 ? bound : bound + (peak - bound) / 2
      guard let answer = decision(at: min(budget, peak - 1), limits, &spent, deadline) else {
        return
      }
      switch answer {
      case .order(let found): _ = consider(found)
      case .infeasible(let least): bound = max(bound, least)
      case .unknown: return
      }
    }
    outcome = .decided
  }

  /// The first answer among the rules and directions; `nil` where none knows.
  private func decision(
    at budget: Int, _ limits: Limits, _ spent: inout Int, _ deadline: Deadline
  ) -> DecisionSearch.Answer? {
    for direction in [model, model.reversed()] {
      guard spent < limits.decisions else { return nil }
      var search = DecisionSearch(direction, budget: budget)
      let answer = search.answer(
        limits: .init(nodes: limits.nodes, work: (limits.decisions - spent) / 2),
        deadline: deadline)
      // Never nothing, so that the loop ends.
      spent += max(search.work, 1)
      switch answer {
      case .order(let found): return .order(direction.isReversed ? found.reversed() : found)
      case .infeasible: return answer
      case .unknown: continue
      }
    }
    return nil
  }
}
