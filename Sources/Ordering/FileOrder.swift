// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The order of the file, which is an order of execution in every valid graph.
public struct FileOrder: Scheduler {
  public static let name = "file"

  public init() {}

  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    .fileOrder(of: problem.graph)
  }
}
