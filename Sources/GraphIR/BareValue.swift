// SPDX-License-Identifier: Apache-2.0

/// Bytes between nodes of which nothing else is known: what an order needs of a tensor.
public struct BareValue: Hashable, Sendable {
  /// The size.
  public var bytes: ByteCount
  /// The node that makes it; nil for what is there from the start.
  public var producer: Int?
  /// The nodes that read it.
  public var users: [Int]
  /// Whether it stays to the end.
  public var isOutput: Bool

  /// Makes a value.
  public init(bytes: ByteCount, producer: Int?, users: [Int], isOutput: Bool = false) {
    self.bytes = bytes
    self.producer = producer
    self.users = users
    self.isOutput = isOutput
  }
}

extension Graph {
  /// A graph of nodes of which only the values between them are known, for whoever has an order to
  /// find and no operators: `Graph(nodeCount: 2, values: [BareValue(bytes: ByteCount(64), producer:
  /// 0, users: [1])])`.
  ///
  /// Node `n` has the ID `n`, value `v` the ID `v`, and the values' names are their positions. A node
  /// that reads a value twice is no different from one that reads it once.
  ///
  /// - Throws: ``GraphError/unknownTensor(at:)`` when a value names a node that does not exist,
  ///   ``GraphError/useBeforeDefinition(node:tensor:)`` when node numbers are no order of execution,
  ///   ``GraphError/tooMany(_:)``, ``GraphError/sizeOverflow``.
  /// - Complexity: O(nodes + values + users).
  public init(nodeCount: Int, values: [BareValue]) throws(GraphError) {
    self.init()
    var inputs = [[TensorID]](repeating: [], count: nodeCount)
    var outputs = [[TensorID]](repeating: [], count: nodeCount)
    for (index, value) in values.enumerated() {
      let isSource = value.producer == nil
      let tensor = try addTensor(
        "\(index)", type: .uint8, shape: [value.bytes.value],
        role: isSource ? .input : value.isOutput ? .output : .activation)
      if isSource { addInput(tensor) }
      if value.isOutput { addOutput(tensor) }
      for node in value.users + [value.producer].compactMap(\.self) {
        guard inputs.indices.contains(node) else {
          throw .unknownTensor(at: "value \(index), with node \(node) of \(nodeCount),")
        }
      }
      if let producer = value.producer { outputs[producer].append(tensor) }
      for user in value.users where inputs[user].last != tensor { inputs[user].append(tensor) }
    }
    for node in 0..<nodeCount {
      try addNode(
        "\(node)", kind: OperatorKind(type: "Node"), inputs: inputs[node], outputs: outputs[node])
    }
    try validate()
  }
}
