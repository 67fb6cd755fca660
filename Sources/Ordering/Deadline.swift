// SPDX-License-Identifier: Apache-2.0

/// When a search has to stop, whatever it has found.
struct Deadline: Sendable {
  private let end: ContinuousClock.Instant?

  /// A moment some time from now; never, if `nil`.
  init(after limit: Duration?) { end = limit.map { ContinuousClock.now + $0 } }

  /// No deadline.
  static let never = Deadline(after: nil)

  /// Whether the moment has passed.
  var isOver: Bool {
    guard let end else { return false }
    return ContinuousClock.now >= end
  }
}
