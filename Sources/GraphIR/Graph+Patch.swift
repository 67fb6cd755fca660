// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// Applies a rewrite. The nodes keep their order as far as dependencies allow; IDs change.
  ///
  /// A node that has to move up to stand before a new reader takes what it depends on along, control
  /// dependencies and in-place updates included.
  ///
  /// - Throws: ``GraphError/invalidPatch(label:reason:)`` when the patch was made for another graph,
  ///   names what is not there, removes what is still used, or closes a circle;
  ///   ``GraphError/invalidShape(tensor:shape:)`` for a new tensor that has none. The graph is then as
  ///   it was. What else the patch may break, ``validate()`` finds.
  /// - Complexity: O(graph + patch · log of the patch).
  public mutating func apply(_ patch: GraphPatch) throws(GraphError) {
    self = try applying(patch)
  }

  /// The graph with a rewrite applied; see ``apply(_:)``.
  public func applying(_ patch: GraphPatch) throws(GraphError) -> Graph {
    try PatchedGraph(graph: self, patch: patch).result().graph
  }

  /// The graph with a rewrite applied, and where each of its nodes comes from; see ``apply(_:)``.
  public func applyingTracked(
    _ patch: GraphPatch
  ) throws(GraphError) -> (graph: Graph, origins: [NodeOrigin]) {
    try PatchedGraph(graph: self, patch: patch).result()
  }
}

/// Where a node of a patched graph comes from.
public enum NodeOrigin: Hashable, Sendable {
  /// It was this node of the graph before.
  case kept(NodeID)
  /// It is the patch's new node at this position, in the order in which they were added.
  case added(Int)
}

/// A graph and a patch on the way to one graph, in the numbering of both: tensors of the graph
/// first, then those of the patch.
private struct PatchedGraph {
  private let graph: Graph
  private let patch: GraphPatch
  /// What stays of the graph's nodes, in file order, then the patch's nodes.
  private var nodes: [Node] = []
  private var outputs: [TensorID] = []
  /// By tensor, the position in ``nodes`` of what makes it; -1 if nothing does.
  private var producer: [Int]

  private struct Node {
    /// The position among the graph's nodes, or behind them among the patch's.
    var source: Int
    /// What the order prefers: a new node stands right before its anchor.
    var key: Int
    var inputs: [TensorID]
    var outputs: [TensorID]
  }

  init(graph: Graph, patch: GraphPatch) throws(GraphError) {
    self.graph = graph
    self.patch = patch
    producer = Array(repeating: -1, count: graph.tensors.count + patch.tensors.count)
    try checkNumbers()
    let target = try shuntTargets()
    func shunted(_ tensor: TensorID) -> TensorID { tensor.isAbsent ? tensor : target[tensor.index] }
    for node in graph.nodeIDs where !patch.removed.contains(node) {
      nodes.append(
        Node(
          source: node.index, key: 2 * node.index + 1,
          inputs: graph.inputs(of: node).map(shunted), outputs: Array(graph.outputs(of: node))))
    }
    for (index, node) in patch.nodes.enumerated() {
      nodes.append(
        Node(
          source: graph.nodes.count + index, key: 2 * node.anchor.index, inputs: node.inputs,
          outputs: node.outputs))
    }
    outputs = graph.outputs.map(shunted)
    try findProducers()
  }

  func result() throws(GraphError) -> (graph: Graph, origins: [NodeOrigin]) {
    var result = Graph(name: graph.name)
    var origins: [NodeOrigin] = []
    origins.reserveCapacity(nodes.count)
    let newID = try addTensors(to: &result)
    func renumbered(_ tensor: TensorID) -> TensorID {
      tensor.isAbsent ? tensor : newID[tensor.index]
    }
    var newNodeID = [NodeID?](repeating: nil, count: graph.nodes.count)
    for index in try order() {
      let node = nodes[index]
      let (inputs, outputs) = (node.inputs.map(renumbered), node.outputs.map(renumbered))
      if node.source < graph.nodes.count {
        let (id, old) = (NodeID(node.source), graph.nodes[node.source])
        origins.append(.kept(id))
        newNodeID[node.source] = try result.addNode(
          graph.names[old.name], kind: graph.kind(of: id), inputs: inputs, outputs: outputs,
          effects: Array(graph.effects(of: id)), attributes: Array(graph.attributes(of: id)),
          phase: old.phase, workspace: old.workspace, bodies: graph.bodies(of: id))
      } else {
        let new = patch.nodes[node.source - graph.nodes.count]
        origins.append(.added(node.source - graph.nodes.count))
        try result.addNode(
          new.name, kind: new.kind, inputs: inputs, outputs: outputs, effects: new.effects,
          attributes: new.attributes, phase: new.phase, workspace: new.workspace)
      }
    }
    result.inputs = graph.inputs.map(renumbered)
    result.outputs = outputs.map(renumbered)
    for dependency in graph.controlDependencies {
      guard let before = newNodeID[dependency.before.index],
        let after = newNodeID[dependency.after.index]
      else { preconditionFailure("a node that a control dependency names stays") }
      result.addControlDependency(ControlDependency(before: before, after: after))
    }
    return (result, origins)
  }

  private func invalid(_ reason: String) -> GraphError {
    .invalidPatch(label: patch.label, reason: reason)
  }

  private func name(of tensor: TensorID) -> String {
    tensor.index < graph.tensors.count
      ? graph.name(of: tensor) : patch.tensors[tensor.index - graph.tensors.count].name
  }

