// SPDX-License-Identifier: Apache-2.0
import Cancellation

/// When a planner stops: after so many elementary steps, or when it is told to, for which it looks up
/// now and then.
struct StepLimit {
  private let work: Int
  private let stop: StopCondition
  private var nextLook = 0

  /// Near a millisecond.
  private static let stepsBetweenLooks = 1_000_000

  init(work: Int, stop: StopCondition) {
    self.work = work
    self.stop = stop
  }

  /// The limit of a planner that is sure to find a layout: while there is none at all, the deadline
  /// waits for one. Whoever cancels wants none.
  init(of limits: LayoutLimits) {
    var stop = limits.stop
    if limits.incumbent == nil { stop.deadline = nil }
    self.init(work: limits.work, stop: stop)
  }

  /// Whether a planner that has taken so many steps has to stop.
  mutating func isReached(at steps: Int) -> Bool {
    if steps > work { return true }
    guard stop.canBeMet, steps >= nextLook else { return false }
    nextLook = steps + Self.stepsBetweenLooks
    return stop.isMet
  }
}
