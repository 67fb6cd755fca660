// SPDX-License-Identifier: Apache-2.0

/// When a planner stops: after so many elementary steps, or at a deadline, for which it looks at the
/// clock now and then.
struct StepLimit {
  private let work: Int
  private let deadline: ContinuousClock.Instant?
  private var nextLook = 0

  /// Near a millisecond.
  private static let stepsBetweenLooks = 1_000_000

  init(work: Int, deadline: ContinuousClock.Instant?) {
    self.work = work
    self.deadline = deadline
  }

  /// Whether a planner that has taken so many steps has to stop.
  mutating func isReached(at steps: Int) -> Bool {
    if steps > work { return true }
    guard let deadline, steps >= nextLook else { return false }
    nextLook = steps + Self.stepsBetweenLooks
    return ContinuousClock.now >= deadline
  }
}

extension LayoutLimits {
  /// The deadline of a planner that is sure to find a layout: while there is none at all, it waits for
  /// one.
  var deadlineForBetter: ContinuousClock.Instant? { incumbent == nil ? nil : deadline }
}
