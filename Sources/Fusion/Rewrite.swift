// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A patch in the making, with what the patch does not say: which node each new one is a copy of, and
/// how each new weight is made.
struct Rewrite {
  let view: FusionView
  private(set) var patch: GraphPatch
  /// By new node, the one whose attributes it has.
  private(set) var bases: [NodeID?] = []
  private(set) var recipes: [WeightRecipe] = []
  private var graph: Graph { view.graph }
  /// What new names start with; a number makes them the graph's only ones.
  var prefix = "fused"
  private var shapes: [TensorID: (type: ElementType, shape: [Int])] = [:]
  private var readByNew: Set<TensorID> = []
  private var shunted: [TensorID: TensorID] = [:]
  private(set) var removed: Set<NodeID> = []
  private var made: Set<TensorID> = []
  private var counter = 0

  init(_ label: String, for view: FusionView) {
    self.view = view
    patch = GraphPatch(label, for: view.graph)
  }

  /// A name that the graph does not have.
  private mutating func fresh(_ name: String) -> String {
    var candidate = "\(prefix).\(name)"
    while graph.names.id(of: candidate) != nil || used.contains(candidate) {
      counter += 1
      candidate = "\(prefix).\(name).\(counter)"
    }
    used.insert(candidate)
    return candidate
  }

  private var used: Set<String> = []

  /// The shape of a tensor of the graph or of the patch.
  func shape(of tensor: TensorID) -> [Int] {
    shapes[tensor]?.shape ?? Array(graph.shape(of: tensor))
  }

  func elementType(of tensor: TensorID) -> ElementType {
    shapes[tensor]?.type ?? graph[tensor].elementType
  }

  /// Adds a weight.
  mutating func addWeight(
    _ name: String, _ type: ElementType, _ shape: [Int], _ content: WeightRecipe.Content
  ) -> TensorID {
    let name = fresh(name)
    recipes.append(WeightRecipe(name: name, elementType: type, shape: shape, content: content))
    var role = TensorRole.weight
    if case .integers = content { role = .constant }
    let tensor = patch.addTensor(name, type: type, shape: shape, role: role)
    shapes[tensor] = (type, shape)
    return tensor
  }

  /// Adds a tensor that a new node is to make.
  mutating func addActivation(_ name: String, _ type: ElementType, _ shape: [Int]) -> TensorID {
    let tensor = patch.addTensor(fresh(name), type: type, shape: shape, role: .activation)
    shapes[tensor] = (type, shape)
    return tensor
  }

  /// Adds a node that has the attributes of another one.
  mutating func addCopy(
    of basis: NodeID, inputs: [TensorID], outputs: [TensorID], at anchor: NodeID
  ) {
    let name = graph.names[graph[basis].name]
    add(
      fresh(name.isEmpty ? graph.kind(of: basis).type.lowercased() : name), graph.kind(of: basis),
      inputs, outputs, Array(graph.effects(of: basis)), Array(graph.attributes(of: basis)),
      basis: basis, anchor)
  }

  /// Adds a node of ONNX's own operators.
  mutating func addNode(
    _ type: String, inputs: [TensorID], outputs: [TensorID], effects: [Effect] = [],
    attributes: [Attribute] = [], at anchor: NodeID
  ) {
    addNode(
      OperatorKind(type: type, version: opset), inputs: inputs, outputs: outputs, effects: effects,
      attributes: attributes, at: anchor)
  }

  /// Adds a node of any operator.
  mutating func addNode(
    _ kind: OperatorKind, inputs: [TensorID], outputs: [TensorID], effects: [Effect] = [],
    attributes: [Attribute] = [], at anchor: NodeID
  ) {
    add(
      fresh(kind.type.lowercased()), kind, inputs, outputs, effects, attributes, basis: nil, anchor)
  }

  /// Adds a sum of two tensors of one shape, or of a tensor and a vector.
  mutating func addSum(_ a: TensorID, _ b: TensorID, _ name: String, at anchor: NodeID) -> TensorID
  {
    let result = addActivation(name, elementType(of: a), shape(of: a))
    addSum(a, b, into: result, at: anchor)
    return result
  }

