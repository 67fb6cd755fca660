// SPDX-License-Identifier: Apache-2.0

/// A rewrite as a value: what is added, what is rewired, what is removed.
///
/// New tensors get the IDs behind those of the graph that the patch is for, so new nodes may mix
/// them with existing ones. A new node may also make a tensor whose producer the patch removes,
/// which keeps its name and its readers. Applying is all or nothing.
public struct GraphPatch: Sendable {
  /// What the patch does, for reports and errors.
  public let label: String
  let tensorCount: Int
  let nodeCount: Int
  private(set) var tensors: [NewTensor] = []
  private(set) var nodes: [NewNode] = []
  private(set) var shunts: [(old: TensorID, new: TensorID)] = []
  private(set) var removed: Set<NodeID> = []

  struct NewTensor {
    var name: String
    var type: ElementType
    var shape: [Int]
    var role: TensorRole
  }

  struct NewNode {
    var name: String
    var kind: OperatorKind
    var inputs: [TensorID]
    var outputs: [TensorID]
    var effects: [Effect]
    var attributes: [Attribute]
    var phase: NodePhase
    var workspace: ByteCount
    /// The node in whose place, or right before which, the new one stands.
    var anchor: NodeID
  }

  /// Makes an empty patch for a graph as it is now.
  public init(_ label: String, for graph: Graph) {
    self.label = label
    tensorCount = graph.tensors.count
    nodeCount = graph.nodes.count
  }

  /// Whether the patch does nothing.
  public var isEmpty: Bool { tensors.isEmpty && nodes.isEmpty && shunts.isEmpty && removed.isEmpty }

  /// Adds a tensor and returns the ID that the patch's new nodes know it by.
  public mutating func addTensor(
    _ name: String, type: ElementType, shape: [Int], role: TensorRole
  ) -> TensorID {
    tensors.append(NewTensor(name: name, type: type, shape: shape, role: role))
    return TensorID(tensorCount + tensors.count - 1)
  }

  /// Adds a node in the place of `anchor`, or right before it if it stays.
  public mutating func addNode(
    _ name: String, kind: OperatorKind, inputs: [TensorID], outputs: [TensorID],
    effects: [Effect] = [], attributes: [Attribute] = [], phase: NodePhase = .unspecified,
    workspace: ByteCount = .zero, at anchor: NodeID
  ) {
    nodes.append(
      NewNode(
        name: name, kind: kind, inputs: inputs, outputs: outputs, effects: effects,
        attributes: attributes, phase: phase, workspace: workspace, anchor: anchor))
  }

  /// Lets every reader of `old`, the graph's outputs included, read `new` instead.
  public mutating func shunt(_ old: TensorID, to new: TensorID) { shunts.append((old, new)) }

  /// Removes a node, and with it each output that no new node makes.
  public mutating func remove(_ node: NodeID) { removed.insert(node) }
}

extension Graph {
  /// Applies a rewrite. The nodes keep their order as far as dependencies allow; IDs change.
  ///
  /// - Throws: ``GraphError/invalidPatch(label:reason:)`` when the patch was made for another graph,
  ///   removes what is still used, or closes a circle; the graph is then as it was. What else the
  ///   patch may break, ``validate()`` finds.
  /// - Complexity: O(graph + patch).
  public mutating func apply(_ patch: GraphPatch) throws(GraphError) {
    self = try applying(patch)
  }

  /// The graph with a rewrite applied; see ``apply(_:)``.
  public func applying(_ patch: GraphPatch) throws(GraphError) -> Graph {
    func invalid(_ reason: String) -> GraphError {
      .invalidPatch(label: patch.label, reason: reason)
    }
    guard patch.tensorCount == tensors.count, patch.nodeCount == nodes.count else {
      throw invalid("it was made for another state of the graph")
    }
    let all = tensors.count + patch.tensors.count
    func isKnown(_ tensor: TensorID) -> Bool { tensor.isAbsent || tensor.index < all }
    guard
      patch.nodes.allSatisfy({ $0.inputs.allSatisfy(isKnown) && $0.outputs.allSatisfy(isKnown) }),
      patch.shunts.allSatisfy({ isKnown($0.old) && isKnown($0.new) && !$0.new.isAbsent }),
      patch.nodes.allSatisfy({ $0.anchor.index < nodes.count }),
      patch.removed.allSatisfy({ $0.index < nodes.count })
    else { throw invalid("it names a tensor or node that the graph does not have") }
    guard
      !controlDependencies.contains(where: {
        patch.removed.contains($0.before) || patch.removed.contains($0.after)
      })
    else { throw invalid("it removes a node that a control dependency names") }

    // Every record of the new graph, old nodes first, with the operands of this graph's numbering.
    var target = (0..<all).map { TensorID($0) }
    for shunt in patch.shunts { target[shunt.old.index] = shunt.new }
    func shunted(_ tensor: TensorID) -> TensorID { tensor.isAbsent ? tensor : target[tensor.index] }

    var kept: [(key: Int, inputs: [TensorID], outputs: [TensorID])] = []
    var source: [Int] = []  // index into nodes, or nodes.count + index into the patch's
    for node in nodeIDs where !patch.removed.contains(node) {
      kept.append((2 * node.index + 1, inputs(of: node).map(shunted), Array(outputs(of: node))))
      source.append(node.index)
    }
    for (index, node) in patch.nodes.enumerated() {
      kept.append((2 * node.anchor.index, node.inputs, node.outputs))
      source.append(nodes.count + index)
    }
    let newOutputs = outputs.map(shunted)

    var producer = [Int](repeating: -1, count: all)
    for (index, node) in kept.enumerated() {
      for output in node.outputs where !output.isAbsent {
        guard producer[output.index] < 0 else {
          throw invalid("two nodes would make '\(tensorName(output, patch))'")
        }
        producer[output.index] = index
      }
    }
    func isGone(_ tensor: TensorID) -> Bool {
      guard !tensor.isAbsent, producer[tensor.index] < 0 else { return false }
      return tensor.index >= tensors.count
        ? !patch.tensors[tensor.index - tensors.count].role.isResident
        : self[tensor].producer != nil
    }
    for node in kept {
      if let tensor = node.inputs.first(where: isGone) {
        throw invalid("'\(tensorName(tensor, patch))' is still used but no node makes it")
      }
    }
    if let tensor = newOutputs.first(where: isGone) {
      throw invalid("'\(tensorName(tensor, patch))' is a graph output but no node makes it")
    }

    let order = try order(kept: kept, producer: producer, label: patch.label)
    return try rebuilt(
      order: order.map { (source[$0], kept[$0].inputs, kept[$0].outputs) }, outputs: newOutputs,
      patch: patch, isGone: isGone)
  }

