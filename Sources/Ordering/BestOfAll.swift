// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The portfolio: every candidate order and, unless told otherwise, searches that go on from the
/// best of them; compared by one simulator; the best wins.
///
/// File order is always among the candidates, so the result is never worse. Among orders of equal
/// peak the smaller sum of live bytes over steps wins, then closeness to the file, then the order of
/// the list.
public struct BestOfAll: Scheduler {
  public static let name = "best-of-all"

  /// What is tried, besides file order, which is always tried first.
  public var candidates: [any Scheduler]
  /// How far to search.
  public var limits: SearchLimits

  /// Every order of the module that takes near-linear time.
  public static let standardCandidates: [any Scheduler] = [
    EagerUpdates(), ORTDefaultOrder(), ORTPriorityOrder(), LeastPeakFirst(), LeastLiveAfter(),
    BreadthFirst(), DepthFirstBySize(), MostFreedFirst(), DepthFirstByUsers(),
  ]

  /// Makes a portfolio.
  public init(
    candidates: [any Scheduler] = BestOfAll.standardCandidates,
    limits: SearchLimits = SearchLimits()
  ) {
    self.candidates = candidates
    self.limits = limits
  }

  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    try result(for: problem).schedule
  }

  /// The best order, with its bound and the peaks of all that was tried.
  ///
  /// - Throws: ``OrderingError/invalidSchedule(scheduler:reason:)`` when a candidate breaks its
  ///   promise, or what a candidate throws.
  public func result(for problem: SchedulingProblem) throws(OrderingError) -> OrderingResult {
    let deadline = Deadline(after: limits.timeLimit)
    var comparison = OrderComparison()
    let schedulers: [any Scheduler] = [FileOrder()] + candidates
    for entry in Self.entries(of: schedulers, for: problem, jobs: limits.jobs) {
      comparison.add(try entry.get())
    }
    guard limits.effort != .candidates else {
      return comparison.result(bound: WorkingSetBound.bound(of: problem), isLate: false)
    }
    let start = ContinuousClock.now
    var search = OrderSearch(
      problem, orders: comparison.orders, limits: limits, deadline: deadline)
    search.run()
    let name = search.winner ?? "reduction"
    comparison.setSearched(
      try OrderComparison.Entry(of: search.schedule, from: name, since: start, problem))
    return comparison.result(bound: search.tracker.result(), isLate: search.isLate)
  }

  /// What each scheduler makes of a problem, in their order.
  private static func entries(
    of schedulers: [any Scheduler], for problem: SchedulingProblem, jobs: Int
  ) -> [Result<OrderComparison.Entry, OrderingError>] {
    ParallelMap.results(count: schedulers.count, jobs: jobs) { index in
      let start = ContinuousClock.now
      let name = type(of: schedulers[index]).name
      do throws(OrderingError) {
        let schedule = try schedulers[index].schedule(for: problem)
        return .success(
          try OrderComparison.Entry(of: schedule, from: name, since: start, problem))
      } catch { return .failure(error) }
    }
  }
}

/// The best of the orders seen so far, and the peaks of all.
struct OrderComparison {
  /// An order with what it is compared by.
  struct Entry: Sendable {
    let name: String
    let schedule: Schedule
    let score: OrderScore
    let time: Duration

    /// - Parameter start: When the work on the order began.
    /// - Throws: ``OrderingError/invalidSchedule(scheduler:reason:)`` when the order cannot run.
    init(
      of schedule: Schedule, from name: String, since start: ContinuousClock.Instant,
      _ problem: SchedulingProblem
    ) throws(OrderingError) {
      do throws(GraphError) {
        try schedule.validate(against: problem.graph, dependencies: problem.dependencies)
      } catch {
        throw .invalidSchedule(scheduler: name, reason: error)
      }
      time = ContinuousClock.now - start
      self.name = name
      self.schedule = schedule
      var simulator = LivenessSimulator(map: problem.storages)
      score = OrderScore(of: schedule, simulator: &simulator)
    }

    var candidate: OrderingResult.Candidate {
      OrderingResult.Candidate(name: name, schedule: schedule, peakBytes: score.peak)
    }
  }

  private var best: Entry?
  private var entries: [Entry] = []
  private var searched: Entry?

  /// All orders, in the order of the candidates.
  var orders: [[Int]] { entries.map { $0.schedule.order.map(\.index) } }

  /// Compares a candidate.
  mutating func add(_ entry: Entry) {
    entries.append(entry)
    compare(entry)
  }

  /// Compares what the searches found.
  mutating func setSearched(_ entry: Entry) {
    searched = entry
    compare(entry)
  }

  private mutating func compare(_ entry: Entry) {
    if let best, best.score <= entry.score { return }
    best = entry
  }

  /// The result with a bound.
  ///
  /// - Parameter isLate: Whether a deadline cut the search short.
  func result(bound: LowerBound, isLate: Bool) -> OrderingResult {
    guard let best else { preconditionFailure("file order is always compared") }
    precondition(best.score.peak >= bound.bytes, "no order is below a lower bound")
    let gap = best.score.peak - bound.bytes
    let outcome: OrderingResult.Outcome =
      if gap == 0 {
        .provenOptimal
      } else if gap <= bound.bytes / OrderingResult.tolerance {
        .withinTolerance
      } else {
        isLate ? .timeLimit : .workLimit
      }
    return OrderingResult(
      schedule: best.schedule, winner: best.name, peakBytes: best.score.peak, bound: bound,
      outcome: outcome, candidates: entries.map(\.candidate), searched: searched?.candidate,
      candidateTimes: entries.map(\.time), searchTime: searched?.time ?? .zero)
  }
}
