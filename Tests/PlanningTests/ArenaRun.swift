// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning

/// Runs a graph on made-up bytes twice: every tensor by itself, and all at the offsets of a plan in
/// one arena. Knows of plans only where tensors lie.
///
/// Every node makes each output byte of all it reads; views and slices are what their effects say. A
/// Concat copies what does not lie in its result already, a Split what is not where it had it.
struct ArenaRun {
  let graph: Graph
  private let entries: [PlannedTensor]
  private let steps: [NodeID]
  /// What every tensor should hold.
  private var values: [[UInt8]]
  private var arena: [UInt8]
  /// What lies outside the arena, by storage.
  private var outside: [Int: [UInt8]] = [:]

  init(_ plan: ExecutionPlan, of graph: Graph) {
    self.graph = graph
    entries = plan.tensors
    steps = plan.steps.compactMap { $0.nodeIndex.map(NodeID.init) }
    values = graph.tensors.map { [UInt8](repeating: 0, count: $0.bytes.value) }
    arena = [UInt8](repeating: 0xEE, count: plan.summary.arenaBytes)
    for tensor in graph.tensorIDs where graph[tensor].producer == nil {
      values[tensor.index] = Self.bytes(graph[tensor].bytes.value, from: tensor.index)
    }
  }

  /// The tensors that did not hold what they should when a node read them, or at the end.
  mutating func faults() -> [String] {
    var faults: [String] = []
    for tensor in graph.tensorIDs where graph[tensor].producer == nil { store(tensor) }
    for node in steps {
      for input in graph.inputs(of: node)
      where !input.isAbsent && load(input) != values[input.index] {
        faults.append("\(graph.name(of: node)) reads \(graph.name(of: input))")
      }
      run(node)
    }
    for output in graph.outputs where load(output) != values[output.index] {
      faults.append("output \(graph.name(of: output))")
    }
    return faults
  }

  private mutating func run(_ node: NodeID) {
    let inputs = graph.inputs(of: node).filter { !$0.isAbsent }
    var seed = node.index + 1
    for input in inputs { seed = values[input.index].reduce(seed) { ($0 &* 31) &+ Int($1) } }
    let effects = graph.effects(of: node)
    for (position, output) in graph.outputs(of: node).enumerated() where !output.isAbsent {
      let own = effects.filter { Int($0.output) == position }
      let source = own.first { $0.kind == .alias || $0.kind == .mayAlias || $0.kind == .maySlice }
      let length = graph[output].bytes.value
      if let source {
        let whole = values[graph.operands(of: source, at: node).input.index]
        values[output.index] = Array(whole[source.offset..<source.offset + length])
      } else if own.contains(where: { $0.kind == .mayHold }) {
        values[output.index] = inputs.flatMap { values[$0.index] }
      } else {
        values[output.index] = Self.bytes(length, from: seed &+ position)
      }
    }
    // What is there already is not written again: only this shows whether it was.
    for (position, output) in graph.outputs(of: node).enumerated() where !output.isAbsent {
      let own = effects.filter { Int($0.output) == position }
      if own.contains(where: { $0.kind == .mayHold }) {
        var start = 0
        for input in inputs {
          let length = values[input.index].count
          if let base = entries[output.index].offset,
            entries[input.index].offset == base + start
          {
            start += length
            continue
          }
          store(output, part: start..<start + length)
          start += length
        }
        continue
      }
      let isThere = own.contains { effect in
        let input = graph.operands(of: effect, at: node).input
        return effect.kind == .maySlice && entries[input.index].offset != nil
          && entries[output.index].offset == entries[input.index].offset.map { $0 + effect.offset }
          || (effect.kind == .alias || effect.kind == .mayAlias)
            && entries[output.index].aliasOf != nil
      }
      if !isThere { store(output, part: 0..<values[output.index].count) }
    }
  }

  private mutating func store(_ tensor: TensorID) {
    store(tensor, part: 0..<values[tensor.index].count)
  }

  private mutating func store(_ tensor: TensorID, part: Range<Int>) {
    let (entry, bytes) = (entries[tensor.index], values[tensor.index])
    if let offset = entry.offset {
      for index in part { arena[offset + index] = bytes[index] }
    } else {
      var held = outside[entry.storage] ?? []
      if held.count < bytes.count {
        held += [UInt8](repeating: 0, count: bytes.count - held.count)
      }
      for index in part { held[index] = bytes[index] }
      outside[entry.storage] = held
    }
  }

  private func load(_ tensor: TensorID) -> [UInt8] {
    let (entry, count) = (entries[tensor.index], values[tensor.index].count)
    if let offset = entry.offset { return Array(arena[offset..<offset + count]) }
    return Array((outside[entry.storage] ?? []).prefix(count))
  }

  private static func bytes(_ count: Int, from seed: Int) -> [UInt8] {
    var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}
