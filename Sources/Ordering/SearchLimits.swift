// SPDX-License-Identifier: Apache-2.0
public import Cancellation

/// How far a search for a better order goes.
///
/// Work limits are counts, never clocks, so the same limits give the same schedule on every machine.
/// A time limit ends the search early and says so: ``OrderingResult/Outcome/timeLimit``.
public struct SearchLimits: Hashable, Sendable {
  /// How much work is put into closing the gap to the lower bound.
  public enum Effort: String, Hashable, Sendable, CaseIterable {
    /// Only the candidate orders and the working-set bound.
    case candidates
    /// All searches, each for a moment.
    case quick
    /// All searches, with work limits that a person waits for.
    case standard
  }

  /// How much work.
  public var effort: Effort
  /// When to stop in any case, from the start of the search; `nil` for never.
  public var timeLimit: Duration?
  /// The threads to use; the result does not depend on it. The searches use two at most.
  public var jobs: Int
  /// Whoever may end the search from outside; there is no result then.
  public var cancellation: CancellationFlag?

  /// - Precondition: `jobs` is at least 1.
  public init(
    effort: Effort = .standard, timeLimit: Duration? = nil, jobs: Int = 1,
    cancellation: CancellationFlag? = nil
  ) {
    precondition(jobs > 0, "a search has at least one thread")
    self.effort = effort
    self.timeLimit = timeLimit
    self.jobs = jobs
    self.cancellation = cancellation
  }
}
