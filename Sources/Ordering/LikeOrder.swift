// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The order of another graph, carried over to one that is like it.
///
/// Nodes that both graphs have keep their order as far as the new graph allows it; a new node runs as
/// soon as what it needs has run, before any other that is ready.
public struct LikeOrder: Scheduler {
  public static let name = "like"

  /// For each node its place in the other graph's order; nil for nodes that are new. Equal places
  /// are allowed.
  public var places: [Int?]

  /// Makes a scheduler.
  ///
  /// - Parameter places: By node, as ``places``.
  public init(places: [Int?]) { self.places = places }

  /// Kahn's algorithm with the places as priorities, ties by node.
  ///
  /// - Precondition: There is a place for each node, or nil.
  /// - Complexity: O((nodes + dependencies) log nodes).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let count = problem.graph.nodes.count
    precondition(places.count == count, "there is a place for each node, or nil")
    // A new node goes right behind the last of what it needs, so it inherits that one's place.
    var inherited = [Int](repeating: 0, count: count)
    for node in 0..<count {
      inherited[node] =
        places[node]
        ?? problem.dependencies.predecessors(of: NodeID(node)).reduce(-1) {
          max($0, inherited[Int($1)])
        }
    }
    var rank = [UInt32](repeating: 0, count: count)
    let sorted = (0..<count).sorted { (inherited[$0], $0) < (inherited[$1], $1) }
    for (position, node) in sorted.enumerated() { rank[node] = UInt32(position) }
    let order = ReadyQueueOrder.order(
      count: count, successors: OrderModel.successors(of: problem), places: rank
    ) { _ in 0 }
    return Schedule(order.map { NodeID($0) })
  }
}
