// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// Makes a graph of an ONNX file: names resolved, dimensions bound, nodes in an order of execution,
/// every tensor's type, shape, role and size known.
public struct ONNXImporter: Sendable {
  /// The numbers of the dimensions that the file leaves open.
  public var bindings: [DimensionBinding]
  /// How large tensors can be whose sizes only running the model tells. They give bounds where
  /// there are none, and take the place of larger ones that are derived.
  public var bounds: [SizeBound]
  /// Whether what the file says of values between nodes is passed over, so that every shape comes
  /// from its operator's rule.
  public var ignoresValueInfo: Bool
  /// How much of a file is taken on.
  public var limits: ONNXLimits

  /// Makes an importer.
  public init(
    bindings: [DimensionBinding] = [], bounds: [SizeBound] = [], ignoresValueInfo: Bool = false,
    limits: ONNXLimits = ONNXLimits()
  ) {
    self.bindings = bindings
    self.bounds = bounds
    self.ignoresValueInfo = ignoresValueInfo
    self.limits = limits
  }

  /// Imports the model in a file.
  ///
  /// - Parameter path: The file's path.
  /// - Returns: A valid graph, and what is to be said of the model.
  /// - Throws: ``ImportError`` when the file cannot be read or is no model, names or nodes do not
  ///   fit together, dimensions or data-dependent sizes stay open, or a tensor's shape cannot be
  ///   found out.
  /// - Complexity: O(nodes + operands + bytes of the file outside weights).
  public func importGraph(path: String) throws(ImportError) -> ImportedGraph {
    try importGraph(of: try ONNXModel(path: path, limits: limits))
  }

  /// Imports a model that is already read; see ``importGraph(path:)``.
  public func importGraph(of model: ONNXModel) throws(ImportError) -> ImportedGraph {
    let structure = try GraphStructure(of: model)
    let (inference, dimensions) = try inference(of: model, structure)
    guard inference.unknown.isEmpty else { throw .shapes(.unknown(inference.unknown)) }
    guard inference.unbounded.isEmpty else { throw .shapes(.unbounded(inference.unbounded)) }
    let assembly = try GraphAssembly(model: model, structure: structure, inference: inference)
    let graph = try assembly.assembled()
    return ImportedGraph(
      graph: graph, fileNodes: structure.order,
      model: ModelFacts(
        irVersion: model.irVersion, opsets: model.opsets, producerName: model.producerName,
        producerVersion: model.producerVersion, bindings: bindings, bounds: bounds,
        dynamicDimensions: dimensions.dynamic,
        notes: notes(model, structure, inference, graph)))
  }

  /// What can be known of every value of a model.
  func inference(
    of model: ONNXModel, _ structure: GraphStructure
  ) throws(ImportError) -> (ShapeInference, DimensionResolver) {
    let graph = model.graph
    let fed = structure.fedInputs.map { graph.inputs[$0] }
    let dimensions = try DimensionResolver(
      inputs: fed, others: [graph.inputs, graph.outputs, graph.valueInfo], names: model.names,
      bindings: bindings)
    let bounds = try SizeBounds(bounds, names: model.names)
    var inference = ShapeInference(
      of: model, dimensions: dimensions, bounds: bounds, usesValueInfo: !ignoresValueInfo)
    for (index, input) in fed.enumerated() {
      var fact = ValueFact(input.type.elementType, dimensions.inputShapes[index])
      guard fact.elementType != .undefined, (try? fact.checkForm()) != nil else {
        throw .structure(.unsized(tensor: model.names[input.name]))
      }
      if case .optional = input.type {
        fact = .optional(of: fact.elementType, fact)
        // Whether there is a tensor, the caller decides.
        fact.isUpperBound = true
      } else if let values = dimensions.inputValues[index] {
        fact.value = KnownValue.integers(values, fact.elementType.wrapped)
      }
      inference.define(input.name, fact)
    }
    for tensor in graph.initializers {
      inference.define(tensor.name, try inference.fact(of: tensor))
    }
    for tensor in graph.sparseInitializers {
      inference.define(tensor.values.name, try inference.fact(ofSparse: tensor))
    }
    for node in structure.constants { try inference.infer(node, in: structure) }
    for node in structure.order { try inference.infer(node, in: structure) }
    try bounds.checkUse { inference[$0] }
    return (inference, dimensions)
  }

