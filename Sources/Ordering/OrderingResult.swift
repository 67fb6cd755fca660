// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The best order found, how good it is, and what else was tried.
public struct OrderingResult: Sendable {
  /// Why the search ended.
  @nonexhaustive public enum Outcome: String, Hashable, Sendable, CaseIterable {
    /// The peak equals the lower bound: no order is better.
    case provenOptimal = "proven-optimal"
    /// The peak is within ``OrderingResult/tolerance`` of the lower bound.
    case withinTolerance = "within-tolerance"
    /// All searches that the limits ask for came to their end, and a gap is left.
    case workLimit = "work-limit"
    /// The time limit cut a search short.
    case timeLimit = "time-limit"
  }

  /// An order that was compared.
  public struct Candidate: Hashable, Sendable {
    /// What made it.
    public let name: String
    /// The order.
    public let schedule: Schedule
    /// The order's peak in bytes.
    public let peakBytes: Int

    /// Makes a candidate.
    public init(name: String, schedule: Schedule, peakBytes: Int) {
      self.name = name
      self.schedule = schedule
      self.peakBytes = peakBytes
    }
  }

  /// The gap below which an order counts as optimal for all practical purposes, as a part of the
  /// bound: one in this many.
  public static let tolerance = 2000

  /// The best order.
  public let schedule: Schedule
  /// What found it.
  public let winner: String
  /// Its peak in bytes.
  public let peakBytes: Int
  /// What no order stays under.
  public let bound: LowerBound
  /// Why the search ended.
  public let outcome: Outcome
  /// The orders of all schedulers, in the order of the portfolio, file order first.
  public let candidates: [Candidate]
  /// The best order that the searches started from or found; `nil` where none was asked for.
  public let searched: Candidate?
  /// What each candidate took, as the clock has it: the one part that differs from run to run.
  public let candidateTimes: [Duration]
  /// What the searches took.
  public let searchTime: Duration

  /// How far the peak is above the bound, as a part of the bound; 0 if both are 0.
  public var gap: Double { gap(of: peakBytes) }

  /// How far a peak is above the bound, as a part of the bound; 0 if both are 0.
  public func gap(of peakBytes: Int) -> Double {
    peakBytes == bound.bytes ? 0 : Double(peakBytes) / Double(max(bound.bytes, 1)) - 1
  }

  /// The best order, as a candidate.
  public var best: Candidate {
    Candidate(name: winner, schedule: schedule, peakBytes: peakBytes)
  }

  /// The candidate of a name.
  public func candidate(named name: String) -> Candidate? {
    candidates.first { $0.name == name }
  }
}
