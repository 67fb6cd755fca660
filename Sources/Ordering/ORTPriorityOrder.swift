// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The order in which ONNX Runtime runs a model when asked for its priority-based order: of the
/// ready nodes, `Shape` and `Size` first, then the one that comes first in the file.
public struct ORTPriorityOrder: Scheduler {
  public static let name = "ort-priority"

  private let file: Schedule?

  /// - Parameter file: The order of the nodes in the file that is run; `nil` for the graph's own.
  public init(of file: Schedule? = nil) { self.file = file }

  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let graph = problem.graph
    let isShape = graph.operatorKinds.map {
      $0.domain.isEmpty && ($0.type == "Shape" || $0.type == "Size")
    }
    let places = file.map { file in
      var places = [UInt32](repeating: 0, count: graph.nodes.count)
      for (place, node) in file.order.enumerated() { places[node.index] = UInt32(place) }
      return places
    }
    let order = ReadyQueueOrder.order(
      count: graph.nodes.count, successors: OrderModel.successors(of: problem), places: places
    ) { isShape[graph.nodes[$0].kind.index] ? 0 : 1 }
    return Schedule(order.map { NodeID($0) })
  }
}
