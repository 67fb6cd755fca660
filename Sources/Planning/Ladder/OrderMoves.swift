// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Moves of single nodes in an order that leave every node behind what it depends on.
struct OrderMoves {
  private let dependencies: Dependencies

  init(_ dependencies: Dependencies) { self.dependencies = dependencies }

  /// The positions that a node may be moved to while all others keep their order.
  ///
  /// - Parameter position: The position of each node.
  /// - Complexity: O(its dependencies).
  func window(of node: NodeID, in position: [Int32]) -> ClosedRange<Int> {
    var (low, high) = (0, position.count - 1)
    for other in dependencies.predecessors(of: node) {
      low = max(low, Int(position[Int(other)]) + 1)
    }
    for other in dependencies.successors(of: node) {
      high = min(high, Int(position[Int(other)]) - 1)
    }
    return low...high
  }

  /// Whether every node is behind what it depends on.
  ///
  /// - Complexity: O(dependencies).
  func isKept(by order: EvictingRun.Uses) -> Bool {
    order.order.allSatisfy { node in
      dependencies.predecessors(of: node).allSatisfy {
        order.position[Int($0)] < order.position[node.index]
      }
    }
  }

  /// An order with the node at one position moved to another one in its window.
  ///
  /// - Complexity: O(nodes).
  static func moved(_ order: [NodeID], from source: Int, to target: Int) -> [NodeID] {
    var order = order
    let node = order.remove(at: source)
    order.insert(node, at: target)
    return order
  }
}
