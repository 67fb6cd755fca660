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
  /// Who decides budgets, the last that did first.
  private var deciders = Member.all([.deepestFall, .leastNet])
  /// Whether the deadline cut a stage short.
  private(set) var isLate = false

  /// How much each stage does, in entries looked at or calls.
  private struct Work {
    /// Cuts, and how many in a row may raise nothing.
    var firstCuts = (limit: 40, patience: 4)
    var laterCuts = (limit: 12, patience: 12)
    var lastCuts = (limit: 160, patience: 160)
    var greedyRounds = 14
    var greedy = 160_000_000
    var greedyCall = 160_000_000
    /// What a first greedy in each direction may do before the others start.
    var firstGreedyCall = 0
    var beamOperators = 6_000
    var beamRounds = 8
    var beam = 192_000_000
    var beamCall = 48_000_000
    var firstDecisions = [1_000_000, 8_000_000]
    var lastDecisions = [32_000_000, 120_000_000]
    var decisionNodes = 1_000_000
    var windows = 12_000_000

    init(_ effort: SearchLimits.Effort, operators: Int) {
      if operators > 20_000 {
        // What is large misses the cache, and every look costs more. The greedies go on: they have
        // to come to their end once in each direction to be of any use.
        greedy = max(greedy, 4_000 * operators)
        greedyCall = greedy / 3
        firstGreedyCall = greedy / 10
        firstDecisions = [8_000_000]
        lastDecisions = [24_000_000]
      }
      guard effort != .standard else { return }
      lastCuts.limit = 20
      (firstDecisions, lastDecisions) = ([400_000], [1_600_000])
      for path in [
        \Self.greedy, \.greedyCall, \.firstGreedyCall, \.beam, \.beamCall,
        \.decisionNodes, \.windows,
      ] {
        self[keyPath: path] /= 100
      }
    }
  }

  private let work: Work
  private let team: Team

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
    team = Team(jobs: limits.jobs)
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

  private mutating func tighten(_ cuts: (limit: Int, patience: Int)) {
    guard mayGoOn() else { return }
    tracker.tighten(
      by: order, profile: forward.profile(of: order), limit: cuts.limit, patience: cuts.patience,
      team: team,
      deadline: deadline)
  }

  /// Whether the cuts that come first prove that no better order is worth looking for.
  mutating func isSettledByCuts() -> Bool {
    guard forward.count > 0 else { return true }
    tighten(work.firstCuts)
    return isDone
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
    for callLimit in work.firstDecisions { runDecisions(callLimit: callLimit) }
    runBeams()
    tighten(work.laterCuts)
    for callLimit in work.lastDecisions { runDecisions(callLimit: callLimit) }
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
    if work.firstGreedyCall > 0 {
      // Often one direction is easy and the other one dear.
      runGreedies([.leastNet], under: tracker.bytes, callLimit: work.firstGreedyCall, spent: &spent)
      tighten(work.laterCuts)
    }
    for round in 0..<work.greedyRounds {
      if round > 1, peak - failed < tracker.bytes / 1000 { break }
      let budget = budget(round: round, above: failed)
      let before = peak
      runGreedies(
        BudgetGreedy.Rule.allCases, under: budget, callLimit: work.greedyCall, spent: &spent)
      guard mayGoOn(), spent < work.greedy else { return }
      if peak < before { tighten(work.laterCuts) }
      failed = max(failed, tracker.bytes)
      if round > 1, peak > budget { failed = max(failed, budget) }
    }
  }

  /// A search in one direction by one rule.
  private struct Member: Hashable, Sendable {
    var rule: BudgetGreedy.Rule
    var isBackward: Bool

    /// All members, in the order in which they are asked.
    static func all(_ rules: [BudgetGreedy.Rule]) -> [Member] {
      rules.flatMap { rule in [false, true].map { Member(rule: rule, isBackward: $0) } }
    }
  }

  private mutating func runGreedies(
    _ rules: [BudgetGreedy.Rule], under budget: Int, callLimit: Int, spent: inout Int
  ) {
    let members = Member.all(rules)
    let (limit, workLimit) = (peak, min(work.greedy - spent, callLimit))
    let (forward, backward) = (self.forward, self.backward)
    guard mayGoOn(), peak > budget, workLimit > 0 else { return }
    team.run(members.count, deadline: deadline) { index, deadline -> ([Int]?, work: Int) in
      let member = members[index]
      var greedy = BudgetGreedy(member.isBackward ? backward : forward, rule: member.rule)
      let order = greedy.order(
        under: budget, below: limit, workLimit: workLimit, deadline: deadline)
      return (member.isBackward ? order?.reversed() : order, greedy.work)
    } take: { _, found in
      spent += found.work
      if let order = found.0 { consider(order, from: "budget-greedy") }
      return mayGoOn() && peak > budget && spent < work.greedy
    }
  }

  private mutating func runBeams() {
    guard forward.count <= work.beamOperators else { return }
    let members = [2, 16].flatMap { width in [true, false].map { (width: width, isBackward: $0) } }
    let (forward, backward, workLimit) = (self.forward, self.backward, work.beamCall)
    var failed = tracker.bytes
    var spent = 0
    for round in 0..<work.beamRounds {
      let budget = round == 0 ? tracker.bytes : failed + (peak - failed) / 2
      guard mayGoOn(), peak > budget else { return }
      team.run(members.count, deadline: deadline) { index, deadline -> ([Int]?, work: Int) in
        let (width, isBackward) = members[index]
        let found = BudgetBeam.order(
          of: isBackward ? backward : forward, under: budget, width: width, workLimit: workLimit,
          deadline: deadline)
        return (isBackward ? found.order?.reversed() : found.order, found.work)
      } take: { _, found in
        spent += found.work
        if let order = found.0 { consider(order, from: "budget-beam") }
        return mayGoOn() && peak > budget && spent < work.beam
      }
      guard mayGoOn(), spent < work.beam else { return }
      failed = max(peak > budget ? budget : failed, tracker.bytes)
      if peak - failed < max(tracker.bytes / 1000, 2) { return }
    }
  }

  /// Decides budgets between bound and peak until none can be decided with the work given to each.
  private mutating func runDecisions(callLimit: Int) {
    let (forward, backward) = (self.forward, self.backward)
    let limits = DecisionSearch.Limits(nodes: work.decisionNodes, work: callLimit)
    // One of the ends is most often the answer. Once one was decided, the other is asked first, then
    // what is in the middle: where the answer is no end, the way to it is short.
    var stretch = [Part.bound, .belowPeak]
    while mayGoOn() {
      let tasks = stretch.flatMap { part in
        deciders.map { (part: part, budget: budget(part), member: $0) }
      }
      var decided: Int?
      team.run(tasks.count, deadline: deadline) { index, deadline in
        let (_, budget, member) = tasks[index]
        var search = DecisionSearch(
          member.isBackward ? backward : forward, budget: budget, rule: member.rule)
        return search.answer(limits: limits, deadline: deadline)
      } take: { index, answer in
        switch answer {
        case .order(let order):
          consider(
            tasks[index].member.isBackward ? order.reversed() : order, from: "decision-search")
          decided = index
        case .infeasible(let least):
          tracker.raise(to: least)
          decided = index
        case .unknown: break
        }
        return decided == nil && mayGoOn()
      }
      guard let decided else { return }
      // Who decided once is likely to decide again.
      let winner = tasks[decided].member
      deciders = [winner] + deciders.filter { $0 != winner }
      switch tasks[decided].part {
      case .bound: stretch = [.belowPeak, .middle, .bound]
      case .middle: stretch = [.middle, .bound, .belowPeak]
      case .belowPeak: stretch = [.bound, .middle, .belowPeak]
      }
    }
  }

  /// Where a budget lies between the bound and the best peak.
  private enum Part { case bound, middle, belowPeak }

  private func budget(_ part: Part) -> Int {
    switch part {
    case .bound: tracker.bytes
    case .middle: tracker.bytes + (peak - tracker.bytes) / 2
    case .belowPeak: peak - 1
    }
  }
}
