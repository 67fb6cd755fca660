// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// The peak of an order, from the definition: lifetimes by scanning the order tensor by tensor,
/// takeovers by comparing last uses, live bytes by asking every storage at every step. Shares
/// nothing with `StorageMap` and `LivenessSimulator`.
struct NaivePeak {
  let graph: Graph
  let model: MemoryModel

  /// The tensor whose bytes each tensor uses in every order.
  private func roots() -> [TensorID] {
    var root = Array(graph.tensorIDs)
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) {
        let (output, input) = graph.operands(of: effect, at: node)
        switch effect.kind {
        case .alias, .mustOverwrite: root[output.index] = root[input.index]
        case .mayAlias:
          let source = root[input.index]
          let isOwned = graph.inputs.contains(source) || graph[source].role.isResident
          guard model.inPlace != .none, root[output.index] == output,
            !(graph.outputs.contains(output) && (isOwned || model.inPlace == .ort))
          else { continue }
          root[output.index] = source
        case .mayOverwrite, .mayHold, .maySlice: continue
        }
      }
    }
    return root
  }

  func peak(of order: [NodeID]) -> Int {
    let root = roots()
    let tensors = Array(graph.tensorIDs)
    let isInput = tensors.map { tensor in graph.inputs.contains { root[$0.index] == tensor } }
    let isOutput = tensors.map { tensor in graph.outputs.contains { root[$0.index] == tensor } }
    let bytes = tensors.map { (graph[$0].bytes.value + model.alignment - 1) / model.alignment }
      .map { $0 * model.alignment }
    func isPlanned(_ tensor: TensorID) -> Bool {
      root[tensor.index] == tensor && !graph[tensor].role.isResident
        && !(model.io == .external && (isInput[tensor.index] || isOutput[tensor.index]))
    }
    var first = [Int](repeating: .max, count: tensors.count)
    var last = [Int](repeating: -1, count: tensors.count)
    for (step, node) in order.enumerated() {
      for tensor in Array(graph.inputs(of: node)) + Array(graph.outputs(of: node))
      where !tensor.isAbsent {
        let storage = root[tensor.index].index
        first[storage] = min(first[storage], step)
        last[storage] = max(last[storage], step)
      }
    }
    for tensor in tensors where isPlanned(tensor) {
      if isOutput[tensor.index], last[tensor.index] >= 0 || isInput[tensor.index] {
        last[tensor.index] = order.count
      }
      if isInput[tensor.index] {
        first[tensor.index] = 0
        last[tensor.index] = max(last[tensor.index], 0)
      }
    }
    // Walk the takeovers; the bytes' life then ends with the one that took them.
    var holder = tensors
    for (step, node) in order.enumerated() {
      var taken: Set<TensorID> = []
      for effect in graph.effects(of: node)
      where effect.kind == .mayOverwrite && effect.holds(in: model.inPlace) {
        let (output, input) = graph.operands(of: effect, at: node)
        let source = root[input.index]
        guard isPlanned(output), isPlanned(source), source != output,
          graph[output].bytes == graph[input].bytes, graph[input].bytes == graph[source].bytes,
          model.inPlace != .ort || !graph.outputs.contains(output),
          !isInput[source.index], !isOutput[source.index],
          graph.inputs(of: node).allSatisfy({
            $0.isAbsent || $0 == input || root[$0.index] != source
          }),
          holder[output.index] == output, last[source.index] == step,
          taken.insert(source).inserted
        else { continue }
        holder[output.index] = holder[source.index]
      }
    }
    var peak = 0
    for step in 0..<max(order.count, 1) {
      var live = order.isEmpty ? 0 : model.aligned(graph[order[step]].workspace)
      var counted: Set<TensorID> = []
      for tensor in tensors
      where isPlanned(tensor) && first[tensor.index] <= step && step <= last[tensor.index]
        && counted.insert(holder[tensor.index]).inserted
      {
        live += bytes[tensor.index]
      }
      peak = max(peak, live)
    }
    return peak
  }
}
