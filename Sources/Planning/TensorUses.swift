// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// When each tensor is made first and used last along a list of actions; copies to the second memory
/// and back are no uses.
struct TensorUses {
  /// The step that makes each tensor; 0 for what is there from the start.
  private(set) var first: [Int]
  /// The last step that reads or makes each tensor; the last of all for graph outputs.
  private(set) var last: [Int]
  /// The last step of all.
  let lastStep: Int

  /// - Complexity: O(graph + actions · operands).
  init(of graph: Graph, along actions: [LadderAction]) {
    first = [Int](repeating: 0, count: graph.tensors.count)
    last = first
    lastStep = max(actions.count - 1, 0)
    for (step, action) in actions.enumerated() {
      guard let node = action.node else { continue }
      for tensor in graph.inputs(of: node) where !tensor.isAbsent { last[tensor.index] = step }
      for tensor in graph.outputs(of: node) where !tensor.isAbsent {
        if action.kind == .run { first[tensor.index] = step }
        last[tensor.index] = step
      }
    }
    for tensor in graph.outputs { last[tensor.index] = lastStep }
  }
}
