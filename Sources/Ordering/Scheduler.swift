// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// Something that finds an order of execution.
///
/// Pure: the same problem gives the same schedule in every process and on every machine.
public protocol Scheduler: Sendable {
  /// What reports and the command line call it, in kebab case.
  static var name: String { get }

  /// An order in which every node runs once, after all it depends on.
  ///
  /// - Throws: ``OrderingError`` when the scheduler cannot order this problem at all.
  func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule
}
