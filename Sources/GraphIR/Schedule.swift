// SPDX-License-Identifier: Apache-2.0

/// An order of execution: every node once.
public struct Schedule: Hashable, Sendable {
  /// The nodes by step.
  public let order: [NodeID]

  /// Makes a schedule from an order. `validate(against:)` tells whether it is one.
  public init(_ order: [NodeID]) { self.order = order }

  /// The order of the file.
  public static func fileOrder(of graph: Graph) -> Schedule { Schedule(Array(graph.nodeIDs)) }

  /// Checks that every node runs once, after all it depends on.
  ///
  /// - Throws: ``GraphError/notAPermutation(nodes:steps:)`` or
  ///   ``GraphError/outOfOrder(node:needs:)``.
  /// - Complexity: O(nodes + dependencies).
  public func validate(
    against graph: Graph, dependencies: Dependencies
  ) throws(GraphError) {
    let count = graph.nodes.count
    var step = [Int](repeating: -1, count: count)
    for (index, node) in order.enumerated() {
      guard order.count == count, node.index < count, step[node.index] < 0 else {
        throw .notAPermutation(nodes: count, steps: order.count)
      }
      step[node.index] = index
    }
    guard order.count == count else { throw .notAPermutation(nodes: count, steps: order.count) }
    for node in order {
      for predecessor in dependencies.predecessors(of: node)
      where step[Int(predecessor)] > step[node.index] {
        throw .outOfOrder(
          node: graph.name(of: node), needs: graph.name(of: NodeID(rawValue: predecessor)))
      }
    }
  }
}
