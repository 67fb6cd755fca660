// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What no plan that recomputes and does not spill is below, whatever its order.
///
/// A storage that nothing can make again, made by something that a node depends on and read by something
/// that depends on the node, is in the arena while the node runs for the first time; so are those that
/// were inputs or will be outputs. The largest sum of such storages and what a node touches is a floor.
struct RecomputeFloor {
  /// Bytes of the arena.
  private(set) var bytes: Int
  /// The node during which they are needed; `nil` where no node needs more than all inputs or outputs.
  private(set) var node: NodeID?
  /// How much of it is kept for later.
  private(set) var keptBytes = 0

  /// Graphs above ``Ancestry/nodeLimit`` are only looked at node by node.
  ///
  /// - Complexity: O(nodes · (nodes + dependencies) / 64 + storages · nodes); quadratic bits.
  init(of model: LadderModel, _ dependencies: Dependencies) {
    bytes = model.floorBytes
    let count = model.nodeCount
    guard count <= Ancestry.nodeLimit else { return }
    let ancestry = Ancestry(dependencies, nodes: count)
    let kept = ForcedStorages.bytes(in: model, ancestry) {
      !model.isStreamed[$0] && model.remaker[$0] < 0
    }
    for node in 0..<count {
      let sum = model.workingSet(of: node) + kept[node]
      if sum > bytes { (bytes, self.node, keptBytes) = (sum, NodeID(node), kept[node]) }
    }
  }
}
