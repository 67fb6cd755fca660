// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// File order, but the nodes of the optimizer's update run as soon as they are ready.
///
/// Gradients die early where the file keeps all updates for the end.
public struct EagerUpdates: Scheduler {
  public static let name = "eager-updates"

  public init() {}

  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let graph = problem.graph
    let order = ReadyQueueOrder.order(
      count: graph.nodes.count, successors: OrderModel.successors(of: problem)
    ) { graph.nodes[$0].phase == .optimizer ? 0 : 1 }
    return Schedule(order.map { NodeID($0) })
  }
}

extension OrderModel {
  /// The rows of what must run after each node.
  static func successors(of problem: SchedulingProblem) -> Rows {
    Rows(start: problem.dependencies.successorStart, values: problem.dependencies.successors)
  }

  /// The rows of what must run before each node.
  static func predecessors(of problem: SchedulingProblem) -> Rows {
    Rows(start: problem.dependencies.predecessorStart, values: problem.dependencies.predecessors)
  }
}
