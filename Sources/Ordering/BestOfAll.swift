// SPDX-License-Identifier: Apache-2.0
import Cancellation
public import GraphIR

/// The portfolio: every candidate order and, unless told otherwise, searches that go on from the
/// best of them; compared by one simulator; the best wins. ROAM's order, dearer than the others, is
/// tried where all that leaves a gap.
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
  /// An order that is likely to be good, as that of a graph which differed a little. Where cuts
  /// prove that it is, nothing else is tried.
  public var start: Schedule?

  /// Every order of the module that takes near-linear time.
  public static let standardCandidates: [any Scheduler] = [
    EagerUpdates(), ORTDefaultOrder(), ORTPriorityOrder(), LeastPeakFirst(), LeastLiveAfter(),
    BreadthFirst(), DepthFirstBySize(), MostFreedFirst(), DepthFirstByUsers(),
  ]

  /// Makes a portfolio.
  public init(
    candidates: [any Scheduler] = BestOfAll.standardCandidates,
    limits: SearchLimits = SearchLimits(), start: Schedule? = nil
  ) {
    self.candidates = candidates
    self.limits = limits
    self.start = start
  }

  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    try result(for: problem).schedule
  }

  /// The best order, with its bound and the peaks of all that was tried.
  ///
  /// - Throws: ``OrderingError/invalidSchedule(scheduler:reason:)`` when a candidate breaks its
  ///   promise, or what a candidate throws; ``OrderingError/cancelled`` when the flag of the limits
  ///   was set before the end.
  public func result(for problem: SchedulingProblem) throws(OrderingError) -> OrderingResult {
    let deadline = Deadline(after: limits.timeLimit, or: limits.cancellation)
    if let start, let result = try settledResult(for: problem, from: start, deadline) {
      return result
    }
    var comparison = try candidateOrders(for: problem)
    guard limits.effort != .candidates else {
      return comparison.result(bound: WorkingSetBound.bound(of: problem), isLate: false)
    }
    let start = ContinuousClock.now
    var search = OrderSearch(
      problem, orders: comparison.orders, limits: limits, deadline: deadline)
    search.run()
    try checkCancellation()
    let name = search.winner ?? "reduction"
    comparison.setSearched(
      try OrderComparison.Entry(of: search.schedule, from: name, since: start, problem))
    let bound = search.tracker.result()
    if !search.isLate, comparison.leastPeak > bound.bytes,
      !candidates.contains(where: { type(of: $0).name == ROAMOrder.name })
    {
      comparison.add(
        try Self.entry(of: ROAMOrder(effort: limits.effort), for: problem))
      try checkCancellation()
    }
    return comparison.result(bound: bound, isLate: search.isLate)
  }

  /// The result where cuts prove that the order to start from is as good as any.
  private func settledResult(
    for problem: SchedulingProblem, from start: Schedule, _ deadline: Deadline
  ) throws(OrderingError) -> OrderingResult? {
    var comparison = OrderComparison()
    comparison.add(try Self.entry(of: FileOrder(), for: problem))
    comparison.add(try Self.entry(of: GivenOrder(order: start), for: problem))
    var search = OrderSearch(
      problem, orders: comparison.orders, limits: limits, deadline: deadline)
    let isSettled = search.isSettledByCuts()
    try checkCancellation()
    guard isSettled else { return nil }
    // The searches count results that may be written over operands more simply than orders do.
    let result = comparison.result(bound: search.tracker.result(), isLate: false)
    switch result.outcome {
    case .provenOptimal, .withinTolerance: return result
    case .workLimit, .timeLimit: return nil
    }
  }

  /// What every scheduler makes of a problem, up to the first that fails.
  private func candidateOrders(
    for problem: SchedulingProblem
  ) throws(OrderingError) -> OrderComparison {
    let given: [any Scheduler] = start.map { [GivenOrder(order: $0)] } ?? []
    let schedulers: [any Scheduler] = [FileOrder()] + candidates + given
    var comparison = OrderComparison()
    var failure: OrderingError?
    // The candidates are what is left when time runs out, so none is cut short.
    Team(jobs: limits.jobs).run(schedulers.count, deadline: .never) {
      index, _ -> Result<OrderComparison.Entry, OrderingError> in
      do throws(OrderingError) {
        try checkCancellation()
        return .success(try Self.entry(of: schedulers[index], for: problem))
      } catch { return .failure(error) }
    } take: { _, entry in
      switch entry {
      case .success(let entry): comparison.add(entry)
      case .failure(let error): failure = error
      }
      return failure == nil
    }
    if let failure { throw failure }
    return comparison
  }

  private func checkCancellation() throws(OrderingError) {
    if let flag = limits.cancellation, flag.isCancelled { throw .cancelled }
  }

  private static func entry(
    of scheduler: some Scheduler, for problem: SchedulingProblem
  ) throws(OrderingError) -> OrderComparison.Entry {
    let start = ContinuousClock.now
    return try OrderComparison.Entry(
      of: try scheduler.schedule(for: problem), from: type(of: scheduler).name, since: start,
      problem)
  }
}
