// SPDX-License-Identifier: Apache-2.0

/// A graph that a node runs: a branch of an If, or what a Loop, a Scan or a SequenceMap repeats.
///
/// The body's graph is a graph as any other and is planned as one; its arena is a stretch of the arena
/// around it that lives while the node runs, the node's workspace. Values of the graphs around it that
/// it uses are graph inputs of it and, behind the operands proper, inputs of the node, so that they stay
/// live while the node runs. What has its bytes in an operand of the node is ``TensorRole/outer``.
public struct Body: Sendable {
  /// The attribute that holds the body, such as `then_branch`.
  public var attribute: String
  /// What runs; its file order is an order of execution.
  public var graph: Graph
  /// How often it runs, at most, for each time that the node does; `nil` where nothing says.
  public var trips: Int?
  /// How many of the graph's inputs are the body's own; the others are values from around it.
  public var parameterCount: Int

  /// Makes a body.
  public init(attribute: String, graph: Graph, parameterCount: Int = 0, trips: Int? = 1) {
    self.attribute = attribute
    self.graph = graph
    self.parameterCount = parameterCount
    self.trips = trips
  }
}

/// The bodies of one node.
struct BodiesOfNode: Sendable {
  var node: NodeID
  var bodies: [Body]
}

extension Graph {
  /// The graphs that a node runs, in the order of its attributes; for most nodes none.
  ///
  /// - Complexity: O(log n), where n is the number of nodes with bodies.
  public func bodies(of node: NodeID) -> [Body] {
    var (low, high) = (0, bodyPool.count)
    while low < high {
      let middle = (low + high) / 2
      if bodyPool[middle].node < node { low = middle + 1 } else { high = middle }
    }
    return low < bodyPool.count && bodyPool[low].node == node ? bodyPool[low].bodies : []
  }

  /// The nodes that run graphs of their own, in file order.
  public var nodesWithBodies: [NodeID] { bodyPool.map(\.node) }

  /// Sets the scratch bytes of a node with bodies, which follow from how those are planned: they are
  /// no part of the graph's ``fingerprint``.
  ///
  /// - Precondition: The node has bodies.
  public mutating func setWorkspace(_ bytes: ByteCount, ofNodeWithBodies node: NodeID) {
    precondition(!bodies(of: node).isEmpty, "only a body's plan gives a node another workspace")
    nodes[node.index].workspace = bytes
  }
}
