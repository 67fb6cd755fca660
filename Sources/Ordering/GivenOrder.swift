// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// An order that is there already.
public struct GivenOrder: Scheduler {
  public static let name = "given"

  /// The order.
  public var order: Schedule

  /// Makes a scheduler that always returns an order.
  public init(order: Schedule) { self.order = order }

  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule { order }
}
