// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// The searches behind ``BestOfAll``: from the best candidate down, from the bound up, until they
/// meet or the limits are reached.
///
/// Stages, cheapest first: least cuts at the hottest operators; the merge of trees; budget greedies
/// forwards and backwards; short decision searches, which also raise the bound; budget beams; longer
/// decision searches; windows around the peak. After each, whoever is better goes on.
struct OrderSearch {
  private let reduced: ReducedModel
  private let forward: OrderModel
  private let backward: OrderModel
  private let deadline: Deadline
  private(set) var tracker: BoundTracker
  /// The best order of the reduced model.
  private var order: [Int]
  /// Its peak.
  private var peak: Int
  /// What found it; `nil` for a candidate.
  private(set) var winner: String?
  /// Whether the deadline cut a stage short.
  private(set) var isLate = false

  /// How much each stage does, in costs looked at or calls.
  private struct Work {
    var firstCuts = 40
    var laterCuts = 12
    var lastCuts = 160
    var greedyRounds = 14
    var greedy = 20_000_000
    var beamOperators = 6_000
    var beamRounds = 8
    var beam = 24_000_000
    var beamCall = 6_000_000
    var firstDecisions = 6_000_000
    var lastDecisions = 30_000_000
    var decisionNodes = 200_000
    var windows = 12_000_000

    init(_ effort: SearchLimits.Effort, operators: Int) {
      if operators > 10_000 {
        // What is large misses the cache, and every look costs more.
        for path in [\Self.greedy, \.firstDecisions, \.lastDecisions] {
          self[keyPath: path] = self[keyPath: path] / operators * 10_000
        }
      }
      guard effort != .standard else { return }
      lastCuts = 20
      for path in [
        \Self.greedy, \.beam, \.beamCall, \.firstDecisions, \.lastDecisions, \.decisionNodes,
        \.windows,
      ] {
        self[keyPath: path] /= 100
      }
    }
  }

  private let work: Work
  private let jobs: Int

  /// Starts from the candidates.
  ///
  /// - Parameter orders: Orders of the problem; the best becomes the one to beat.
  init(
    _ problem: SchedulingProblem, orders: [[Int]], limits: SearchLimits, deadline: Deadline
  ) {
    let given = OrderModel(problem)
    reduced = ReducedModel(given)
    forward = reduced.model
    backward = forward.reversed()
    tracker = BoundTracker(problem, given: given, reduced: reduced)
    self.deadline = deadline
    jobs = limits.jobs
    work = Work(limits.effort, operators: forward.count)
    order = []
    peak = .max
    for candidate in orders {
      let inner = reduced.restricted(candidate)
      let innerPeak = forward.peak(of: inner)
      if innerPeak < peak { (order, peak) = (inner, innerPeak) }
    }
  }

  /// The best order, as one of the problem.
  var schedule: Schedule { Schedule(reduced.expanded(order).map { NodeID($0) }) }

  /// Whether no better order is worth looking for.
  private var isDone: Bool {
    peak - tracker.bytes <= tracker.bytes / OrderingResult.tolerance
  }

  private mutating func mayGoOn() -> Bool {
    if isDone { return false }
    if deadline.isOver { isLate = true }
    return !isLate
  }

  /// Takes an order if it is better.
  private mutating func consider(_ candidate: [Int], from name: String) {
    let candidatePeak = forward.peak(of: candidate)
    guard candidatePeak < peak else { return }
    (order, peak, winner) = (candidate, candidatePeak, name)
  }

  private mutating func tighten(_ cuts: Int) {
    guard mayGoOn() else { return }
    tracker.tighten(
      by: order, profile: forward.profile(of: order), limit: cuts, deadline: deadline)
  }

  /// Runs all stages.
  mutating func run() {
    guard forward.count > 0 else { return }
    tighten(work.firstCuts)
    if mayGoOn(), let tree = TreeMerge.order(of: forward) {
      consider(tree, from: "tree-merge")
      // The merge is optimal, so its peak is a bound by itself.
      if peak == forward.peak(of: tree) { tracker.raise(to: peak) }
    }
    runGreedies()
    tighten(work.laterCuts)
    // Most of what is still open is decided at once; the beam costs more than that.
    runDecisions(limit: work.firstDecisions)
    runBeams()
    tighten(work.laterCuts)
    runDecisions(limit: work.lastDecisions)
    tighten(work.lastCuts)
    runWindows()
  }

  /// Reorders windows around the peak, each exactly.
  private mutating func runWindows() {
    guard mayGoOn() else { return }
    var windows = WindowSearch(forward, order: order)
    windows.run(bound: tracker.bytes, workLimit: work.windows, deadline: deadline)
    consider(windows.order, from: "window-search")
  }

