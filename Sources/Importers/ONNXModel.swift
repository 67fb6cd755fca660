// SPDX-License-Identifier: Apache-2.0

/// An ONNX model as its file states it: header, graph and functions, without any weight's bytes.
///
/// Weights stay in ``file``, which the model keeps mapped: a tensor says where its bytes lie.
/// Everything that names a value (a tensor between operators) does so by an ``ONNXNameID`` of
/// ``names``, shared by the graph, its subgraphs and the functions; every node names its
/// operator by an index into ``operators``. The model promises that the file is well formed on
/// the wire, not that it obeys ONNX: names may be undefined, repeated or cyclic.
public struct ONNXModel: Sendable {
  /// The mapped file that all byte ranges in the model point into.
  public let file: MappedFile

  /// The version of the format, as `ir_version` says.
  public let irVersion: Int64

  /// The tool that wrote the file; empty if unknown.
  public let producerName: String

  /// The version of the tool that wrote the file; empty if unknown.
  public let producerVersion: String

  /// The operator sets the graph is written in, in the file's order.
  public let opsets: [ONNXOpset]

  /// The model's own key-value pairs, in the file's order.
  public let metadata: [ONNXMetadataEntry]

  /// The names of all values in the graph, its subgraphs and the functions.
  public internal(set) var names: ONNXNameTable

  /// The distinct operators that nodes and functions name, in order of first mention.
  public internal(set) var operators: [ONNXOperator]

  /// The main graph.
  public internal(set) var graph: ONNXGraph

  /// The model's local functions, in the file's order, no two of the same operator.
  public let functions: [ONNXFunction]

  /// For each operator the index of the function that defines it, or -1.
  var functionOfOperator: [Int32]

  /// The versions of operators that come from functions written in other operator sets than the graph,
  /// by their index.
  var versionsOfOperators: [Int: Int64] = [:]

  /// The operator that a node runs.
  public func `operator`(of node: ONNXNode) -> ONNXOperator { operators[node.operatorIndex] }

  /// The index in ``functions`` of the function that defines an operator, if one does.
  ///
  /// - Complexity: O(1).
  public func functionIndex(ofOperatorAt index: Int) -> Int? {
    let function = functionOfOperator[index]
    return function < 0 ? nil : Int(function)
  }

  /// The version of the operator set that an operator is of, if one of its domain is imported: the
  /// model's, or that of the function that the operator was inlined from.
  public func version(ofOperatorAt index: Int) -> Int64? {
    versionsOfOperators[index] ?? opsetVersion(ofDomain: operators[index].domain)
  }

  /// The version of a domain's operator set that the model imports, if it does; the highest one
  /// if it is imported more than once.
  ///
  /// - Parameter domain: the domain, "" for the standard operators.
  public func opsetVersion(ofDomain domain: String) -> Int64? {
    opsets.version(ofDomain: domain)
  }
}

/// One imported operator set.
public struct ONNXOpset: Hashable, Sendable {
  /// The domain, "" for the standard operators (also where the file says "ai.onnx").
  public let domain: String

  /// The version of the set.
  public let version: Int64

  /// Makes an import of a version of a domain's operators.
  public init(domain: String, version: Int64) {
    (self.domain, self.version) = (domain, version)
  }
}

extension [ONNXOpset] {
  /// The highest version of a domain's operator set in the list, if there is one.
  public func version(ofDomain domain: String) -> Int64? {
    var highest: Int64?
    for opset in self where opset.domain == domain {
      highest = Swift.max(highest ?? opset.version, opset.version)
    }
    return highest
  }
}

/// What a node runs: an operator, or a function of the model.
public struct ONNXOperator: Hashable, Sendable {
  /// The domain, "" for the standard operators (also where the file says "ai.onnx").
  public let domain: String

  /// The operator's name in its domain, as `op_type` says.
  public let type: String

  /// Which of several functions of that name; empty for all others.
  public let overload: String
}

extension ONNXOperator: CustomStringConvertible {
  public var description: String {
    let name = domain.isEmpty ? type : "\(domain).\(type)"
    return overload.isEmpty ? name : "\(name):\(overload)"
  }
}

/// One key-value pair of `metadata_props`.
public struct ONNXMetadataEntry: Hashable, Sendable {
  /// What is told; not always unique.
  public let key: String

  /// What is told of it.
  public let value: String
}

/// A local function: an operator with a body.
public struct ONNXFunction: Hashable, Sendable {
  /// The index in ``ONNXModel/operators`` of the operator that the function defines.
  public let operatorIndex: Int

  /// The names of its parameters inside the body, in order.
  public let inputs: [ONNXNameID]

  /// The names of its results inside the body, in order.
  public let outputs: [ONNXNameID]

  /// The attributes without default that a call gives, in the file's order.
  public let attributeNames: [String]

  /// The attributes with a default, in the file's order.
  public let attributeDefaults: [ONNXAttribute]

  /// The operator sets the body is written in.
  public let opsets: [ONNXOpset]

  /// The body: nodes and value infos; its graph inputs, outputs and initializers are empty.
  public let body: ONNXGraph
}
