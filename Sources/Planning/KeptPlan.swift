// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout

/// What of a plan may hold for another graph: where its nodes ran and where its tensors lay, by name.
struct KeptPlan {
  /// The step of each node in the plan; nil for nodes that it does not have.
  let places: [Int?]
  /// The offset of each tensor in the plan, in bytes; nil where it has none, or another size.
  let offsets: [Int?]

  /// Finds a graph's nodes and tensors in a plan.
  ///
  /// - Complexity: O(steps + tensors + nodes).
  init(of plan: ExecutionPlan, in graph: Graph) {
    var steps: [String: Int] = [:]
    for step in plan.steps where step.kind == .run {
      if let name = step.outputs.first(where: { !$0.isEmpty }) { steps[name] = step.index }
    }
    places = graph.nodeIDs.map { node in
      graph.outputs(of: node).first { !$0.isAbsent }.flatMap { steps[graph.name(of: $0)] }
    }
    var tensors: [String: PlannedTensor] = [:]
    for tensor in plan.tensors where tensor.offset != nil { tensors[tensor.name] = tensor }
    offsets = graph.tensorIDs.map { id in
      guard let tensor = tensors[graph.name(of: id)], tensor.bytes == graph[id].bytes.value else {
        return nil
      }
      return tensor.offset
    }
  }

  /// Takes their fixed offsets from buffers that would share bytes with others while both live, or
  /// are not aligned; of two, from the later one.
  ///
  /// - Complexity: O(n log n + n k) for n buffers, of which k live at once.
  static func freeWhatOverlaps(in buffers: inout [LayoutBuffer]) {
    for index in buffers.indices {
      guard let offset = buffers[index].fixedOffset else { continue }
      if offset < 0 || offset % buffers[index].alignment != 0 { buffers[index].fixedOffset = nil }
    }
    let byStart = buffers.indices.filter { buffers[$0].fixedOffset != nil }.sorted {
      (buffers[$0].lower, $0) < (buffers[$1].lower, $1)
    }
    var live: [Int] = []
    for index in byStart {
      let buffer = buffers[index]
      live.removeAll { buffers[$0].upper <= buffer.lower }
      let (start, end) = (buffer.fixedOffset ?? 0, (buffer.fixedOffset ?? 0) + buffer.size)
      let isFree = live.allSatisfy {
        let other = buffers[$0].fixedOffset ?? 0
        return other + buffers[$0].size <= start || end <= other
      }
      if isFree { live.append(index) } else { buffers[index].fixedOffset = nil }
    }
  }
}