  /// As above, into a tensor that is there.
  mutating func addSum(_ a: TensorID, _ b: TensorID, into result: TensorID, at anchor: NodeID) {
    var effects = [Effect(.mayOverwrite, output: 0, of: 0, modes: .safe)]
    if shape(of: a) == shape(of: b) {
      effects.append(Effect(.mayOverwrite, output: 0, of: 1, modes: .safe))
    }
    addNode("Add", inputs: [a, b], outputs: [result], effects: effects, at: anchor)
  }

  private mutating func add(
    _ name: String, _ kind: OperatorKind, _ inputs: [TensorID], _ outputs: [TensorID],
    _ effects: [Effect], _ attributes: [Attribute], basis: NodeID?, _ anchor: NodeID
  ) {
    patch.addNode(
      name, kind: kind, inputs: inputs, outputs: outputs, effects: effects, attributes: attributes,
      at: anchor)
    bases.append(basis)
    readByNew.formUnion(inputs.filter { !$0.isAbsent })
    made.formUnion(outputs.filter { !$0.isAbsent })
  }

  /// The version of ONNX's own operators that the graph uses.
  var opset: Int { view.opset }

  /// Lets everything that read a tensor read another one. A graph output keeps its name: it becomes
  /// a copy.
  mutating func redirect(_ old: TensorID, to new: TensorID, at anchor: NodeID) {
    guard old != new else { return }
    if view.isOutput[old.index], let producer = view.producer(of: old) {
      remove(producer)
      addNode(
        "Identity", inputs: [new], outputs: [old],
        effects: [Effect(.mayAlias, output: 0, of: 0)], at: anchor)
    } else {
      patch.shunt(old, to: new)
      shunted[old] = new
    }
  }

  /// What a tensor is read as by now.
  func target(of tensor: TensorID) -> TensorID {
    var tensor = tensor
    while let next = shunted[tensor] { tensor = next }
    return tensor
  }

  /// Removes a node.
  mutating func remove(_ node: NodeID) {
    if removed.insert(node).inserted { patch.remove(node) }
  }

  /// Removes what nothing needs any more: nodes behind which everything is gone, and the weights that
  /// they alone read.
  ///
  /// - Complexity: O(nodes removed · readers of what they read).
  mutating func removeDeadNodes() {
    var readers = Set<TensorID>()
    for new in readByNew { readers.insert(new) }
    // What is read instead of a shunted tensor is read.
    for (old, new) in shunted where !isUnread(old) { readers.insert(new) }
    for output in graph.outputs { readers.insert(shunted[output] ?? output) }
    var targets = Set<TensorID>()
    for new in shunted.values { targets.insert(new) }

    var open = removed.flatMap { Array(graph.inputs(of: $0)) } + shunted.keys
    open.sort()
    while let tensor = open.popLast() {
      guard !tensor.isAbsent, tensor.index < graph.tensors.count else { continue }
      guard let node = graph[tensor].producer, !removed.contains(node) else { continue }
      let isDead = graph.outputs(of: node).allSatisfy { output in
        output.isAbsent
          || (!readers.contains(output) && !view.isOutput[output.index]
            && !(targets.contains(output)) && hasNoReader(output))
      }
      guard isDead else { continue }
      remove(node)
      open += graph.inputs(of: node)
    }
    var sources = Set<TensorID>()
    for node in removed { sources.formUnion(graph.inputs(of: node).filter { !$0.isAbsent }) }
    for source in sources.sorted()
    where graph[source].producer == nil && graph[source].role.isResident
      && !readers.contains(source) && hasNoReader(source) && !graph.inputs.contains(source)
    {
      patch.remove(source)
    }
  }

  /// Whether a tensor has no reader that stays; those of a shunted one read another.
  private func hasNoReader(_ tensor: TensorID) -> Bool {
    shunted[tensor] != nil || isUnread(tensor)
  }

  private func isUnread(_ tensor: TensorID) -> Bool {
    view.readers(of: tensor).allSatisfy { removed.contains($0) }
  }
}
