// SPDX-License-Identifier: Apache-2.0

/// What every pass may rely on and must keep.
///
/// 1. Tensor names are unique and not empty; shapes have no negative extent.
/// 2. Operands, inputs and outputs name tensors of the graph.
/// 3. A tensor has one producer, which lists it once among its outputs, or is a source: a graph
///    input, a weight, a constant or optimizer state. A source has no producer.
/// 4. File order is an order of execution: a node uses what earlier nodes or no nodes make, and
///    control dependencies point forwards.
/// 5. An effect names operands that are there; at most one makes an output a view or an update.
/// 6. What shares bytes fits: a view or an update is no larger than the storage that it is in, an
///    optional view is as large as its input, a slice ends where the tensor it is of does or before.
/// 7. No old version is read: after a node overwrites a storage in place, no later node and no graph
///    output names a tensor of that storage from before. Optional views count as views here.
/// 8. The bytes of all tensors and workspaces, each rounded up to ``maximumAlignment``, add up to
///    less than 2^62, so that planning needs no overflow checks.
/// 9. The graphs that nodes run keep all of this; what they use from around them is an input of the
///    node by the same name. Their own resident bytes count into the sum of rule 8.
extension Graph {
  /// The largest alignment that planning accepts, in bytes.
  public static let maximumAlignment = 1 << 20

  /// Checks every invariant.
  ///
  /// - Throws: The first violation found, in the order of the list above.
  /// - Complexity: O(nodes + tensors + operands).
  public func validate() throws(GraphError) {
    try validateNames()
    try validateOperands()
    try validateProducers()
    try validateOrder()
    try validateEffects()
    try validateVersions()
    try validateSizes()
    try validateBodies()
  }

  private func validateBodies() throws(GraphError) {
    for entry in bodyPool {
      var given: Set<String> = []
      for input in inputs(of: entry.node) where !input.isAbsent { given.insert(name(of: input)) }
      for body in entry.bodies {
        try body.graph.validate()
        for input in body.graph.inputs.dropFirst(body.parameterCount) {
          guard given.contains(body.graph.name(of: input)) else {
            throw .unknownTensor(
              at: "the \(body.attribute) of node '\(name(of: entry.node))'")
          }
        }
      }
    }
  }

  private func validateNames() throws(GraphError) {
    var seen = [Bool](repeating: false, count: names.count)
    for tensor in tensors {
      let name = tensor.name.index
      guard name > 0, !seen[name] else { throw .duplicateTensor(names[tensor.name]) }
      seen[name] = true
    }
  }

  private func validateOperands() throws(GraphError) {
    func isKnown(_ tensor: TensorID) -> Bool { tensor.isAbsent || tensor.index < tensors.count }
    for node in nodeIDs {
      guard inputs(of: node).allSatisfy(isKnown), outputs(of: node).allSatisfy(isKnown) else {
        throw .unknownTensor(at: "node '\(name(of: node))'")
      }
    }
    guard inputs.allSatisfy({ !$0.isAbsent && isKnown($0) }) else {
      throw .unknownTensor(at: "the list of inputs")
    }
    guard outputs.allSatisfy({ !$0.isAbsent && isKnown($0) }) else {
      throw .unknownTensor(at: "the list of outputs")
    }
  }

  private func validateProducers() throws(GraphError) {
    var listed = [Bool](repeating: false, count: tensors.count)
    for node in nodeIDs {
      for output in outputs(of: node) where !output.isAbsent {
        guard !listed[output.index] else { throw .severalProducers(tensor: name(of: output)) }
        guard self[output].producer == node else { throw .noProducer(tensor: name(of: output)) }
        listed[output.index] = true
      }
    }
    var isInput = [Bool](repeating: false, count: tensors.count)
    for input in inputs {
      guard !isInput[input.index] else { throw .duplicateTensor(name(of: input)) }
      isInput[input.index] = true
    }
    for tensor in tensorIDs {
      let isMade = listed[tensor.index]
      guard isMade == (self[tensor].producer != nil) else {
        throw .noProducer(tensor: name(of: tensor))
      }
      if isMade, isInput[tensor.index] { throw .severalProducers(tensor: name(of: tensor)) }
      if !isMade, !isInput[tensor.index], !self[tensor].role.isResident {
        throw .noProducer(tensor: name(of: tensor))
      }
    }
  }

  private func validateOrder() throws(GraphError) {
    for node in nodeIDs {
      for input in inputs(of: node) where !input.isAbsent {
        if let producer = self[input].producer, producer >= node {
          throw .useBeforeDefinition(node: name(of: node), tensor: name(of: input))
        }
      }
    }
    for dependency in controlDependencies {
      guard dependency.before < dependency.after, dependency.after.index < nodes.count else {
        throw .invalidControlDependency(
          before: dependency.before.rawValue, after: dependency.after.rawValue)
      }
    }
  }

