// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// What defines each name of a graph, and an order in which its nodes can run.
struct GraphStructure {
  /// What defines a name.
  enum Definition: Equatable {
    case none
    /// The position among the graph's inputs.
    case input(Int)
    /// The position among the initializers.
    case initializer(Int)
    /// The position among the sparse initializers.
    case sparseInitializer(Int)
    /// The position of the node, which is a `Constant`.
    case constant(Int)
    /// The position of the node.
    case node(Int)
    /// A graph around this one, which is a body.
    case outer
  }

  /// What defines each name here; in a body nothing defines those of the graphs around it.
  private var definitions: NameMap<Definition>
  /// The positions of the inputs that the caller feeds: all that are no initializers.
  private(set) var fedInputs: [Int] = []
  /// The positions of the `Constant` nodes, in the file's order.
  private(set) var constants: [Int] = []
  /// The positions of all other nodes, in an order of execution.
  private(set) var order: [Int] = []
  /// How many nodes stand before something that they need in the file.
  private(set) var movedCount = 0
  /// The names under which more than one initializer is stored, of one type and shape; as in
  /// onnxruntime, the last one counts.
  private(set) var repeatedInitializers: [ONNXNameID] = []
  /// By node, the names of this graph that its subgraphs use.
  private(set) var captures: [Int: [ONNXNameID]] = [:]

  /// In a body the names of the graphs around it that it uses, each once, in order of first use.
  private(set) var outerNames: [ONNXNameID] = []

  /// The graph.
  let graph: ONNXGraph
  private let model: ONNXModel
  /// Whether a node runs the graph.
  let isBody: Bool

  /// Finds the structure of a model's main graph.
  ///
  /// - Throws: ``StructureFault`` when names are undefined or defined twice, or nodes need each
  ///   other.
  /// - Complexity: O(nodes + operands).
  init(of model: ONNXModel) throws(ImportError) {
    try self.init(of: model.graph, in: model, isBody: false)
  }

  /// Finds the structure of a graph that a node of a model runs.
  ///
  /// - Throws: As ``init(of:)``, but for names that nothing in the body defines, which are those of the
  ///   graphs around it.
  init(ofBody body: ONNXGraph, in model: ONNXModel) throws(ImportError) {
    try self.init(of: body, in: model, isBody: true)
  }

  private init(of graph: ONNXGraph, in model: ONNXModel, isBody: Bool) throws(ImportError) {
    self.graph = graph
    self.model = model
    self.isBody = isBody
    definitions = NameMap(repeating: .none, count: isBody ? nil : model.names.count)
    try defineSources()
    try defineNodes()
    for (index, node) in graph.nodes.enumerated() {
      let captured = graph.capturedNames(of: node)
      if !captured.isEmpty { captures[index] = captured }
    }
    let rows = try checkedOperands()
    try order(rows)
  }

  /// The name of a node in errors: its own, or its operator and position.
  func nodeName(_ index: Int) -> String {
    let name = graph.nodes[index].name
    return name.isEmpty ? "\(model.operator(of: graph.nodes[index]).type)#\(index)" : name
  }

  /// What a node reads: its operands, then what its subgraphs use.
  func operands(of index: Int) -> [ONNXNameID] {
    let inputs = graph.inputs(of: graph.nodes[index])
    guard let captured = captures[index] else { return Array(inputs) }
    return inputs + captured.filter { !inputs.contains($0) }
  }

  subscript(name: ONNXNameID) -> Definition { definitions[name] }

  // MARK: Definitions

  private mutating func defineSources() throws(ImportError) {
    for (index, tensor) in graph.initializers.enumerated() {
      if tensor.name != .absent, case .initializer(let first) = self[tensor.name],
        graph.initializers[first].elementType == tensor.elementType,
        graph.initializers[first].dimensions == tensor.dimensions
      {
        if !repeatedInitializers.contains(tensor.name) { repeatedInitializers.append(tensor.name) }
        definitions[tensor.name] = .initializer(index)
        continue
      }
      try define(tensor.name, .initializer(index))
    }
    for (index, tensor) in graph.sparseInitializers.enumerated() {
      try define(tensor.values.name, .sparseInitializer(index))
    }
    // Old files list initializers among the inputs; newer ones may, to give an input a default.
    var isListed = NameMap(repeating: false, count: isBody ? nil : model.names.count)
    for (index, input) in graph.inputs.enumerated() {
      guard !isListed[input.name] else {
        throw twice(input.name, .input(index), .input(index))
      }
      isListed[input.name] = true
      if definitions[input.name] == .none {
        try define(input.name, .input(index))
        fedInputs.append(index)
      }
    }
  }

