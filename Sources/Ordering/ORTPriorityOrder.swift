// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The order in which ONNX Runtime runs a model when asked for its priority-based order: of the
/// ready nodes, `Shape` and `Size` first, then the one that comes first in the file.
public struct ORTPriorityOrder: Scheduler {
  public static let name = "ort-priority"

  public init() {}

  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let graph = problem.graph
    let isShape = graph.operatorKinds.map {
      $0.domain.isEmpty && ($0.type == "Shape" || $0.type == "Size")
    }
    let order = ReadyQueueOrder.order(
      count: graph.nodes.count, successors: OrderModel.successors(of: problem)
    ) { isShape[graph.nodes[$0].kind.index] ? 0 : 1 }
    return Schedule(order.map { NodeID($0) })
  }
}
