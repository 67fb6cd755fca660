// SPDX-License-Identifier: Apache-2.0

/// A model in which every call of one of its functions is replaced by what the function does.
///
/// Values inside a function are named after the node that calls it, `node/value`, with a number behind
/// where that name is taken; nodes likewise. An attribute that refers to one of the call gets the call's
/// value or else the function's default, or goes. Operators are of the version that the function imports.
struct FunctionInlining {
  /// The model without calls. What a function does has the messages of the function's nodes; a copy
  /// that stands for a result which is a parameter has none.
  private(set) var model: ONNXModel
  /// For each node of its main graph the position in the file's of the node that it comes from.
  private(set) var origins: [Int] = []
  /// How many calls in the main graph there were.
  private(set) var callCount = 0
  /// Whether there were any, here or in bodies.
  private(set) var hasCalls = false

  /// The functions that are being inlined into each other.
  private var open: [Int] = []
  private var nodeCount = 0
  /// The operators that stand for others in functions written in other operator sets.
  private var operators: [OperatorUse: Int] = [:]
  /// Whether each operator is called in, or is a function.
  private let callable: [Bool]

  /// How many nodes there may be.
  static let nodeLimit = 1 << 19
  /// How deep functions may call each other.
  static let depthLimit = 64

  private struct OperatorUse: Hashable {
    let index: Int
    let version: Int64
  }

  /// Replaces the calls of a model.
  ///
  /// - Throws: ``StructureFault`` when functions call themselves, calls do not fit, or there would be too
  ///   many nodes.
  /// - Complexity: O(nodes of the result).
  init(of model: ONNXModel) throws(ImportError) {
    self.model = model
    callable = model.operators.indices.map { model.functionIndex(ofOperatorAt: $0) != nil }
    guard !model.functions.isEmpty, callsFunctions(in: model.graph) else {
      origins = Array(model.graph.nodes.indices)
      return
    }
    hasCalls = true
    var builder = GraphBuilder()
    for (index, node) in model.graph.nodes.enumerated() {
      if callable[node.operatorIndex] { callCount += 1 }
      try add(node, at: index, of: model.graph, within: nil, to: &builder)
      origins += Array(repeating: index, count: builder.nodes.count - origins.count)
    }
    self.model.graph = builder.graph(
      like: model.graph, infos: model.graph.valueInfo + builder.infos)
  }

  private func callsFunctions(in graph: ONNXGraph) -> Bool {
    graph.nodes.contains { node in
      callable[node.operatorIndex]
        || graph.attributes(of: node).contains { attribute in
          switch attribute.value {
          case .graph(let body): callsFunctions(in: body)
          case .graphs(let bodies): bodies.contains(where: callsFunctions)
          default: false
          }
        }
    }
  }

  // MARK: Nodes

  /// A function that is called: what its names and attributes stand for.
  private final class Call {
    let function: ONNXFunction
    let prefix: String
    var names: [ONNXNameID: ONNXNameID] = [:]
    var attributes: [String: ONNXAttribute] = [:]

    init(_ function: ONNXFunction, prefix: String) {
      self.function = function
      self.prefix = prefix
    }
  }

