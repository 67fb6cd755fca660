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
    let inlining = try FunctionInlining(of: model)
    let model = inlining.model
    let structure = try GraphStructure(of: model)
    let (inference, dimensions) = try inference(of: model, structure)
    guard inference.unknown.isEmpty else { throw .shapes(.unknown(inference.unknown)) }
    guard inference.unbounded.isEmpty else {
      throw .shapes(
        .unbounded(
          inference.unbounded, inputs: inference.smallInputs(of: model, structure.fedInputs)))
    }
    let assembly = try GraphAssembly(model: model, structure: structure, inference: inference)
    let graph = try assembly.assembled()
    return ImportedGraph(
      graph: graph, fileNodes: structure.order.map { inlining.origins[$0] },
      hasInlinedFunctions: inlining.callCount > 0,
      model: ModelFacts(
        irVersion: model.irVersion, opsets: model.opsets, producerName: model.producerName,
        producerVersion: model.producerVersion, bindings: bindings, bounds: bounds,
        dynamicDimensions: dimensions.dynamic,
        notes: notes(model, structure, inference, graph, inlining.callCount)))
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
      if let members = dimensions.inputMembers[index],
        let fact = ContainerInput(input.type)?.fact(members)
      {
        guard fact.elementType != .undefined, (try? fact.checkForm()) != nil else {
          throw .structure(.unsized(tensor: model.names[input.name]))
        }
        inference.define(input.name, fact)
        continue
      }
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
    _ model: ONNXModel, _ structure: GraphStructure, _ inference: ShapeInference, _ graph: Graph,
    _ callCount: Int
  ) -> [ImportNote] {
    let bodies = BodyCount(of: model.graph, inference.bodies)
    let bounded = graph.tensors.count { $0.isUpperBound }
    let strings = graph.tensors.count { $0.elementType == .string }
    let unused = unused(in: model, structure)
    let notes: [ImportNote] = [
      .inlinedCalls(callCount), .sortedNodes(structure.movedCount),
      .constantNodes(structure.constants.count),
      .repeatedInitializers(structure.repeatedInitializers.map { model.names[$0] }),
      .wrongShapes(inference.wrongInfos),
      .statedShapes(inference.statedCount), .upperBounds(bounded), .strings(strings),
      .unusedNodes(unused.nodes), .unusedInitializers(unused.initializers),
      .externalData(model.externalDataFaults()), .uncountedBodies(bodies.uncounted),
      .impossibleBranches(bodies.impossible),
    ]
    return notes.filter { $0.count > 0 }
  }

  /// The names of nodes none of whose results are used, and of initializers that nothing uses.
  private func unused(
    in model: ONNXModel, _ structure: GraphStructure
  ) -> (nodes: [String], initializers: [String]) {
    let graph = model.graph
    var isUsed = [Bool](repeating: false, count: model.names.count)
    for output in graph.outputs { isUsed[Int(output.name.index)] = true }
    var captures: Set<Int> = []
    for index in graph.nodes.indices {
      for name in graph.inputs(of: graph.nodes[index]) { isUsed[Int(name.index)] = true }
      if structure.captures[index] != nil { captures.insert(index) }
    }
    for index in captures {
      for name in structure.operands(of: index) { isUsed[Int(name.index)] = true }
    }
    func isDead(_ node: Int) -> Bool {
      let outputs = graph.outputs(of: graph.nodes[node])
      return outputs.allSatisfy { !isUsed[Int($0.index)] || $0 == .absent }
        && outputs.contains { $0 != .absent }
    }
    return (
      structure.order.filter(isDead).map(structure.nodeName),
      graph.initializers.map(\.name).filter { !isUsed[Int($0.index)] }.map { model.names[$0] }
    )
  }
}

/// A graph and where it comes from.
public struct ImportedGraph: Sendable {
  /// The graph, valid.
  public let graph: Graph
  /// Where each of the graph's nodes stands among those of the file's main graph, by node; where a
  /// function was inlined, the node that calls it, several times. The file's other nodes are `Constant`
  /// ones without inputs.
  public let fileNodes: [Int]
  /// Whether nodes of the graph come from functions, so that the file has no nodes for them.
  public let hasInlinedFunctions: Bool
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

/// What there is to say of the graphs that nodes run.
private struct BodyCount {
  /// The nodes with graphs of which not all is known.
  private(set) var uncounted = 0
  /// The branches that cannot run.
  private(set) var impossible = 0

  init(of graph: ONNXGraph, _ bodies: [Int: InferredBodies]) {
    for (index, node) in graph.nodes.enumerated() {
      let hasBody = graph.attributes(of: node).contains {
        switch $0.value {
        case .graph, .graphs: true
        default: false
        }
      }
      guard hasBody else { continue }
      guard let known = bodies[index] else {
        uncounted += 1
        continue
      }
      impossible += known.impossible
      for body in known.bodies {
        let inside = BodyCount(of: body.structure.graph, body.bodies)
        uncounted += inside.uncounted
        impossible += inside.impossible
      }
    }
  }
}
