// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// A small valid graph with everything a graph may have: views, takeovers, updates in place, several
/// outputs, workspaces, weights, control dependencies, inputs that are kept, consumed or unused.
///
/// The same seed and shape give the same graph on every machine.
public struct RandomGraph: Sendable {
  /// How large and how odd the graph is. Odds are in percent.
  public struct Shape: Sendable {
    /// How many nodes.
    public var nodes: ClosedRange<Int> = 4...8
    /// The odds that a node is a view.
    public var views = 12
    /// The odds that an output may take over an input of its size.
    public var takeovers = 35
    /// The odds that a node updates a storage in place.
    public var updates = 8
    /// The odds that a node puts tensors behind one another; without them graphs stay what they are.
    public var concats = 0
    /// The odds that a node takes a tensor apart.
    public var splits = 0
    /// The odds of each further output.
    public var moreOutputs = 20
    /// The odds that a node has scratch.
    public var workspaces = 15
    /// The odds that a node reads a weight.
    public var weights = 25
    /// The odds that a tensor is kept as a graph output.
    public var outputs = 10
    /// The odds of a control dependency into a node.
    public var controls = 6
    /// How many of the newest tensors a node reads from; small makes chains, large wide graphs.
    public var reach = 6
    /// The largest size in bytes, over 64; sizes repeat so that takeovers are possible.
    public var sizes = 6

    public init() {}

    /// A shape with other numbers of nodes.
    public init(nodes: ClosedRange<Int>) { self.nodes = nodes }
  }

  /// The graph.
  public let graph: Graph

  /// Builds the graph of a seed.
  public init(seed: Int, shape: Shape = Shape()) {
    var builder = Builder(seed: seed, shape: shape)
    do throws(GraphError) {
      try builder.build()
      try builder.graph.validate()
    } catch {
      preconditionFailure("random graph \(seed) is broken: \(error)")
    }
    graph = builder.graph
  }
}

private struct Builder {
  var graph = Graph(name: "random")
  var random: SeededGenerator
  let shape: RandomGraph.Shape
  /// What nodes may still read, oldest first; a new version replaces the old one and its views.
  var readable: [TensorID] = []
  /// The tensor whose bytes each tensor shares for certain, in the mode that shares most.
  var root: [TensorID] = []
  var isOutput: [Bool] = []

  init(seed: Int, shape: RandomGraph.Shape) {
    random = SeededGenerator(seed: seed)
    self.shape = shape
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func tensor(
    _ prefix: String, role: TensorRole, bytes: Int? = nil, sharing source: TensorID? = nil
  ) throws(GraphError) -> TensorID {
    let size = bytes ?? 64 * Int.random(in: 1...shape.sizes, using: &random)
    let id = try graph.addTensor(
      "\(prefix)\(graph.tensors.count)", type: .uint8, shape: [size], role: role)
    root.append(source.map { root[$0.index] } ?? id)
    isOutput.append(false)
    return id
  }

  mutating func build() throws(GraphError) {
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let input = try tensor("input", role: .input)
      graph.addInput(input)
      readable.append(input)
    }
    for index in 0..<Int.random(in: 0...2, using: &random) {
      let weight = try tensor("weight", role: index == 0 ? .weight : .optimizerState)
      readable.append(weight)
    }
    for index in 0..<Int.random(in: shape.nodes, using: &random) {
      if shape.concats > 0, chance(shape.concats) {
        try addConcat(index)
      } else if shape.splits > 0, chance(shape.splits) {
        try addSplit(index)
      } else if chance(shape.views) {
        try addView(index)
      } else if chance(shape.updates) {
        try addUpdate(index)
      } else {
        try addOperator(index)
      }
      if index > 0, chance(shape.controls) {
        graph.addControlDependency(
          ControlDependency(
            before: NodeID(Int.random(in: 0..<index, using: &random)), after: NodeID(index)))
      }
    }
    // Something must come out, and an input may be passed through.
    for tensor in readable where chance(shape.outputs) { keep(tensor) }
    if graph.outputs.isEmpty, let last = readable.last { keep(last) }
  }

  mutating func keep(_ tensor: TensorID) {
    guard !isOutput[tensor.index] else { return }
    isOutput[tensor.index] = true
    graph.addOutput(tensor)
  }

  mutating func pick() -> TensorID {
    let newest = readable.suffix(shape.reach)
    return newest[Int.random(in: newest.indices, using: &random)]
  }

