// SPDX-License-Identifier: Apache-2.0
import GraphIR

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

  /// The least peak so far, bytes.
  var leastPeak: Int { best?.score.peak ?? .max }

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
