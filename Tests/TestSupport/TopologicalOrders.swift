// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// Every order of execution of a small graph, one after the other.
///
/// - Parameter body: Gets each order; returns whether to go on.
/// - Precondition: The graph has at most 64 nodes; the number of orders may be their factorial.
public func forEachTopologicalOrder(
  of graph: Graph, dependencies: Dependencies, _ body: ([NodeID]) -> Bool
) {
  precondition(graph.nodes.count <= 64, "all orders are listed for small graphs only")
  let needed = graph.nodeIDs.map { node in
    dependencies.predecessors(of: node).reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
  }
  var order: [NodeID] = []
  func extend(_ done: UInt64) -> Bool {
    if order.count == needed.count { return body(order) }
    for node in needed.indices
    where done & 1 << UInt64(node) == 0 && needed[node] & ~done == 0 {
      order.append(NodeID(node))
      let goesOn = extend(done | 1 << UInt64(node))
      order.removeLast()
      if !goesOn { return false }
    }
    return true
  }
  _ = extend(0)
}