  mutating func addOperator(_ index: Int) throws(GraphError) {
    var inputs: [TensorID] = []
    for _ in 0..<Int.random(in: 0...3, using: &random) { inputs.append(pick()) }
    if chance(shape.weights),
      let weight = readable.first(where: { graph[$0].role.isResident })
    {
      inputs.append(weight)
    }
    if chance(5) { inputs.append(.absent) }
    var outputs: [TensorID] = []
    repeat {
      // Half of the outputs are as large as an input, as elementwise results are.
      let like = inputs.filter { !$0.isAbsent }.first
      let bytes = like.flatMap { chance(50) ? graph[$0].bytes.value : nil }
      outputs.append(try tensor("value", role: .activation, bytes: bytes))
    } while chance(shape.moreOutputs)
    var effects: [Effect] = []
    for (output, made) in outputs.enumerated() {
      for (input, used) in inputs.enumerated() where !used.isAbsent && chance(shape.takeovers) {
        guard graph[made].bytes == graph[used].bytes else { continue }
        effects.append(Effect(.mayOverwrite, output: output, of: input))
      }
    }
    let scratch =
      chance(shape.workspaces) ? 64 * Int.random(in: 1...shape.sizes, using: &random) : 0
    try graph.addNode(
      "node\(index)", kind: OperatorKind(type: chance(10) ? "Shape" : "Op"), inputs: inputs,
      outputs: outputs, effects: effects, phase: chance(20) ? .optimizer : .forward,
      workspace: ByteCount(scratch))
    readable.append(contentsOf: outputs)
    for output in outputs where chance(shape.outputs) { keep(output) }
  }

  mutating func addConcat(_ index: Int) throws(GraphError) {
    var parts: [TensorID] = []
    for _ in 0..<Int.random(in: 2...4, using: &random) { parts.append(pick()) }
    // Half of the time, one that goes on where an earlier one ends.
    if chance(50), let last = readable.last(where: { graph[$0].bytes > ByteCount(64) }) {
      parts[0] = last
    }
    var offset = 0
    var effects: [Effect] = []
    for (input, part) in parts.enumerated() {
      effects.append(Effect(.mayHold, output: 0, of: input, at: offset))
      offset += graph[part].bytes.value
    }
    guard offset < 1 << 20 else { return try addOperator(index) }
    let whole = try tensor("whole", role: .activation, bytes: offset)
    try graph.addNode(
      "node\(index)", kind: OperatorKind(type: "Concat"), inputs: parts, outputs: [whole],
      effects: effects)
    readable.append(whole)
    if chance(shape.outputs) { keep(whole) }
  }

  mutating func addSplit(_ index: Int) throws(GraphError) {
    let whole = pick()
    let blocks = graph[whole].bytes.value / 64
    guard blocks > 1 else { return try addOperator(index) }
    var outputs: [TensorID] = []
    var effects: [Effect] = []
    var start = 0
    while start < blocks {
      let length = Int.random(in: 1...max(1, min(blocks - start, blocks - 1)), using: &random)
      effects.append(Effect(.maySlice, output: outputs.count, of: 0, at: 64 * start))
      outputs.append(try tensor("part", role: .activation, bytes: 64 * length))
      start += length
    }
    try graph.addNode(
      "node\(index)", kind: OperatorKind(type: "Split"), inputs: [whole], outputs: outputs,
      effects: effects)
    readable.append(contentsOf: outputs)
    for output in outputs where chance(shape.outputs) { keep(output) }
  }

  mutating func addView(_ index: Int) throws(GraphError) {
    let source = pick()
    let isPart = chance(30)
    let bytes = isPart ? max(64, graph[source].bytes.value / 2 / 64 * 64) : nil
    let viewed = bytes ?? graph[source].bytes.value
    guard viewed <= graph[source].bytes.value else { return try addOperator(index) }
    let view = try tensor("view", role: .activation, bytes: viewed, sharing: source)
    let kind: Effect.Kind = viewed == graph[source].bytes.value && chance(50) ? .mayAlias : .alias
    try graph.addNode(
      "node\(index)", kind: OperatorKind(type: "View"), inputs: [source], outputs: [view],
      effects: [Effect(kind, output: 0, of: 0)])
    readable.append(view)
  }

  mutating func addUpdate(_ index: Int) throws(GraphError) {
    let old = pick()
    // Only whole storages are updated, and none that a caller was promised as it is.
    guard root[old.index] == old || graph[old].bytes == graph[root[old.index]].bytes,
      !root.indices.contains(where: { root[$0] == root[old.index] && isOutput[$0] })
    else { return try addOperator(index) }
    var inputs = [old]
    if chance(60) { inputs.append(pick()) }
    let new = try tensor(
      "version", role: .activation, bytes: graph[old].bytes.value, sharing: old)
    try graph.addNode(
      "node\(index)", kind: OperatorKind(type: "Update"), inputs: inputs, outputs: [new],
      effects: [Effect(.mustOverwrite, output: 0, of: 0)], phase: .optimizer)
    let shared = root[old.index]
    readable.removeAll { root[$0.index] == shared }
    readable.append(new)
  }
}
