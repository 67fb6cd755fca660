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

  /// An order that was tried.
  public struct Candidate: Hashable, Sendable {
    /// The scheduler's name.
    public let name: String
    /// The order's peak in bytes.
    public let peakBytes: Int
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
  /// Every complete order that was compared, in the order of trying; searches only list the best
  /// they found.
  public let candidates: [Candidate]

  /// How far the peak is above the bound, as a part of the bound; 0 if both are 0.
  public var gap: Double {
    peakBytes == bound.bytes ? 0 : Double(peakBytes) / Double(max(bound.bytes, 1)) - 1
  }
}
