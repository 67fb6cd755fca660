// SPDX-License-Identifier: Apache-2.0

/// A computation graph as a value: nodes in file order, tensors, and what relates their bytes.
///
/// Nodes and tensors are dense IDs into flat arrays; operands, extents, effects and attributes lie
/// in pools that the records point into. Names are in one table. Build a graph with
/// ``addTensor(_:type:shape:role:kind:isUpperBound:bytes:)`` and
/// ``addNode(_:kind:inputs:outputs:effects:attributes:phase:workspace:bodies:)``; rewrite one with a
/// ``GraphPatch``. Neither checks more than it must: ``validate()`` does.
public struct Graph: Sendable {
  /// The name of the graph.
  public var name: String
  /// Every name, by ``NameID``.
  public internal(set) var names = NameTable()
  /// The tensors, by ``TensorID``.
  public internal(set) var tensors: [Tensor] = []
  /// The nodes in file order, by ``NodeID``.
  public internal(set) var nodes: [Node] = []
  /// The distinct operators, by ``OperatorKindID``.
  public internal(set) var operatorKinds: [OperatorKind] = []
  /// The graph inputs in the order of the file.
  public internal(set) var inputs: [TensorID] = []
  /// The graph outputs in the order of the file.
  public internal(set) var outputs: [TensorID] = []
  /// Orders between nodes that no tensor expresses.
  public internal(set) var controlDependencies: [ControlDependency] = []

  var operandPool: [TensorID] = []
  var extentPool: [Int] = []
  var effectPool: [Effect] = []
  var attributePool: [Attribute] = []
  /// The nodes that run graphs of their own, ascending.
  var bodyPool: [BodiesOfNode] = []
  private var kindIDs: [OperatorKind: OperatorKindID] = [:]

  /// Makes an empty graph.
  public init(name: String = "") { self.name = name }
}

// MARK: - Reading

extension Graph {
  /// The IDs of all nodes, in file order.
  public var nodeIDs: some RandomAccessCollection<NodeID> {
    (0..<nodes.count).lazy.map(NodeID.init)
  }

  /// The IDs of all tensors.
  public var tensorIDs: some RandomAccessCollection<TensorID> {
    (0..<tensors.count).lazy.map(TensorID.init)
  }

  public subscript(node: NodeID) -> Node { nodes[node.index] }

  public subscript(tensor: TensorID) -> Tensor { tensors[tensor.index] }

  /// The operands of a node; a missing optional one is ``TensorID/absent``.
  public func inputs(of node: NodeID) -> ArraySlice<TensorID> {
    operandPool[nodes[node.index].inputs.range]
  }

  /// The results of a node; one that is not made is ``TensorID/absent``.
  public func outputs(of node: NodeID) -> ArraySlice<TensorID> {
    operandPool[nodes[node.index].outputs.range]
  }

  /// How a node's outputs share bytes with its inputs.
  public func effects(of node: NodeID) -> ArraySlice<Effect> {
    effectPool[nodes[node.index].effects.range]
  }

  /// The attributes of a node.
  public func attributes(of node: NodeID) -> ArraySlice<Attribute> {
    attributePool[nodes[node.index].attributes.range]
  }

  /// The operator of a node.
  public func kind(of node: NodeID) -> OperatorKind {
    operatorKinds[nodes[node.index].kind.index]
  }

  /// The extents of a tensor; a scalar has none.
  public func shape(of tensor: TensorID) -> ArraySlice<Int> {
    extentPool[tensors[tensor.index].shape.range]
  }

  /// The name of a tensor.
  public func name(of tensor: TensorID) -> String { names[tensors[tensor.index].name] }

  /// Whether a tensor has this name, byte by byte, whatever Unicode deems equivalent.
  ///
  /// - Complexity: O(length), without an allocation.
  public func hasName(_ name: String, _ tensor: TensorID) -> Bool {
    names.holds(tensors[tensor.index].name, name)
  }

  /// The name of a node; where the file gives none, its operator and position: `Relu#12`.
  public func name(of node: NodeID) -> String {
    let name = names[nodes[node.index].name]
    return name.isEmpty ? "\(kind(of: node).type)#\(node)" : name
  }

  /// The tensor an effect speaks of, as output and as input.
  ///
  /// - Precondition: `effect` is one of `node`'s and the graph is valid.
  public func operands(
    of effect: Effect, at node: NodeID
  ) -> (output: TensorID, input: TensorID) {
    let record = nodes[node.index]
    return (
      operandPool[record.outputs.range.lowerBound + Int(effect.output)],
      operandPool[record.inputs.range.lowerBound + Int(effect.input)]
    )
  }
}

