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
    var comparison = OrderComparison(problem)
    try comparison.add(FileOrder())
    for candidate in candidates { try comparison.add(candidate) }
    guard limits.effort != .candidates else {
      return comparison.result(bound: WorkingSetBound.bound(of: problem), isLate: false)
    }
    var search = OrderSearch(
      problem, orders: comparison.orders, limits: limits, deadline: deadline)
    search.run()
    try comparison.add(search.schedule, from: search.winner ?? "reduction")
    return comparison.result(bound: search.tracker.result(), isLate: search.isLate)
  }
}

/// The best of the orders seen so far, and the peaks of all.
struct OrderComparison {
  private let problem: SchedulingProblem
  private var simulator: LivenessSimulator
  private(set) var best: (name: String, schedule: Schedule, score: OrderScore)?
  private(set) var candidates: [OrderingResult.Candidate] = []
  /// All orders, in the order of the candidates.
  private(set) var orders: [[Int]] = []

  init(_ problem: SchedulingProblem) {
    self.problem = problem
    simulator = LivenessSimulator(map: problem.storages)
  }

  /// The least peak so far.
  var peak: Int { best?.score.peak ?? .max }

  /// Runs a scheduler and compares what it returns.
  mutating func add(_ scheduler: any Scheduler) throws(OrderingError) {
    try add(scheduler.schedule(for: problem), from: type(of: scheduler).name)
  }

  /// Compares an order.
  ///
  /// - Throws: ``OrderingError/invalidSchedule(scheduler:reason:)`` when it cannot run.
  mutating func add(_ schedule: Schedule, from name: String) throws(OrderingError) {
    do throws(GraphError) {
      try schedule.validate(against: problem.graph, dependencies: problem.dependencies)
    } catch {
      throw .invalidSchedule(scheduler: name, reason: error)
    }
    orders.append(schedule.order.map(\.index))
    let score = OrderScore(of: schedule, simulator: &simulator)
    candidates.append(OrderingResult.Candidate(name: name, peakBytes: score.peak))
    if let best, best.score <= score { return }
    best = (name, schedule, score)
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
      outcome: outcome, candidates: candidates)
  }
}
