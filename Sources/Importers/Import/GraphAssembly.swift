// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Builds the graph from a model's structure and what was inferred of its values.
///
/// Tensors are numbered: graph inputs, in bodies then what they use from around them, initializers,
/// results of `Constant` nodes, then results in the order of execution.
final class GraphAssembly {
  private let model: ONNXModel
  /// By operator of the model what it is, and what of it shares bytes.
  private let operators: [(kind: OperatorKind, effects: InPlaceEffects)]
  private let source: ONNXGraph
  private let structure: GraphStructure
  private let facts: KnownFacts
  private let bodies: [Int: InferredBodies]
  private let convention: TrainingConvention?
  private var graph: Graph
  /// The tensor of each name; absent until it is added.
  private var tensorIDs: NameMap<TensorID>
  /// What a graph output is for; `nil` for all other names.
  private var outputRoles: NameMap<TensorRole?>
  /// What the inputs of a body are for; empty in a main graph.
  private var inputRoles: [TensorRole] = []
  /// The bytes of the storage that each tensor lies in, where the graph itself decides that.
  private var heldBytes: [ByteCount] = []

  /// Prepares the graph of an inferred model.
  ///
  /// - Throws: ``StructureFault/convention(place:entry:)`` when the model's own account of its
  ///   memory is broken.
  init(
    model: ONNXModel, structure: GraphStructure, inference: ShapeInference
  ) throws(ImportError) {
    self.model = model
    operators = model.operators.enumerated().map { index, name in
      let version = Int(clamping: model.version(ofOperatorAt: index) ?? 0)
      return (
        OperatorKind(domain: name.domain, type: name.type, version: version),
        InPlaceEffects(domain: name.domain, type: name.type)
      )
    }
    source = model.graph
    self.structure = structure
    facts = .all(inference.facts)
    bodies = inference.bodies
    convention = try TrainingConvention(model)
    graph = Graph(name: source.name)
    tensorIDs = NameMap(repeating: .absent, count: model.names.count)
    outputRoles = NameMap(repeating: nil, count: model.names.count)
    for output in source.outputs { outputRoles[output.name] = .output }
  }

  /// Prepares the graph of a body.
  private init(body: InferredBody, _ placement: BodyPlacement, within other: GraphAssembly) {
    model = other.model
    operators = other.operators
    source = body.structure.graph
    structure = body.structure
    facts = .some(body.facts)
    bodies = body.bodies
    convention = nil
    graph = Graph(name: source.name)
    tensorIDs = NameMap(repeating: .absent, count: nil)
    outputRoles = NameMap(repeating: nil, count: nil)
    inputRoles = placement.inputs
    for (output, role) in zip(source.outputs, placement.outputs)
    where outputRoles[output.name] != .output {
      outputRoles[output.name] = role
    }
  }

  /// The graph, validated.
  ///
  /// - Throws: ``StructureFault`` when its sizes do not fit or its effects contradict each other.
  func assembled() throws(ImportError) -> Graph {
    try addSources()
    for index in structure.order {
      let (kind, effects) = operators[source.nodes[index].operatorIndex]
      if let convention, kind.domain == TrainingConvention.domain {
        try addTrainingNode(index, kind, convention)
      } else {
        try addNode(index, kind, effects)
      }
    }
    for output in source.outputs { graph.addOutput(id(output.name)) }
    if structure.isBody { return graph }
    do throws(GraphError) {
      try graph.validate()
    } catch {
      throw .structure(.graph(error))
    }
    return graph
  }

  // MARK: Tensors

  private func id(_ name: ONNXNameID) -> TensorID { tensorIDs[name] }

  private func addSources() throws(ImportError) {
    for (position, index) in structure.fedInputs.enumerated() {
      let name = source.inputs[index].name
      let role =
        position < inputRoles.count
        ? inputRoles[position] : convention?.inputRoles[model.names[name]] ?? .input
      graph.addInput(try addTensor(name, role: role))
    }
    for name in structure.outerNames {
      graph.addInput(try addTensor(name, role: .outer, bytes: facts[name]?.bytes ?? .zero))
    }
    for (index, tensor) in source.initializers.enumerated() {
      // Of several under one name, the last one counts.
      guard structure[tensor.name] == .initializer(index) else { continue }
      try addTensor(tensor.name, role: Self.storedRole(facts[tensor.name]))
    }
    for tensor in source.sparseInitializers {
      try addTensor(tensor.values.name, role: .weight, bytes: sparseBytes(tensor))
    }
    for node in structure.constants {
      for output in source.outputs(of: source.nodes[node]) where output != .absent {
        try addTensor(output, role: Self.storedRole(facts[output]))
      }
    }
  }

