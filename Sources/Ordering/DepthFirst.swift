// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// Depth first from all nodes, small operands first: what a node needs runs right before it.
///
/// Nodes are visited by ascending bytes of the storages they touch, and so are the predecessors of
/// each; views are folded. Source: the depth-first order among those that PyTorch's inductor tries.
public struct DepthFirstBySize: Scheduler {
  public static let name = "depth-first"

  public init() {}

  /// - Complexity: O(nodes · log nodes + dependencies · log of the longest row).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let folded = FoldedViews(of: problem)
    let model = folded.model
    let sizes = (0..<model.count).map { operation in
      model.touched[operation].reduce(0) { $0 + model.bytes[Int(model.touched.values[$1])] }
    }
    let isBefore = { (a: UInt32, b: UInt32) in (sizes[Int(a)], a) < (sizes[Int(b)], b) }
    let roots = (0..<UInt32(model.count)).sorted(by: isBefore)
    return folded.schedule(
      PostOrder.order(roots: roots, predecessors: model.predecessors.sorted(by: isBefore)))
  }
}

/// Depth first from the last nodes, predecessors with many further users first.
///
/// Each node counts the users beyond the first of all it rests on, and the bytes made there;
/// predecessors with more of the one, then of the other, are visited first.
/// Source: the depth-first memory scheduler of XLA.
public struct DepthFirstByUsers: Scheduler {
  public static let name = "xla-dfs"

  public init() {}

  /// - Complexity: O(nodes + dependencies · log of the longest row).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let map = problem.storages
    let successors = OrderModel.successors(of: problem)
    let predecessors = OrderModel.predecessors(of: problem)
    let count = problem.graph.nodes.count
    // Along many paths the same bytes are counted again and again, so sums are cut off.
    let limit = Int.max / 4
    var made = [Int](repeating: 0, count: count)
    for storage in map.roots.indices where map.spaces[storage] == .arena {
      if let producer = problem.graph[map.roots[storage]].producer {
        made[producer.index] += map.bytes[storage]
      }
    }
    var users = (0..<count).map { max(0, successors.length($0) - 1) }
    for node in 0..<count {
      for index in predecessors[node] {
        let predecessor = Int(predecessors.values[index])
        users[node] = min(users[node] + users[predecessor], count)
        made[node] = min(made[node] + min(made[predecessor], limit), limit)
      }
    }
    let sorted = predecessors.sorted { a, b in
      let (i, j) = (Int(a), Int(b))
      if users[i] != users[j] { return users[i] > users[j] }
      if made[i] != made[j] { return made[i] > made[j] }
      return a < b
    }
    let roots = (0..<UInt32(count)).filter { successors.length(Int($0)) == 0 }
    return Schedule(PostOrder.order(roots: roots, predecessors: sorted).map { NodeID($0) })
  }
}

/// Depth-first walks against the dependencies.
enum PostOrder {
  /// Every node that the roots rest on, each after all its predecessors, visited row by row.
  ///
  /// - Complexity: O(nodes + dependencies), without recursion.
  static func order(roots: [UInt32], predecessors: Rows) -> [Int] {
    var next = Array(predecessors.start.dropLast())
    var isSeen = [Bool](repeating: false, count: predecessors.count)
    var path: [Int] = []
    var order: [Int] = []
    order.reserveCapacity(predecessors.count)
    for root in roots where !isSeen[Int(root)] {
      isSeen[Int(root)] = true
      path.append(Int(root))
      while let node = path.last {
        guard next[node] < predecessors.start[node + 1] else {
          order.append(node)
          path.removeLast()
          continue
        }
        let predecessor = Int(predecessors.values[next[node]])
        next[node] += 1
        guard !isSeen[predecessor] else { continue }
        isSeen[predecessor] = true
        path.append(predecessor)
      }
    }
    return order
  }
}