  private func notes(
    _ model: ONNXModel, _ structure: GraphStructure, _ inference: ShapeInference, _ graph: Graph
  ) -> [ImportNote] {
    let bodies = model.graph.nodes.count { node in
      model.graph.attributes(of: node).contains {
        switch $0.value {
        case .graph, .graphs: true
        default: false
        }
      }
    }
    let bounded = graph.tensors.count { $0.isUpperBound }
    let strings = graph.tensors.count { $0.elementType == .string }
    let notes: [ImportNote] = [
      .sortedNodes(structure.movedCount), .constantNodes(structure.constants.count),
      .statedShapes(inference.statedCount), .upperBounds(bounded), .strings(strings),
      .uncountedBodies(bodies),
    ]
    return notes.filter { $0.count > 0 }
  }
}

/// A graph and where it comes from.
public struct ImportedGraph: Sendable {
  /// The graph, valid.
  public let graph: Graph
  /// Where each of the graph's nodes stands among those of the file's main graph, by node. The file's
  /// other nodes are `Constant` ones without inputs.
  public let fileNodes: [Int]
  /// What is to be said of the model in a plan.
  public let model: ModelFacts
}

/// What a plan says of the model that it is for.
public struct ModelFacts: Hashable, Sendable {
  /// The version of the format.
  public let irVersion: Int64
  /// The operator sets that the graph is written in.
  public let opsets: [ONNXOpset]
  /// The tool that wrote the file; empty if unknown.
  public let producerName: String
  /// The version of that tool; empty if unknown.
  public let producerVersion: String
  /// The bindings that were used, in the order given.
  public let bindings: [DimensionBinding]
  /// The bounds of data-dependent sizes that were used, in the order given.
  public let bounds: [SizeBound]
  /// The dimensions that the file leaves open.
  public let dynamicDimensions: [DynamicDimension]
  /// What the importer did that a reader of the plan may want to know.
  public let notes: [ImportNote]
}

/// Something that the importer did, with how often.
@nonexhaustive
public enum ImportNote: Hashable, Sendable {
  /// Nodes that stood behind others that need them were moved up.
  case sortedNodes(Int)
  /// `Constant` nodes became constants.
  case constantNodes(Int)
  /// Shapes were taken from the file because no rule tells them.
  case statedShapes(Int)
  /// Tensors whose size is an upper bound of what data decides.
  case upperBounds(Int)
  /// Tensors of strings, whose characters are not counted.
  case strings(Int)
  /// Nodes that run graphs of their own, whose memory is not part of the plan.
  case uncountedBodies(Int)

  /// How often.
  public var count: Int {
    switch self {
    case .sortedNodes(let count), .constantNodes(let count), .statedShapes(let count),
      .upperBounds(let count), .strings(let count), .uncountedBodies(let count):
      count
    }
  }
}

extension ImportNote: CustomStringConvertible {
  public var description: String {
    func many(_ count: Int, _ one: String, _ several: String) -> String {
      "\(count) \(count == 1 ? one : several)"
    }
    return switch self {
    case .sortedNodes(let count):
      "\(many(count, "node was", "nodes were")) moved up: the file is not in an order of execution"
    case .constantNodes(let count):
      "\(many(count, "Constant node", "Constant nodes")) became constants"
    case .statedShapes(let count):
      "\(many(count, "shape was", "shapes were")) taken from the file: no rule tells them"
    case .upperBounds(let count):
      "\(many(count, "tensor's size is an upper bound", "tensors' sizes are upper bounds")) "
        + "of what data decides"
    case .strings(let count):
      "\(many(count, "tensor holds", "tensors hold")) strings, whose characters are not counted"
    case .uncountedBodies(let count):
      "the plan is too low by what runs inside \(many(count, "node", "nodes")) with a body "
        + "(If, Loop, Scan), which is not counted"
    }
  }
}