  /// Budgets to try: the bound, just below the best, then halves of what is between.
  private func budget(round: Int, above failed: Int) -> Int {
    switch round {
    case 0: tracker.bytes
    case 1: peak - 1
    default: failed + (peak - failed) / 2
    }
  }

  private mutating func runGreedies() {
    var failed = tracker.bytes
    var spent = 0
    for round in 0..<work.greedyRounds {
      if round > 1, peak - failed < tracker.bytes / 1000 { break }
      let budget = budget(round: round, above: failed)
      let before = peak
      for rule in BudgetGreedy.Rule.allCases {
        guard mayGoOn(), peak > budget, spent < work.greedy else { break }
        spent += runGreedyPair(rule, under: budget, workLimit: work.greedy - spent)
      }
      guard mayGoOn(), spent < work.greedy else { return }
      if peak < before { tighten(work.laterCuts) }
      failed = max(failed, tracker.bytes)
      if round > 1, peak > budget { failed = max(failed, budget) }
    }
  }

  /// Runs a greedy forwards and, if that does not reach the budget, backwards.
  ///
  /// With two threads both run at once, and the second is forgotten where it would not have run.
  private mutating func runGreedyPair(
    _ rule: BudgetGreedy.Rule, under budget: Int, workLimit: Int
  ) -> Int {
    let (limit, deadline) = (peak, self.deadline)
    @Sendable func run(_ model: OrderModel) -> (order: [Int]?, work: Int) {
      var greedy = BudgetGreedy(model, rule: rule)
      let order = greedy.order(
        under: budget, below: limit, workLimit: workLimit, deadline: deadline)
      return (order, greedy.work)
    }
    let (forward, backward) = (self.forward, self.backward)
    var (ahead, back): ((order: [Int]?, work: Int), (order: [Int]?, work: Int)?)
    if jobs > 1 {
      let both = ParallelPair.results({ run(backward) }, { run(forward) })
      (ahead, back) = (both.1, both.0)
    } else {
      (ahead, back) = (run(forward), nil)
    }
    if let order = ahead.order { consider(order, from: "budget-greedy") }
    guard mayGoOn(), peak > budget else { return ahead.work }
    let result = back ?? run(backward)
    if let order = result.order { consider(order.reversed(), from: "budget-greedy") }
    return ahead.work + result.work
  }

  private mutating func runBeams() {
    guard forward.count <= work.beamOperators else { return }
    var failed = tracker.bytes
    var spent = 0
    for round in 0..<work.beamRounds {
      let budget = round == 0 ? tracker.bytes : failed + (peak - failed) / 2
      for width in [2, 16] {
        for isBackward in [true, false] {
          guard mayGoOn(), spent < work.beam else { return }
          guard peak > budget else { continue }
          let found = BudgetBeam.order(
            of: isBackward ? backward : forward, under: budget, width: width,
            workLimit: work.beamCall, deadline: deadline)
          spent += found.work
          if let found = found.order {
            consider(isBackward ? found.reversed() : found, from: "budget-beam")
          }
        }
      }
      failed = max(peak > budget ? budget : failed, tracker.bytes)
      if peak - failed < max(tracker.bytes / 1000, 2) { return }
    }
  }

  private mutating func runDecisions(limit: Int) {
    var spent = 0
    var isFirst = true
    while mayGoOn(), spent < limit {
      var budget = isFirst ? tracker.bytes : tracker.bytes + (peak - tracker.bytes) / 2
      isFirst = false
      if decide(budget, spent: &spent, limit: limit) { continue }
      // Too hard to tell; a higher budget is easier to meet, a lower one to refute.
      budget += (peak - budget) / 2
      if budget >= peak || !decide(budget, spent: &spent, limit: limit) { return }
    }
  }

  /// Finds an order within a budget or raises the bound above it; whether either worked.
  private mutating func decide(_ budget: Int, spent: inout Int, limit: Int) -> Bool {
    for rule in [BudgetGreedy.Rule.deepestFall, .leastNet, .lowestHill, .file] {
      for model in [forward, backward] {
        guard mayGoOn(), spent < limit else { return false }
        var search = DecisionSearch(model, budget: budget, rule: rule)
        let limits = DecisionSearch.Limits(nodes: work.decisionNodes, work: limit / 6)
        let answer = search.answer(limits: limits, deadline: deadline)
        spent += search.work
        switch answer {
        case .order(let found):
          consider(model.isReversed ? found.reversed() : found, from: "decision-search")
          return true
        case .infeasible(let least):
          tracker.raise(to: least)
          return true
        case .unknown: continue
        }
      }
    }
    return false
  }
}
