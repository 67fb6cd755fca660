// SPDX-License-Identifier: Apache-2.0

/// A rewrite as a value: what is added, what is rewired, what is removed.
///
/// New tensors get the IDs behind those of the graph that the patch is for, so new nodes may mix
/// them with existing ones. A new node may also make a tensor whose producer the patch removes,
/// which keeps its name and its readers. Applying is all or nothing and costs a pass over the graph,
/// so a pass puts all the places it rewrites into one patch where it can.
public struct GraphPatch: Sendable {
  /// What the patch does, for reports and errors.
  public let label: String
  let tensorCount: Int
  let nodeCount: Int
  private(set) var tensors: [NewTensor] = []
  private(set) var nodes: [NewNode] = []
  private(set) var shunts: [(old: TensorID, new: TensorID)] = []
  private(set) var removed: Set<NodeID> = []
  private(set) var removedSources: Set<TensorID> = []

  struct NewTensor {
    var name: String
    var type: ElementType
    var shape: [Int]
    var role: TensorRole
    var kind: ValueKind
    var isUpperBound: Bool
    var bytes: ByteCount?
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
  public var isEmpty: Bool {
    tensors.isEmpty && nodes.isEmpty && shunts.isEmpty && removed.isEmpty && removedSources.isEmpty
  }

  /// Adds a tensor and returns the ID that the patch's new nodes know it by.
  ///
  /// - Parameters:
  ///   - name: The name, which no tensor that stays may have.
  ///   - type: The type of an element.
  ///   - shape: The extents; none for a scalar.
  ///   - role: What it is for.
  ///   - kind: What its value is made of.
  ///   - isUpperBound: Whether shape and bytes are upper bounds of what data decides.
  ///   - bytes: The size where it is not that of a dense tensor of this type and shape.
  public mutating func addTensor(
    _ name: String, type: ElementType, shape: [Int], role: TensorRole, kind: ValueKind = .tensor,
    isUpperBound: Bool = false, bytes: ByteCount? = nil
  ) -> TensorID {
    tensors.append(
      NewTensor(
        name: name, type: type, shape: shape, role: role, kind: kind, isUpperBound: isUpperBound,
        bytes: bytes))
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

  /// Lets every reader of `old` that stays, and the graph's outputs, read `new` instead.
  ///
  /// Where `new` is shunted too, they read what it leads to, in whichever order the two were asked
  /// for. The patch's own nodes read what they name.
  public mutating func shunt(_ old: TensorID, to new: TensorID) { shunts.append((old, new)) }

  /// Removes a node, and with it each output that no new node makes.
  public mutating func remove(_ node: NodeID) { removed.insert(node) }

  /// Removes a weight, constant or state that nothing reads any more.
  public mutating func remove(_ source: TensorID) { removedSources.insert(source) }
}
