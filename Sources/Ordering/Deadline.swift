// SPDX-License-Identifier: Apache-2.0
import Cancellation

/// When a search has to stop, whatever it has found: when its caller's condition is met, or when the
/// search itself has no more use for it.
package struct Deadline: Sendable {
  private let condition: StopCondition
  private let signal: CancellationFlag?

  private init(_ condition: StopCondition, signal: CancellationFlag?) {
    self.condition = condition
    self.signal = signal
  }

  /// A moment some time from now, never if `nil`; or earlier, when the caller asks for it.
  init(after limit: Duration?, or cancellation: CancellationFlag? = nil) {
    self.init(
      StopCondition(
        deadline: limit.map { ContinuousClock.now + $0 }, cancellation: cancellation),
      signal: nil)
  }

  /// No deadline.
  package static let never = Deadline(after: nil)

  /// This deadline, or earlier: when a signal is given.
  func orOn(_ signal: CancellationFlag) -> Deadline { Deadline(condition, signal: signal) }

  /// Whether it is time to stop.
  ///
  /// - Complexity: O(1), some 30 ns; ask every thousand steps of a loop, not in each.
  var isOver: Bool {
    if let signal, signal.isCancelled { return true }
    return condition.isMet
  }
}