  /// Adds a node, or what the function does that it calls.
  ///
  /// - Parameter call: The function that the node is in.
  private mutating func add(
    _ node: ONNXNode, at index: Int, of graph: ONNXGraph, within call: Call?,
    to builder: inout GraphBuilder
  ) throws(ImportError) {
    nodeCount += 1
    guard nodeCount <= Self.nodeLimit else {
      throw .structure(.tooManyCalls(limit: Self.nodeLimit))
    }
    let name = Self.name(of: node, at: index, model)
    let inputs = try graph.inputs(of: node).mapped { name throws(ImportError) in
      try renamed(name, call)
    }
    let outputs = try graph.outputs(of: node).mapped { name throws(ImportError) in
      try renamed(name, call)
    }
    var attributes: [ONNXAttribute] = []
    for attribute in graph.attributes(of: node) {
      if let resolved = try resolved(attribute, call) { attributes.append(resolved) }
    }
    guard let position = model.functionIndex(ofOperatorAt: node.operatorIndex) else {
      builder.add(
        name: call == nil ? node.name : "\(call?.prefix ?? "")/\(name)",
        operatorIndex: try operatorIndex(of: node, call), message: node.message,
        inputs: inputs, outputs: outputs, attributes: attributes)
      return
    }
    let function = model.functions[position]
    guard !open.contains(position), open.count < Self.depthLimit else {
      throw .structure(.recursion(function: model.operators[node.operatorIndex].description))
    }
    guard inputs.count <= function.inputs.count, outputs.count <= function.outputs.count else {
      throw .structure(
        .call(node: name, function: model.operators[node.operatorIndex].description))
    }
    let inner = Call(function, prefix: call.map { "\($0.prefix)/\(name)" } ?? name)
    for (index, parameter) in function.inputs.enumerated() where parameter != .absent {
      inner.names[parameter] = index < inputs.count ? inputs[index] : .absent
    }
    // A result that is a parameter, or two at once, is copied out.
    var copies: [(from: ONNXNameID, to: ONNXNameID)] = []
    for (index, result) in function.outputs.enumerated() where index < outputs.count {
      guard outputs[index] != .absent else { continue }
      if inner.names[result] != nil {
        copies.append((result, outputs[index]))
      } else {
        inner.names[result] = outputs[index]
      }
    }
    for attribute in function.attributeDefaults + attributes {
      inner.attributes[attribute.name] = attribute
    }
    open.append(position)
    defer { open.removeLast() }
    for (index, node) in function.body.nodes.enumerated() {
      try add(node, at: index, of: function.body, within: inner, to: &builder)
    }
    for copy in copies {
      builder.add(
        name: "\(inner.prefix)/Identity", operatorIndex: identity(), message: 0..<0,
        inputs: [try renamed(copy.from, inner)], outputs: [copy.to], attributes: [])
    }
    for info in function.body.valueInfo where info.type.isWholly {
      builder.infos.append(
        ONNXValueInfo(
          name: try renamed(info.name, inner), type: info.type, message: info.message))
    }
  }

  private static func name(of node: ONNXNode, at index: Int, _ model: ONNXModel) -> String {
    node.name.isEmpty ? "\(model.operator(of: node).type)#\(index)" : node.name
  }

  // MARK: Names

  /// What a name of a function's body is called where the function is called.
  private mutating func renamed(
    _ name: ONNXNameID, _ call: Call?
  ) throws(ImportError) -> ONNXNameID {
    guard let call, name != .absent else { return name }
    if let known = call.names[name] { return known }
    var text = "\(call.prefix)/\(model.names[name])"
    var number = 2
    while model.names.id(of: text) != nil {
      text = "\(call.prefix)/\(model.names[name]).\(number)"
      number += 1
    }
    let fresh = text.withUTF8 { model.names.insert(UnsafeRawBufferPointer($0)) }
    guard let fresh else { throw .structure(.tooManyCalls(limit: Self.nodeLimit)) }
    call.names[name] = fresh
    return fresh
  }

  // MARK: Attributes and bodies

  /// An attribute where the function is called; `nil` if it refers to one that nobody gives.
  private mutating func resolved(
    _ attribute: ONNXAttribute, _ call: Call?
  ) throws(ImportError) -> ONNXAttribute? {
    func with(_ value: ONNXAttribute.Value, _ message: Range<Int>) -> ONNXAttribute {
      ONNXAttribute(name: attribute.name, value: value, message: message)
    }
    switch attribute.value {
    case .reference(let name):
      guard let call else { return attribute }
      return call.attributes[name].map { with($0.value, $0.message) }
    case .graph(let body): return with(.graph(try inlined(body, call)), attribute.message)
    case .graphs(let bodies):
      var result: [ONNXGraph] = []
      for body in bodies { result.append(try inlined(body, call)) }
      return with(.graphs(result), attribute.message)
    default: return attribute
    }
  }

