// SPDX-License-Identifier: Apache-2.0

/// A graph of an ONNX file: the main one, a control-flow body or a function's body.
///
/// What nodes list lies in two flat arrays that the accessors slice, so that a node costs no
/// allocation. The order of everything is the file's.
public struct ONNXGraph: Hashable, Sendable {
  /// The graph's name; empty if it has none.
  public let name: String

  /// The nodes, in the file's order.
  public let nodes: [ONNXNode]

  /// The constants stored with the graph.
  public let initializers: [ONNXTensor]

  /// The constants stored as sparse tensors; the value tensor carries the name.
  public let sparseInitializers: [ONNXSparseTensor]

  /// The parameters. In files of format version 3 and older they repeat all initializers.
  public let inputs: [ONNXValueInfo]

  /// The results.
  public let outputs: [ONNXValueInfo]

  /// What the file says about values in between.
  public let valueInfo: [ONNXValueInfo]

  /// The graph's own key-value pairs.
  public let metadata: [ONNXMetadataEntry]

  /// The inputs, then the outputs, of every node in turn.
  let operands: [ONNXNameID]

  /// The attributes of every node in turn.
  let attributes: [ONNXAttribute]

  /// A node's inputs; ``ONNXNameID/absent`` where an optional one is left out.
  ///
  /// - Complexity: O(1).
  public func inputs(of node: ONNXNode) -> FlatList<ONNXNameID> {
    FlatList(operands, start: Int(node.operandStart), count: Int(node.inputCount))
  }

  /// A node's outputs; ``ONNXNameID/absent`` where an optional one is left out.
  ///
  /// - Complexity: O(1).
  public func outputs(of node: ONNXNode) -> FlatList<ONNXNameID> {
    FlatList(
      operands, start: Int(node.operandStart) + Int(node.inputCount),
      count: Int(node.outputCount))
  }

  /// One of a node's inputs; ``ONNXNameID/absent`` if it is left out, also at the end.
  ///
  /// - Complexity: O(1).
  public func input(_ index: Int, of node: ONNXNode) -> ONNXNameID {
    index < node.inputCount ? operands[Int(node.operandStart) + index] : .absent
  }

  /// One of a node's outputs; ``ONNXNameID/absent`` if it is left out, also at the end.
  ///
  /// - Complexity: O(1).
  public func output(_ index: Int, of node: ONNXNode) -> ONNXNameID {
    index < node.outputCount
      ? operands[Int(node.operandStart) + Int(node.inputCount) + index] : .absent
  }

  /// A node's attributes, in the file's order.
  ///
  /// - Complexity: O(1).
  public func attributes(of node: ONNXNode) -> FlatList<ONNXAttribute> {
    FlatList(attributes, start: Int(node.attributeStart), count: Int(node.attributeCount))
  }

  /// The value of a node's attribute, if it has one of that name; the first, if it has several.
  ///
  /// - Complexity: O(n), where n is the number of the node's attributes.
  public func attribute(_ name: String, of node: ONNXNode) -> ONNXAttribute.Value? {
    attributes(of: node).first { $0.name == name }?.value
  }
}

/// One use of an operator. Its inputs, outputs and attributes are asked of its graph.
public struct ONNXNode: Hashable, Sendable {
  /// The node's name; empty if it has none, and not always unique.
  public let name: String

  /// The index in ``ONNXModel/operators`` of what the node runs.
  public let operatorIndex: Int

  /// Where the node's message lies in the file, in bytes, half-open.
  public let message: Range<Int>

  let operandStart: UInt32
  let inputCount: UInt32
  let outputCount: UInt32
  let attributeStart: UInt32
  let attributeCount: UInt32
}

/// A named constant argument of a node.
public struct ONNXAttribute: Hashable, Sendable {
  /// What an attribute holds.
  @nonexhaustive
  public enum Value: Hashable, Sendable {
    /// One number.
    case float(Float)
    /// One whole number; truth values are 0 and 1.
    case int(Int64)
    /// A string; invalid UTF-8 is repaired.
    case string(String)
    /// The place of a string of more than ``ONNXLimits/stringBytes`` bytes in the file, half-open.
    case largeString(at: Range<Int>)
    /// A constant.
    indirect case tensor(ONNXTensor)
    /// A constant stored as a sparse tensor.
    indirect case sparseTensor(ONNXSparseTensor)
    /// A control-flow body. Names it does not define are those of the graphs around it.
    indirect case graph(ONNXGraph)
    /// A type, as `Optional` takes one.
    case type(ONNXType)
    /// Numbers.
    case floats([Float])
    /// Whole numbers.
    case ints([Int64])
    /// Strings; invalid UTF-8 is repaired.
    case strings([String])
    /// Constants.
    case tensors([ONNXTensor])
    /// Constants stored as sparse tensors.
    case sparseTensors([ONNXSparseTensor])
    /// Control-flow bodies.
    case graphs([ONNXGraph])
    /// Types.
    case types([ONNXType])
    /// Inside a function: the value of the call's attribute of that name.
    case reference(String)
    /// No value, or one of a kind newer than this reader, with the file's number of the kind.
    case unknown(kind: Int32)
  }

  /// The attribute's name.
  public let name: String

  /// What it holds.
  public let value: Value

  /// Where the message with the value lies in the file, in bytes, half-open; empty for one that no file
  /// has. Where a function was inlined, that of the call's attribute or of the default.
  public let message: Range<Int>

  /// Makes an attribute.
  public init(name: String, value: Value, message: Range<Int> = 0..<0) {
    self.name = name
    self.value = value
    self.message = message
  }
}
