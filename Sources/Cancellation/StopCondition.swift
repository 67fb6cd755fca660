// SPDX-License-Identifier: Apache-2.0

/// When work has to stop, whatever it has found: at a moment, or when somebody asks for it.
public struct StopCondition: Hashable, Sendable {
  /// The moment; nil for never.
  public var deadline: ContinuousClock.Instant?
  /// Who may ask for it, if anybody may.
  public var cancellation: CancellationFlag?

  /// A condition; without arguments, one that is never met.
  public init(
    deadline: ContinuousClock.Instant? = nil, cancellation: CancellationFlag? = nil
  ) {
    self.deadline = deadline
    self.cancellation = cancellation
  }

  /// Whether the condition can be met at all.
  public var canBeMet: Bool { deadline != nil || cancellation != nil }

  /// Whether it is time to stop.
  ///
  /// - Complexity: O(1), some 30 ns with a deadline; ask every thousand steps of a loop, not in each.
  public var isMet: Bool {
    if let cancellation, cancellation.isCancelled { return true }
    guard let deadline else { return false }
    return ContinuousClock.now >= deadline
  }

  /// The time that is left; nil where there is no deadline.
  public var remaining: Duration? {
    deadline.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
  }
}
