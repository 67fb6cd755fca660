// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Storages, takeovers and live bytes straight from the definitions, every step on its own and
/// without a thought for speed. Shares nothing with what it checks but the graph.
struct LivenessOracle {
  let graph: Graph
  let model: MemoryModel
  let order: [NodeID]

  /// The effects of a tensor's producer that speak of it, with the inputs they name.
  private func effects(on tensor: TensorID) -> [(kind: Effect.Kind, input: TensorID)] {
    guard let producer = graph[tensor].producer else { return [] }
    let position = graph.outputs(of: producer).map { $0 }.firstIndex(of: tensor)
    return graph.effects(of: producer).filter {
      Int($0.output) == position && $0.holds(in: model.inPlace)
    }.map { ($0.kind, graph.inputs(of: producer).map { $0 }[Int($0.input)]) }
  }

  func root(of tensor: TensorID) -> TensorID {
    for (kind, input) in effects(on: tensor) {
      switch kind {
      case .alias, .mustOverwrite: return root(of: input)
      case .mayAlias:
        let source = root(of: input)
        let isOwned = graph.inputs.contains(source) || graph[source].role.isResident
        let isCopied = graph.outputs.contains(tensor) && (isOwned || model.inPlace == .ort)
        return isCopied ? tensor : source
      case .mayOverwrite, .mayHold, .maySlice: continue
      }
    }
    return tensor
  }

  func operands(of node: NodeID) -> [TensorID] {
    (Array(graph.inputs(of: node)) + Array(graph.outputs(of: node))).filter { !$0.isAbsent }
  }

  /// What a step-by-step run of the order comes to.
  struct Outcome {
    /// By root, in the arena: the root of the storage whose bytes it uses.
    var carrier: [TensorID: TensorID] = [:]
    /// By carrier: first and last step.
    var life: [TensorID: ClosedRange<Int>] = [:]
    var liveBytes: [Int] = []
  }

  func outcome() -> Outcome {
    let rootOf = graph.tensorIDs.map { root(of: $0) }
    func has(_ list: [TensorID], _ root: TensorID) -> Bool {
      list.contains { rootOf[$0.index] == root }
    }
    let arena = Set(rootOf).filter {
      !graph[$0].role.isResident
        && (model.io == .arena || !has(graph.inputs, $0) && !has(graph.outputs, $0))
    }
    var touchSteps: [TensorID: [Int]] = [:]
    for (step, node) in order.enumerated() {
      for tensor in operands(of: node) {
        touchSteps[rootOf[tensor.index], default: []].append(step)
      }
    }
    var carrier = [TensorID: TensorID](uniqueKeysWithValues: arena.map { ($0, $0) })
    func sharers(_ root: TensorID) -> [TensorID] {
      carrier.filter { $0.value == carrier[root] }.map(\.key)
    }
    for (step, node) in order.enumerated() {
      // Outputs of one node are written together, used later or not: only one can have the bytes.
      var takenHere: Set<TensorID> = []
      for effect in graph.effects(of: node)
      where effect.kind == .mayOverwrite && effect.holds(in: model.inPlace) {
        let output = graph.outputs(of: node).map { $0 }[Int(effect.output)]
        let input = graph.inputs(of: node).map { $0 }[Int(effect.input)]
        let taken = rootOf[input.index]
        guard arena.contains(output), rootOf[output.index] == output, arena.contains(taken),
          taken != output, carrier[output] == output
        else { continue }
        let sameSize =
          graph[output].bytes == graph[input].bytes && graph[input].bytes == graph[taken].bytes
          && graph[output].elementType.bits == graph[input].elementType.bits
        let alone = graph.inputs(of: node).allSatisfy {
          $0.isAbsent || $0 == input || rootOf[$0.index] != taken
        }
        let isFree = !has(graph.inputs, taken) && !has(graph.outputs, taken)
        // Everyone who already uses these bytes has had its last touch by now, this step included.
        let dies = sharers(taken).allSatisfy {
          (touchSteps[$0] ?? []).allSatisfy { $0 <= step } && !has(graph.outputs, $0)
        }
        let isOwnOutput = model.inPlace == .ort && graph.outputs.contains(output)
        if sameSize, alone, isFree, dies, !isOwnOutput, takenHere.insert(taken).inserted {
          carrier[output] = carrier[taken]
        }
      }
    }
    var result = Outcome(carrier: carrier)
    let lastStep = max(order.count, 1) - 1
    for root in arena where carrier[root] == root {
      let members = sharers(root)
      var steps = members.flatMap { touchSteps[$0] ?? [] }
      if members.contains(where: { has(graph.inputs, $0) }) { steps.append(0) }
      if members.contains(where: { has(graph.outputs, $0) }) { steps.append(lastStep) }
      if let first = steps.min(), let last = steps.max() { result.life[root] = first...last }
    }
    for step in 0...lastStep {
      var live = order.isEmpty ? 0 : model.aligned(graph[order[step]].workspace)
      for (root, life) in result.life where life.contains(step) {
        live += model.aligned(graph[root].bytes)
      }
      result.liveBytes.append(live)
    }
    return result
  }
}
