// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// When a search has to stop, whatever it has found: at a moment, or when somebody says so.
struct Deadline: Sendable {
  private let end: ContinuousClock.Instant?
  private let signal: StopSignal?

  private init(end: ContinuousClock.Instant?, signal: StopSignal?) {
    self.end = end
    self.signal = signal
  }

  /// A moment some time from now; never, if `nil`.
  init(after limit: Duration?) {
    self.init(end: limit.map { ContinuousClock.now + $0 }, signal: nil)
  }

  /// No deadline.
  static let never = Deadline(after: nil)

  /// This deadline, or earlier: when a signal is given.
  func orOn(_ signal: StopSignal) -> Deadline { Deadline(end: end, signal: signal) }

  /// Whether it is time to stop.
  ///
  /// - Complexity: O(1), some 30 ns; ask every thousand steps of a loop, not in each.
  var isOver: Bool {
    if let signal, signal.isGiven { return true }
    guard let end else { return false }
    return ContinuousClock.now >= end
  }
}

/// Tells other threads that what they do is of no use any more.
final class StopSignal: Sendable {
  private let flag = Atomic(false)

  /// Whether it was given.
  var isGiven: Bool { flag.load(ordering: .relaxed) }

  /// Gives the signal.
  func give() { flag.store(true, ordering: .relaxed) }
}