  @discardableResult
  private func addTensor(
    _ name: ONNXNameID, role: TensorRole, bytes: ByteCount? = nil
  ) throws(ImportError) -> TensorID {
    guard let fact = facts[name] else {
      preconditionFailure("every value is known before the graph is assembled")
    }
    guard let size = bytes ?? fact.bytes else {
      throw .structure(.unsized(tensor: model.names[name]))
    }
    do throws(GraphError) {
      let id = try graph.addTensor(
        model.names[name], type: fact.elementType, shape: fact.shape, role: role,
        kind: fact.kind, isUpperBound: !fact.hasExactShape, bytes: size)
      tensorIDs[name] = id
      heldBytes.append(size)
      return id
    } catch {
      throw .structure(.graph(error))
    }
  }

  /// What a stored tensor is for: what may have been trained is a weight; scalars, indices, shapes
  /// and masks are constants. Files put either into initializers and into `Constant` nodes.
  private static func storedRole(_ fact: ValueFact?) -> TensorRole {
    guard let fact, !fact.shape.isEmpty else { return .constant }
    switch fact.elementType {
    case .int16, .uint16, .int32, .uint32, .int64, .uint64, .bool, .string, .undefined:
      return .constant
    default: return .weight
    }
  }

  /// The bytes of the elements that are stored, and of where they are.
  private func sparseBytes(_ tensor: ONNXSparseTensor) throws(ImportError) -> ByteCount {
    let name = model.names[tensor.values.name]
    guard
      let values = ElementType(onnxNumber: tensor.values.elementType)?.byteCount(
        of: tensor.values.dimensions),
      let indices = ElementType.int64.byteCount(of: tensor.indices.dimensions),
      let sum = values.adding(indices)
    else { throw .structure(.unsized(tensor: name)) }
    return sum
  }

  // MARK: Nodes

  private func addNode(
    _ index: Int, _ kind: OperatorKind, _ sharing: InPlaceEffects
  ) throws(ImportError) {
    let node = source.nodes[index]
    let outputs = source.outputs(of: node)
    var effects: [Effect] = []
    if sharing != .none {
      let inputs = source.inputs(of: node)
      effects = sharing.effects(
        of: InPlaceEffects.Use(
          inputs: inputs.map { $0 == .absent ? nil : facts[$0] },
          outputs: outputs.map { $0 == .absent ? nil : facts[$0] },
          isFirstRepeated: inputs.dropFirst().contains { $0 == inputs.first },
          isTraining: sharing.dependsOnTraining && isTraining(node, kind)))
    }
    if let slices = SliceEffects(domain: kind.domain, type: kind.type) {
      var axis = slices.defaultAxis
      if case .int(let value) = source.attribute("axis", of: node) {
        axis = Int(clamping: value)
      }
      effects += slices.effects(
        inputs: source.inputs(of: node).map { $0 == .absent ? nil : facts[$0] },
        outputs: outputs.map { $0 == .absent ? nil : facts[$0] }, axis: axis)
    }
    for output in outputs where output != .absent {
      try addTensor(output, role: outputRoles[output] ?? .activation)
    }
    try add(index, kind, effects: effects, phase: .unspecified, bodies: assembledBodies(of: index))
  }

  /// The graphs that a node runs.
  private func assembledBodies(of index: Int) throws(ImportError) -> [Body] {
    guard let inferred = bodies[index] else { return [] }
    var result: [Body] = []
    for body in inferred.bodies {
      let node = source.nodes[index]
      let placement = BodyPlacement(
        of: body, inferred.kind, node: node, in: source,
        results: source.outputs(of: node).map { $0 == .absent ? nil : facts[$0]?.bytes })
      let graph = try GraphAssembly(body: body, placement, within: self).assembled()
      result.append(
        Body(
          attribute: body.attribute, graph: graph, parameterCount: body.structure.fedInputs.count,
          trips: inferred.trips))
    }
    return result
  }