  private mutating func defineNodes() throws(ImportError) {
    for (index, node) in graph.nodes.enumerated() {
      let outputs = graph.outputs(of: node)
      let isConstant =
        outputs.count == 1 && graph.inputs(of: node).isEmpty
        && model.operators[node.operatorIndex].isConstant
      if isConstant { constants.append(index) }
      for output in outputs where output != .absent {
        try define(output, isConstant ? .constant(index) : .node(index))
      }
    }
  }

  private mutating func define(
    _ name: ONNXNameID, _ definition: Definition
  ) throws(ImportError) {
    guard name != .absent else {
      // A nameless input or initializer can be used by nothing, so nothing can be said of it.
      throw .structure(.undefined(tensor: "", at: owner(definition)))
    }
    guard definitions[name] == .none else { throw twice(name, definitions[name], definition) }
    definitions[name] = definition
  }

  private func twice(
    _ name: ONNXNameID, _ first: Definition, _ second: Definition
  ) -> ImportError {
    .structure(.definedTwice(tensor: model.names[name], by: [owner(first), owner(second)]))
  }

  private func owner(_ definition: Definition) -> String {
    switch definition {
    case .none, .outer: "nothing"
    case .input: "the graph's inputs"
    case .initializer, .sparseInitializer: "an initializer"
    case .constant(let node), .node(let node): "node \(nodeName(node).quoted)"
    }
  }

  // MARK: Order

  /// The nodes that each node needs, row by row, with repetitions.
  private mutating func checkedOperands() throws(ImportError) -> (start: [Int], values: [UInt32]) {
    var start = [0]
    start.reserveCapacity(graph.nodes.count + 1)
    var values: [UInt32] = []
    for index in graph.nodes.indices {
      for name in operands(of: index) where name != .absent {
        switch self[name] {
        case .node(let producer): values.append(UInt32(producer))
        case .none:
          // What the main graph asks of its nodes holds for the names that bodies have from outside.
          guard isBody else {
            throw .structure(
              .undefined(tensor: model.names[name], at: "node \(nodeName(index).quoted)"))
          }
          definitions[name] = .outer
          outerNames.append(name)
        default: continue
        }
      }
      start.append(values.count)
    }
    for output in graph.outputs where self[output.name] == .none {
      guard isBody, output.name != .absent else {
        throw .structure(
          .undefined(tensor: model.names[output.name], at: "the list of the graph's outputs"))
      }
      definitions[output.name] = .outer
      outerNames.append(output.name)
    }
    return (start, values)
  }

  private mutating func order(
    _ rows: (start: [Int], values: [UInt32])
  ) throws(ImportError) {
    let isSorted = graph.nodes.indices.allSatisfy { index in
      rows.values[rows.start[index]..<rows.start[index + 1]].allSatisfy { $0 < index }
    }
    var all = Array(graph.nodes.indices)
    if !isSorted {
      switch TopologicalOrder.stable(
        preference: all, start: rows.start, predecessors: rows.values)
      {
      case .order(let order): all = order
      case .cycle(let nodes): throw .structure(.cycle(nodes: nodes.map(nodeName)))
      }
      // A node was moved up if one that comes before it in the file now runs after it.
      var earliest = Int.max
      for node in all.reversed() {
        if node > earliest { movedCount += 1 }
        earliest = min(earliest, node)
      }
    }
    guard !constants.isEmpty else {
      order = all
      return
    }
    var isConstant = [Bool](repeating: false, count: all.count)
    for node in constants { isConstant[node] = true }
    order = all.filter { !isConstant[$0] }
  }
}

extension ONNXOperator {
  /// Whether it is ONNX's own for values that are part of the file.
  fileprivate var isConstant: Bool { domain.isEmpty && type == "Constant" && overload.isEmpty }
}

extension ONNXGraph {
  /// The names that a node's subgraphs use and do not define, each once, in order of first use.
  func capturedNames(of node: ONNXNode) -> [ONNXNameID] {
    var captured: [ONNXNameID] = []
    for attribute in attributes(of: node) {
      switch attribute.value {
      case .graph(let body): captured += body.freeNames()
      case .graphs(let bodies): captured += bodies.flatMap { $0.freeNames() }
      default: continue
      }
    }
    if captured.isEmpty { return [] }
    var seen: Set<ONNXNameID> = []
    return captured.filter { seen.insert($0).inserted }
  }

  /// The names that are used here or in a subgraph and defined outside.
  private func freeNames() -> [ONNXNameID] {
    var defined: Set<ONNXNameID> = [.absent]
    for input in inputs { defined.insert(input.name) }
    for tensor in initializers { defined.insert(tensor.name) }
    for tensor in sparseInitializers { defined.insert(tensor.values.name) }
    for node in nodes { defined.formUnion(outputs(of: node)) }
    var free: [ONNXNameID] = []
    for node in nodes {
      free += inputs(of: node).filter { !defined.contains($0) }
      free += capturedNames(of: node).filter { !defined.contains($0) }
    }
    free += outputs.map(\.name).filter { !defined.contains($0) }
    return free
  }
}