  private func validateEffects() throws(GraphError) {
    // The tensor whose bytes each tensor is certain to share; itself where it has its own.
    var root = Array(tensorIDs)
    var isShared = [Bool](repeating: false, count: tensors.count)
    for node in nodeIDs where nodes[node.index].effects.count > 0 {
      let (inputs, outputs) = (inputs(of: node), outputs(of: node))
      for effect in effects(of: node) {
        guard effect.output < outputs.count, effect.input < inputs.count else {
          throw .invalidEffect(node: name(of: node))
        }
        let (output, input) = operands(of: effect, at: node)
        guard !output.isAbsent, !input.isAbsent else { throw .invalidEffect(node: name(of: node)) }
        // Whether the sizes agree decides if a takeover may be used; it promises nothing.
        if effect.kind == .mayOverwrite { continue }
        if effect.kind.isSlice {
          let (whole, part) = effect.kind == .mayHold ? (output, input) : (input, output)
          let room = self[whole].bytes.value - self[part].bytes.value
          guard 0...max(0, room) ~= effect.offset, room >= 0 else {
            throw .invalidAlias(node: name(of: node), tensor: name(of: part))
          }
          continue
        }
        guard !isShared[output.index] else {
          throw .conflictingEffects(node: name(of: node), tensor: name(of: output))
        }
        isShared[output.index] = true
        let (needed, held) = (self[output].bytes, self[root[input.index]].bytes)
        let fits = effect.kind == .mayAlias ? needed == self[input].bytes : needed <= held
        guard fits else { throw .invalidAlias(node: name(of: node), tensor: name(of: output)) }
        if effect.kind != .mayAlias { root[output.index] = root[input.index] }
      }
    }
  }

  private func validateVersions() throws(GraphError) {
    guard effectPool.contains(where: { $0.kind == .mustOverwrite }) else { return }
    var root = Array(tensorIDs)
    // How often a tensor's storage had been overwritten when it was made, and by now, by root.
    var made = [UInt32](repeating: 0, count: tensors.count)
    var current = made
    func isStale(_ tensor: TensorID) -> Bool {
      !tensor.isAbsent && made[tensor.index] < current[root[tensor.index].index]
    }
    for node in nodeIDs {
      if let tensor = inputs(of: node).first(where: isStale) {
        throw .staleRead(by: "node '\(name(of: node))'", tensor: name(of: tensor))
      }
      let effects = effects(of: node)
      for effect in effects where effect.kind.isView {
        let (output, input) = operands(of: effect, at: node)
        root[output.index] = root[input.index]
        made[output.index] = made[input.index]
      }
      // One node's updates of one storage are one version, whichever views they go through.
      for effect in effects where effect.kind == .mustOverwrite {
        let (output, input) = operands(of: effect, at: node)
        made[output.index] = made[input.index] + 1
        current[root[output.index].index] = made[output.index]
      }
    }
    if let tensor = outputs.first(where: isStale) {
      throw .staleRead(by: "the list of outputs", tensor: name(of: tensor))
    }
  }

  private func validateSizes() throws(GraphError) {
    let limit = 1 << 62
    var total = 0
    func add(_ bytes: ByteCount) throws(GraphError) {
      guard let aligned = bytes.aligned(to: Self.maximumAlignment) else { throw .sizeOverflow }
      let (sum, overflow) = total.addingReportingOverflow(aligned.value)
      guard !overflow, sum < limit else { throw .sizeOverflow }
      total = sum
    }
    for tensor in tensors { try add(tensor.bytes) }
    for node in nodes { try add(node.workspace) }
    for entry in bodyPool {
      for body in entry.bodies { try add(body.graph.heldBytes) }
    }
  }

  /// The bytes of all tensors here and in bodies, each rounded up, if they can be counted.
  private var heldBytes: ByteCount {
    get throws(GraphError) {
      var total = 0
      func add(_ value: Int) throws(GraphError) {
        let (sum, overflow) = total.addingReportingOverflow(value)
        guard !overflow, sum < 1 << 62 else { throw .sizeOverflow }
        total = sum
      }
      for tensor in tensors {
        guard let bytes = tensor.bytes.aligned(to: Self.maximumAlignment) else {
          throw .sizeOverflow
        }
        try add(bytes.value)
      }
      for entry in bodyPool {
        for body in entry.bodies { try add(body.graph.heldBytes.value) }
      }
      return ByteCount(total)
    }
  }
}