  /// Whether a Dropout drops, or a BatchNormalization takes the statistics of its batch.
  private func isTraining(_ node: ONNXNode, _ kind: OperatorKind) -> Bool {
    guard kind.domain.isEmpty else { return false }
    func flag(_ name: String) -> Int64? {
      if case .int(let value) = source.attribute(name, of: node) { value } else { nil }
    }
    switch kind.type {
    case "Dropout" where kind.version >= 12:
      // An input decides.
      let inputs = Array(source.inputs(of: node))
      guard inputs.count > 2, inputs[2] != .absent else { return false }
      return facts[inputs[2]]?.integers != [0]
    case "BatchNormalization" where kind.version >= 14: return flag("training_mode") ?? 0 != 0
    // Up to version 6 an attribute decides; until version 13 further results do.
    case "Dropout" where kind.version < 7: return flag("is_test") ?? 0 == 0
    case "BatchNormalization" where kind.version < 7: return flag("is_test") ?? 0 == 0
    case "BatchNormalization": return source.outputs(of: node).count > 1
    default: return false
    }
  }

  private func addTrainingNode(
    _ index: Int, _ kind: OperatorKind, _ convention: TrainingConvention
  ) throws(ImportError) {
    let node = source.nodes[index]
    let record = try convention.record(
      of: node, in: source, named: structure.nodeName(index))
    let inputs = Array(source.inputs(of: node))
    var effects: [Effect] = []
    for (position, output) in source.outputs(of: node).enumerated() where output != .absent {
      if let sharing = record.sharing(ofOutput: position) {
        let input = Int(sharing.input)
        effects.append(Effect(sharing.kind, output: position, of: input))
        let held = heldBytes[id(inputs[input]).index]
        // An expanded view has more elements than its storage.
        let bytes = min(facts[output]?.bytes ?? .zero, held)
        let tensor = try addTensor(
          output, role: role(of: output, record, convention, isShared: true), bytes: bytes)
        heldBytes[tensor.index] = held
      } else {
        let stated = record.storageBytes.isEmpty ? nil : record.storageBytes[position]
        let bytes = stated.map { ByteCount(Int($0)) }
        try addTensor(
          output, role: role(of: output, record, convention, isShared: false), bytes: bytes)
      }
    }
    try add(index, kind, effects: effects, phase: record.phase)
  }

  /// A new version of a parameter in the parameter's own bytes stays what the parameter is.
  private func role(
    of output: ONNXNameID, _ record: TrainingConvention.NodeRecord,
    _ convention: TrainingConvention, isShared: Bool
  ) -> TensorRole {
    guard outputRoles[output] != nil else { return TrainingConvention.role(of: record.phase) }
    let name = model.names[output]
    if isShared, let input = convention.updatedInputs[name],
      let role = convention.inputRoles[input]
    {
      return role
    }
    return convention.gradients.contains(name) ? .gradient : .output
  }

  private func add(
    _ index: Int, _ kind: OperatorKind, effects: [Effect], phase: NodePhase, bodies: [Body] = []
  ) throws(ImportError) {
    let node = source.nodes[index]
    do throws(GraphError) {
      try graph.addNode(
        node.name, kind: kind, inputs: structure.operands(of: index).map(id),
        outputs: source.outputs(of: node).map(id), effects: effects,
        attributes: attributes(of: node), phase: phase, bodies: bodies)
    } catch {
      throw .structure(.graph(error))
    }
  }

  /// The attributes that passes may read. Tensors and graphs stay in the file; names that begin
  /// with an underscore belong to the convention of training graphs.
  private func attributes(of node: ONNXNode) -> [Attribute] {
    source.attributes(of: node).compactMap { attribute in
      guard !attribute.name.hasPrefix("_") else { return nil }
      return switch attribute.value {
      case .int(let value): Attribute(attribute.name, .int(value))
      case .float(let value): Attribute(attribute.name, .float(value))
      case .string(let value): Attribute(attribute.name, .string(value))
      case .ints(let values): Attribute(attribute.name, .ints(values))
      case .floats(let values): Attribute(attribute.name, .floats(values))
      case .strings(let values): Attribute(attribute.name, .strings(values))
      default: nil
      }
    }
  }
}

/// What is known of the names of a graph.
private enum KnownFacts {
  /// Of all names of the model, by their index.
  case all([ValueFact?])
  /// Of the names of a body.
  case some([ONNXNameID: ValueFact])

  subscript(name: ONNXNameID) -> ValueFact? {
    switch self {
    case .all(let facts): facts[Int(name.index)]
    case .some(let facts): facts[name]
    }
  }
}
