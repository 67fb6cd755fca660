// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport

/// A small valid graph that a seed decides, with every kind of effect, role and odd corner.
struct SeededGraph {
  private(set) var graph = Graph()
  private var generator: SeededGenerator
  private var tensors: [TensorID] = []
  /// What each tensor shares bytes with, optional views included, and for certain.
  private var root: [TensorID] = []
  private var certainRoot: [TensorID] = []
  private var made: [Int] = []
  private var overwritten: [Int] = []

  static func make(seed: Int, nodes: Int) throws -> Graph {
    var builder = SeededGraph(seed: seed)
    try builder.build(nodes: nodes)
    return builder.graph
  }

  private init(seed: Int) { generator = SeededGenerator(seed: seed) }

  private mutating func number(_ range: Range<Int>) -> Int {
    Int.random(in: range, using: &generator)
  }

  private mutating func build(nodes: Int) throws {
    for _ in 0..<number(1..<4) { graph.addInput(try addFresh(role: .input)) }
    for _ in 0..<number(0..<4) {
      let role = [TensorRole.weight, .constant, .optimizerState][number(0..<3)]
      let tensor = try addFresh(role: role)
      if number(0..<3) == 0 { graph.addInput(tensor) }
    }
    for _ in 0..<nodes { try addNode() }
    for _ in 0..<number(0..<4) {
      let tensor = pick()
      if !graph.outputs.contains(tensor) { graph.addOutput(tensor) }
    }
    for _ in 0..<number(0..<3) where nodes > 1 {
      let after = number(1..<nodes)
      graph.addControlDependency(
        ControlDependency(before: NodeID(number(0..<after)), after: NodeID(after)))
    }
  }

  /// A tensor that was not overwritten since, recent ones rather than old ones.
  private mutating func pick() -> TensorID {
    let current = tensors.filter { made[$0.index] == overwritten[root[$0.index].index] }
    let back = min(number(0..<6), number(0..<current.count))
    return current[current.count - 1 - min(back, current.count - 1)]
  }

  private mutating func add(
    type: ElementType, count: Int, role: TensorRole, bytes: ByteCount? = nil
  ) throws -> TensorID {
    let tensor = try graph.addTensor(
      "t\(tensors.count)", type: type, shape: [count], role: role, bytes: bytes)
    tensors.append(tensor)
    root.append(tensor)
    certainRoot.append(tensor)
    made.append(0)
    overwritten.append(0)
    return tensor
  }

  private mutating func addFresh(role: TensorRole) throws -> TensorID {
    let type = [ElementType.float32, .float32, .float16, .bool][number(0..<4)]
    let count = [0, 1, 16, 16, 17, 32, 32, 100][number(0..<8)]
    let bytes = number(0..<12) == 0 ? ByteCount(number(0..<300)) : nil
    return try add(type: type, count: count, role: role, bytes: bytes)
  }

  private mutating func addNode() throws {
    var inputs = (0..<number(1..<4)).map { _ in pick() }
    var outputs: [TensorID] = []
    var effects: [Effect] = []
    let role = [TensorRole.activation, .activation, .gradient, .temporary, .constant][
      number(0..<5)]
    let source = inputs[0]
    let bytes = graph[source].bytes
    var overwrites = false
    switch number(0..<8) {
    case 0:
      let held = graph[certainRoot[source.index]].bytes.value
      let view = try add(
        type: graph[source].elementType, count: 1, role: role,
        bytes: ByteCount([bytes.value, held, held / 2][number(0..<3)]))
      (root[view.index], certainRoot[view.index]) = (
        root[source.index], certainRoot[source.index]
      )
      made[view.index] = made[source.index]
      outputs.append(view)
      effects.append(Effect(.alias, output: 0, of: 0))
    case 1, 2:
      let view = try add(type: graph[source].elementType, count: 1, role: role, bytes: bytes)
      root[view.index] = root[source.index]
      made[view.index] = made[source.index]
      outputs.append(view)
      effects.append(Effect(.mayAlias, output: 0, of: 0, modes: randomModes()))
    case 3:
      let next = try add(type: graph[source].elementType, count: 1, role: role, bytes: bytes)
      (root[next.index], certainRoot[next.index]) = (
        root[source.index], certainRoot[source.index]
      )
      outputs.append(next)
      effects.append(Effect(.mustOverwrite, output: 0, of: 0))
      overwrites = true
    default:
      for _ in 0..<number(1..<3) {
        if number(0..<2) == 0 {
          outputs.append(try addFresh(role: role))
        } else {
          let like = graph[inputs[number(0..<inputs.count)]]
          outputs.append(
            try add(type: like.elementType, count: 1, role: role, bytes: like.bytes))
        }
      }
    }
    if number(0..<5) == 0 { outputs.append(.absent) }
    if number(0..<4) == 0 { outputs.append(try addFresh(role: .activation)) }
    for output in outputs.indices where !outputs[output].isAbsent {
      for input in inputs.indices.shuffled(using: &generator) where number(0..<3) > 0 {
        effects.append(Effect(.mayOverwrite, output: output, of: input, modes: randomModes()))
      }
    }
    if number(0..<5) == 0 { inputs.append(.absent) }
    try graph.addNode(
      "n\(graph.nodes.count)", kind: OperatorKind(type: "Op", version: 1), inputs: inputs,
      outputs: outputs, effects: effects,
      workspace: ByteCount(number(0..<3) == 0 ? number(1..<400) : 0))
    if overwrites {
      overwritten[root[source.index].index] += 1
      made[outputs[0].index] = overwritten[root[source.index].index]
    }
  }

  private mutating func randomModes() -> Effect.Modes {
    Effect.Modes(rawValue: UInt8([0, 1, 2, 3, 3, 3][number(0..<6)]))
  }
}

extension MemoryModel {
  /// Every mode and placement, with a small and a usual alignment.
  static let all: [MemoryModel] = InPlaceMode.allCases.flatMap { mode in
    IOPlacement.allCases.flatMap { io in
      [1, 64].map { MemoryModel(alignment: $0, inPlace: mode, io: io) }
    }
  }
}

/// An order that respects the dependencies and is otherwise left to chance.
func randomOrder(of graph: Graph, seed: Int) -> Schedule {
  var generator = SeededGenerator(seed: seed &+ 77)
  let dependencies = Dependencies(of: graph)
  var waiting = graph.nodeIDs.map { dependencies.predecessors(of: $0).count }
  var ready = graph.nodeIDs.filter { waiting[$0.index] == 0 }
  var order: [NodeID] = []
  while !ready.isEmpty {
    let node = ready.remove(at: Int.random(in: 0..<ready.count, using: &generator))
    order.append(node)
    for successor in dependencies.successors(of: node) {
      waiting[Int(successor)] -= 1
      if waiting[Int(successor)] == 0 { ready.append(NodeID(rawValue: successor)) }
    }
  }
  return Schedule(order)
}