// MARK: - Building

extension Graph {
  /// Adds a tensor that no node makes yet.
  ///
  /// - Parameters:
  ///   - name: The name, which no other tensor may have.
  ///   - type: The type of an element.
  ///   - shape: The extents; none for a scalar.
  ///   - role: What it is for.
  ///   - kind: What its value is made of.
  ///   - isUpperBound: Whether shape and bytes are upper bounds of what data decides.
  ///   - bytes: The size where it is not that of a dense tensor of this type and shape.
  /// - Throws: ``GraphError/invalidShape(tensor:shape:)`` when the extents are negative or the size
  ///   does not fit; ``GraphError/tooMany(_:)`` when the IDs run out.
  public mutating func addTensor(
    _ name: String, type: ElementType, shape: [Int], role: TensorRole,
    kind: ValueKind = .tensor, isUpperBound: Bool = false, bytes: ByteCount? = nil
  ) throws(GraphError) -> TensorID {
    guard tensors.count < Self.countLimit, extentPool.count < Self.countLimit - shape.count else {
      throw .tooMany("tensors")
    }
    guard names.hasRoom(forBytes: name.utf8.count) else { throw .tooMany("bytes of names") }
    guard let dense = type.byteCount(of: shape) else {
      throw .invalidShape(tensor: name, shape: shape)
    }
    let start = extentPool.count
    extentPool.append(contentsOf: shape)
    let id = TensorID(tensors.count)
    tensors.append(
      Tensor(
        name: names.intern(name), elementType: type, kind: kind, role: role,
        isUpperBound: isUpperBound, bytes: bytes ?? dense, producer: nil,
        shape: PoolRange(start..<extentPool.count)))
    return id
  }

  /// Adds a node behind all others and makes it the producer of its outputs.
  ///
  /// - Throws: ``GraphError/tooMany(_:)`` when the IDs run out.
  /// - Precondition: Every tensor is of this graph and no output has a producer.
  @discardableResult
  public mutating func addNode(
    _ name: String, kind: OperatorKind, inputs: [TensorID], outputs: [TensorID],
    effects: [Effect] = [], attributes: [Attribute] = [], phase: NodePhase = .unspecified,
    workspace: ByteCount = .zero, bodies: [Body] = []
  ) throws(GraphError) -> NodeID {
    guard nodes.count < Self.countLimit,
      operandPool.count < Self.countLimit - inputs.count - outputs.count
    else { throw .tooMany("nodes") }
    guard effectPool.count < Self.countLimit - effects.count,
      attributePool.count < Self.countLimit - attributes.count
    else { throw .tooMany("effects and attributes") }
    guard names.hasRoom(forBytes: name.utf8.count) else { throw .tooMany("bytes of names") }
    let id = NodeID(nodes.count)
    for output in outputs where !output.isAbsent {
      precondition(tensors[output.index].producer == nil, "a tensor has one producer")
      tensors[output.index].producer = id
    }
    let node = Node(
      name: names.intern(name), kind: intern(kind), phase: phase, workspace: workspace,
      inputs: Self.append(inputs, to: &operandPool),
      outputs: Self.append(outputs, to: &operandPool),
      effects: Self.append(effects, to: &effectPool),
      attributes: Self.append(attributes, to: &attributePool))
    nodes.append(node)
    if !bodies.isEmpty { bodyPool.append(BodiesOfNode(node: id, bodies: bodies)) }
    return id
  }

  /// Marks a tensor as a graph input.
  public mutating func addInput(_ tensor: TensorID) { inputs.append(tensor) }

  /// Marks a tensor as a graph output.
  public mutating func addOutput(_ tensor: TensorID) { outputs.append(tensor) }

  /// Demands that one node runs before another.
  public mutating func addControlDependency(_ dependency: ControlDependency) {
    controlDependencies.append(dependency)
  }

  /// Changes what a tensor is for.
  public mutating func setRole(_ role: TensorRole, of tensor: TensorID) {
    tensors[tensor.index].role = role
  }

  /// More than any real graph, and far enough from 2^32 that pool positions fit.
  static let countLimit = 1 << 30

  mutating func intern(_ kind: OperatorKind) -> OperatorKindID {
    if let id = kindIDs[kind] { return id }
    let id = OperatorKindID(operatorKinds.count)
    operatorKinds.append(kind)
    kindIDs[kind] = id
    return id
  }

  private static func append<Element>(
    _ elements: [Element], to pool: inout [Element]
  ) -> PoolRange {
    let start = pool.count
    pool.append(contentsOf: elements)
    return PoolRange(start..<pool.count)
  }
}
