// SPDX-License-Identifier: Apache-2.0

/// Orders that respect dependencies.
public enum TopologicalOrder {
  /// The order that follows `preference` and moves up only what something before it needs.
  ///
  /// Walks the preference; a node whose predecessors are not all placed has them placed first,
  /// depth first, in their row's order. An order that already respects the dependencies comes back
  /// unchanged.
  ///
  /// - Parameters:
  ///   - preference: Every node once.
  ///   - start: Where each node's row starts in `predecessors`; one more entry than nodes.
  ///   - predecessors: The nodes that each node needs, row by row.
  /// - Returns: The order, or the nodes of a circle, each needing the next, the last the first.
  /// - Complexity: O(nodes + dependencies).
  public static func stable(
    preference: [Int], start: [Int], predecessors: [UInt32]
  ) -> Result {
    enum Mark: UInt8 { case new, open, placed }
    var marks = [Mark](repeating: .new, count: preference.count)
    var next = Array(start.dropLast())
    var order: [Int] = []
    order.reserveCapacity(preference.count)
    var path: [Int] = []
    for node in preference where marks[node] == .new {
      path.append(node)
      marks[node] = .open
      while let top = path.last {
        guard next[top] < start[top + 1] else {
          marks[top] = .placed
          order.append(top)
          path.removeLast()
          continue
        }
        let predecessor = Int(predecessors[next[top]])
        next[top] += 1
        switch marks[predecessor] {
        case .placed: continue
        case .new:
          marks[predecessor] = .open
          path.append(predecessor)
        case .open:
          let first = path.firstIndex(of: predecessor) ?? 0
          return .cycle(Array(path[first...]))
        }
      }
    }
    return .order(order)
  }

  /// What ``stable(preference:start:predecessors:)`` finds.
  public enum Result: Hashable, Sendable {
    /// Every node once, after what it needs.
    case order([Int])
    /// Nodes that each need the next; the last needs the first.
    case cycle([Int])
  }
}