  /// A body without calls, its names those where the function around it is called.
  private mutating func inlined(
    _ body: ONNXGraph, _ call: Call?
  ) throws(ImportError) -> ONNXGraph {
    if call == nil, !callsFunctions(in: body) { return body }
    var builder = GraphBuilder()
    for (index, node) in body.nodes.enumerated() {
      try add(node, at: index, of: body, within: call, to: &builder)
    }
    func renamed(_ infos: [ONNXValueInfo]) throws(ImportError) -> [ONNXValueInfo] {
      var result: [ONNXValueInfo] = []
      for info in infos {
        let name = try self.renamed(info.name, call)
        result.append(ONNXValueInfo(name: name, type: info.type, message: info.message))
      }
      return result
    }
    func renamed(_ tensor: ONNXTensor) throws(ImportError) -> ONNXTensor {
      ONNXTensor(
        name: try self.renamed(tensor.name, call), elementType: tensor.elementType,
        dimensions: tensor.dimensions, elementCount: tensor.elementCount, storage: tensor.storage,
        message: tensor.message)
    }
    var initializers: [ONNXTensor] = []
    for tensor in body.initializers { initializers.append(try renamed(tensor)) }
    var sparse: [ONNXSparseTensor] = []
    for tensor in body.sparseInitializers {
      sparse.append(
        ONNXSparseTensor(
          values: try renamed(tensor.values), indices: tensor.indices,
          dimensions: tensor.dimensions))
    }
    return ONNXGraph(
      name: body.name, nodes: builder.nodes, initializers: initializers,
      sparseInitializers: sparse, inputs: try renamed(body.inputs),
      outputs: try renamed(body.outputs),
      valueInfo: try renamed(body.valueInfo) + builder.infos, metadata: body.metadata,
      operands: builder.operands, attributes: builder.attributes)
  }

  // MARK: Operators

  /// The operator that a node of a function runs, in the version that the function imports.
  private mutating func operatorIndex(
    of node: ONNXNode, _ call: Call?
  ) throws(ImportError) -> Int {
    let index = node.operatorIndex
    guard let call,
      let version = call.function.opsets.version(ofDomain: model.operators[index].domain),
      version != model.opsetVersion(ofDomain: model.operators[index].domain)
    else { return index }
    let use = OperatorUse(index: index, version: version)
    if let known = operators[use] { return known }
    let fresh = model.operators.count
    model.operators.append(model.operators[index])
    model.functionOfOperator.append(-1)
    model.versionsOfOperators[fresh] = version
    operators[use] = fresh
    return fresh
  }

  /// The operator that copies.
  private mutating func identity() -> Int {
    if let known = model.operators.firstIndex(where: {
      $0.domain.isEmpty && $0.type == "Identity" && $0.overload.isEmpty
    }) {
      return known
    }
    model.operators.append(ONNXOperator(domain: "", type: "Identity", overload: ""))
    model.functionOfOperator.append(-1)
    return model.operators.count - 1
  }
}

/// The parts of a graph as they are added.
private struct GraphBuilder {
  private(set) var nodes: [ONNXNode] = []
  private(set) var operands: [ONNXNameID] = []
  private(set) var attributes: [ONNXAttribute] = []
  /// What functions state of their values.
  var infos: [ONNXValueInfo] = []

  mutating func add(
    name: String, operatorIndex: Int, message: Range<Int>, inputs: [ONNXNameID],
    outputs: [ONNXNameID], attributes: [ONNXAttribute]
  ) {
    nodes.append(
      ONNXNode(
        name: name, operatorIndex: operatorIndex, message: message,
        operandStart: UInt32(operands.count), inputCount: UInt32(inputs.count),
        outputCount: UInt32(outputs.count), attributeStart: UInt32(self.attributes.count),
        attributeCount: UInt32(attributes.count)))
    operands += inputs
    operands += outputs
    self.attributes += attributes
  }

  /// The graph with these nodes and everything else of another.
  func graph(like other: ONNXGraph, infos: [ONNXValueInfo]) -> ONNXGraph {
    ONNXGraph(
      name: other.name, nodes: nodes, initializers: other.initializers,
      sparseInitializers: other.sparseInitializers, inputs: other.inputs, outputs: other.outputs,
      valueInfo: infos, metadata: other.metadata, operands: operands, attributes: attributes)
  }
}

extension ONNXType {
  /// Whether it states the shape of a tensor in numbers: names of dimensions mean something else in each
  /// function.
  fileprivate var isWholly: Bool {
    guard case .tensor(_, let shape?) = self else { return false }
    return shape.allSatisfy {
      if case .value = $0 { true } else { false }
    }
  }
}

extension Sequence {
  /// As `map`, which does not throw typed errors of the caller's.
  fileprivate func mapped<Result>(
    _ body: (Element) throws(ImportError) -> Result
  ) throws(ImportError) -> [Result] {
    var result: [Result] = []
    for element in self { result.append(try body(element)) }
    return result
  }
}
