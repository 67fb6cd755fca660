// SPDX-License-Identifier: Apache-2.0

extension LayoutLimits {
  /// The work allowed to a planner that counts its steps but looks at no clock: what is sure to end
  /// by the deadline. While there is no layout at all, the deadline waits for one.
  var workToDeadline: Int {
    guard let deadline, incumbent != nil else { return work }
    let left = ContinuousClock.now.duration(to: deadline)
    guard left < .seconds(3600) else { return work }
    return min(work, max(0, Int(left / .nanoseconds(Self.nanosecondsPerStep))))
  }

  /// No planner's steps take longer on the average.
  private static let nanosecondsPerStep = 4
}
