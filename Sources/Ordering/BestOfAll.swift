// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The portfolio: every candidate order, compared by one simulator; the best wins.
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
    var comparison = OrderComparison(problem)
    try comparison.add(FileOrder())
    for candidate in candidates { try comparison.add(candidate) }
    let bound = WorkingSetBound.bound(of: problem)
    return comparison.result(bound: bound, outcome: nil)
  }
}

/// The best of the orders seen so far, and the peaks of all.
struct OrderComparison {
  private let problem: SchedulingProblem
  private var simulator: LivenessSimulator
  private(set) var best: (name: String, schedule: Schedule, score: OrderScore)?
  private(set) var candidates: [OrderingResult.Candidate] = []

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
    let score = OrderScore(of: schedule, simulator: &simulator)
    candidates.append(OrderingResult.Candidate(name: name, peakBytes: score.peak))
    if let best, best.score <= score { return }
    best = (name, schedule, score)
  }

  /// The result with a bound; an outcome of `nil` is the one that the gap tells.
  func result(bound: LowerBound, outcome: OrderingResult.Outcome?) -> OrderingResult {
    guard let best else { preconditionFailure("file order is always compared") }
    precondition(best.score.peak >= bound.bytes, "no order is below a lower bound")
    let gap = best.score.peak - bound.bytes
    let reached: OrderingResult.Outcome? =
      gap == 0
      ? .provenOptimal
      : gap <= bound.bytes / OrderingResult.tolerance ? .withinTolerance : outcome
    return OrderingResult(
      schedule: best.schedule, winner: best.name, peakBytes: best.score.peak, bound: bound,
      outcome: reached ?? .workLimit, candidates: candidates)
  }
}