  private func tensorName(_ tensor: TensorID, _ patch: GraphPatch) -> String {
    tensor.index < tensors.count
      ? name(of: tensor) : patch.tensors[tensor.index - tensors.count].name
  }

  private func order(
    kept: [(key: Int, inputs: [TensorID], outputs: [TensorID])], producer: [Int], label: String
  ) throws(GraphError) -> [Int] {
    var pairs: [(row: UInt32, value: UInt32)] = []
    for (index, node) in kept.enumerated() {
      for input in node.inputs where !input.isAbsent && producer[input.index] >= 0 {
        pairs.append((UInt32(index), UInt32(producer[input.index])))
      }
    }
    let rows = CompressedRows(rows: kept.count, columns: kept.count, pairs: pairs)
    let preference = kept.indices.sorted { (kept[$0].key, $0) < (kept[$1].key, $1) }
    switch TopologicalOrder.stable(
      preference: preference, start: rows.start, predecessors: rows.values)
    {
    case .order(let order): return order
    case .cycle: throw .invalidPatch(label: label, reason: "its nodes would need each other")
    }
  }

  private func rebuilt(
    order: [(source: Int, inputs: [TensorID], outputs: [TensorID])], outputs: [TensorID],
    patch: GraphPatch, isGone: (TensorID) -> Bool
  ) throws(GraphError) -> Graph {
    var result = Graph(name: name)
    var newID = [TensorID](
      repeating: .absent, count: tensors.count + patch.tensors.count)
    for tensor in tensorIDs where !isGone(tensor) {
      let old = self[tensor]
      newID[tensor.index] = try result.addTensor(
        names[old.name], type: old.elementType, shape: Array(shape(of: tensor)), role: old.role,
        kind: old.kind, isUpperBound: old.isUpperBound, bytes: old.bytes)
    }
    for (index, tensor) in patch.tensors.enumerated() where !isGone(TensorID(tensors.count + index))
    {
      newID[tensors.count + index] = try result.addTensor(
        tensor.name, type: tensor.type, shape: tensor.shape, role: tensor.role)
    }
    func renumbered(_ tensor: TensorID) -> TensorID {
      tensor.isAbsent ? tensor : newID[tensor.index]
    }
    var newNodeID = [NodeID?](repeating: nil, count: nodes.count)
    for (source, inputs, outputs) in order {
      let (inputs, outputs) = (inputs.map(renumbered), outputs.map(renumbered))
      if source < nodes.count {
        let (id, old) = (NodeID(source), nodes[source])
        newNodeID[source] = try result.addNode(
          names[old.name], kind: operatorKinds[old.kind.index], inputs: inputs, outputs: outputs,
          effects: Array(effects(of: id)), attributes: Array(attributes(of: id)),
          phase: old.phase, workspace: old.workspace)
      } else {
        let new = patch.nodes[source - nodes.count]
        try result.addNode(
          new.name, kind: new.kind, inputs: inputs, outputs: outputs, effects: new.effects,
          attributes: new.attributes, phase: new.phase, workspace: new.workspace)
      }
    }
    result.inputs = inputs.map(renumbered)
    result.outputs = outputs.map(renumbered)
    for dependency in controlDependencies {
      guard let before = newNodeID[dependency.before.index],
        let after = newNodeID[dependency.after.index]
      else { continue }
      result.addControlDependency(ControlDependency(before: before, after: after))
    }
    return result
  }
}