  /// Whether a tensor has lost, or never had, where it comes from.
  private func isGone(_ tensor: TensorID) -> Bool {
    guard !tensor.isAbsent, producer[tensor.index] < 0 else { return false }
    if tensor.index >= graph.tensors.count {
      return !patch.tensors[tensor.index - graph.tensors.count].role.isResident
    }
    return graph[tensor].producer != nil || patch.removedSources.contains(tensor)
  }

  private func checkNumbers() throws(GraphError) {
    guard patch.tensorCount == graph.tensors.count, patch.nodeCount == graph.nodes.count else {
      throw invalid("it was made for another state of the graph")
    }
    let all = producer.count
    func isKnown(_ tensor: TensorID) -> Bool { tensor.isAbsent || tensor.index < all }
    guard
      patch.nodes.allSatisfy({ $0.inputs.allSatisfy(isKnown) && $0.outputs.allSatisfy(isKnown) }),
      patch.shunts.allSatisfy({ $0.old.index < all && $0.new.index < all }),
      patch.nodes.allSatisfy({ $0.anchor.index < graph.nodes.count }),
      patch.removed.allSatisfy({ $0.index < graph.nodes.count }),
      patch.removedSources.allSatisfy({ $0.index < graph.tensors.count })
    else { throw invalid("it names a tensor or node that the graph does not have") }
    for dependency in graph.controlDependencies
    where patch.removed.contains(dependency.before) || patch.removed.contains(dependency.after) {
      throw invalid("it removes a node that a control dependency names")
    }
    if let input = graph.inputs.first(where: patch.removedSources.contains) {
      throw invalid("it removes the graph input '\(graph.name(of: input))'")
    }
    guard patch.removedSources.allSatisfy({ graph[$0].producer == nil }) else {
      throw invalid("it removes a tensor that a node makes, not the node")
    }
  }

  /// What each tensor is read as, chains of shunts followed to their end.
  private func shuntTargets() throws(GraphError) -> [TensorID] {
    var target = producer.indices.map { TensorID($0) }
    for (old, new) in patch.shunts {
      guard target[old.index] == old || target[old.index] == new else {
        throw invalid("it shunts '\(name(of: old))' to two tensors")
      }
      target[old.index] = new
    }
    for (old, new) in patch.shunts {
      var end = new
      var hops = 0
      while target[end.index] != end {
        end = target[end.index]
        hops += 1
        guard hops <= patch.shunts.count else {
          throw invalid("it shunts '\(name(of: old))' in a circle")
        }
      }
      // Shortening the chain behind keeps the whole linear.
      var link = old
      while link != end {
        let next = target[link.index]
        target[link.index] = end
        link = next
      }
    }
    return target
  }

  private mutating func findProducers() throws(GraphError) {
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isAbsent {
        guard producer[output.index] < 0 else {
          throw invalid("two nodes would make '\(name(of: output))'")
        }
        producer[output.index] = index
      }
    }
    for node in nodes {
      if let tensor = node.inputs.first(where: isGone) {
        throw invalid("'\(name(of: tensor))' is still used but no node makes it")
      }
    }
    if let tensor = outputs.first(where: isGone) {
      throw invalid("'\(name(of: tensor))' is a graph output but no node makes it")
    }
  }

  /// The positions in ``nodes`` in their new file order.
  private func order() throws(GraphError) -> [Int] {
    var pairs: [(row: UInt32, value: UInt32)] = []
    for (index, node) in nodes.enumerated() {
      for input in node.inputs where !input.isAbsent && producer[input.index] >= 0 {
        pairs.append((UInt32(index), UInt32(producer[input.index])))
      }
    }
    var position = [UInt32](repeating: .max, count: graph.nodes.count)
    for (index, node) in nodes.enumerated() where node.source < graph.nodes.count {
      position[node.source] = UInt32(index)
    }
    for dependency in graph.controlDependencies {
      pairs.append((position[dependency.after.index], position[dependency.before.index]))
    }
    for edge in Dependencies.antiDependencies(of: graph)
    where position[Int(edge.row)] != .max && position[Int(edge.value)] != .max {
      pairs.append((position[Int(edge.row)], position[Int(edge.value)]))
    }
    let rows = CompressedRows(rows: nodes.count, columns: nodes.count, pairs: pairs)
    let preference = nodes.indices.sorted { (nodes[$0].key, $0) < (nodes[$1].key, $1) }
    switch TopologicalOrder.stable(
      preference: preference, start: rows.start, predecessors: rows.values)
    {
    case .order(let order): return order
    case .cycle: throw invalid("its nodes would need each other")
    }
  }

  /// Adds what is left of both graphs' tensors, and returns their new IDs.
  private func addTensors(to result: inout Graph) throws(GraphError) -> [TensorID] {
    var newID = [TensorID](repeating: .absent, count: producer.count)
    for tensor in graph.tensorIDs where !isGone(tensor) {
      let old = graph[tensor]
      newID[tensor.index] = try result.addTensor(
        graph.names[old.name], type: old.elementType, shape: Array(graph.shape(of: tensor)),
        role: old.role, kind: old.kind, isUpperBound: old.isUpperBound, bytes: old.bytes)
    }
    for (index, tensor) in patch.tensors.enumerated() {
      let id = TensorID(graph.tensors.count + index)
      if isGone(id) { continue }
      newID[id.index] = try result.addTensor(
        tensor.name, type: tensor.type, shape: tensor.shape, role: tensor.role, kind: tensor.kind,
        isUpperBound: tensor.isUpperBound, bytes: tensor.bytes)
    }
    return newID
  }
}
