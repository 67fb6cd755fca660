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

  /// Larger graphs are only looked at node by node.
  private static let nodeLimit = 20_000

  /// - Complexity: O(nodes · (nodes + dependencies) / 64 + storages · nodes); quadratic bits.
  init(of model: LadderModel, _ dependencies: Dependencies) {
    bytes = model.floorBytes
    let count = model.nodeCount
    guard count <= Self.nodeLimit else { return }
    let words = (count + 63) / 64
    // A row of bits for each node: what it depends on.
    var before = [UInt64](repeating: 0, count: count * words)
    // Every valid graph's file order is one of execution.
    for node in 0..<count {
      for other in dependencies.predecessors(of: NodeID(node)) {
        let row = Int(other) * words
        for word in 0..<words { before[node * words + word] |= before[row + word] }
        before[node * words + Int(other) / 64] |= 1 << UInt64(Int(other) % 64)
      }
    }
    var readers = [[Int]](repeating: [], count: model.storageCount)
    for node in 0..<count {
      for storage in model.reads[node] { readers[storage].append(node) }
    }
    var kept = [Int](repeating: 0, count: count)
    var isTouched = [Bool](repeating: false, count: count)
    for storage in 0..<model.storageCount
    where model.isMovable[storage] && !model.isStreamed[storage] && model.remaker[storage] < 0 {
      let maker = Int(model.maker[storage])
      guard maker >= 0 || model.isInput[storage], model.bytes[storage] > 0 else { continue }
      // Nodes that some reader depends on.
      var isBefore = [UInt64](repeating: model.isOutput[storage] ? .max : 0, count: words)
      for reader in readers[storage] {
        isTouched[reader] = true
        for word in 0..<words { isBefore[word] |= before[reader * words + word] }
      }
      if maker >= 0 { isTouched[maker] = true }
      for node in 0..<count where isBefore[node / 64] >> UInt64(node % 64) & 1 == 1 {
        guard !isTouched[node] else { continue }
        let isMade =
          maker < 0 || before[node * words + maker / 64] >> UInt64(maker % 64) & 1 == 1
        if isMade { kept[node] += model.bytes[storage] }
      }
      for reader in readers[storage] { isTouched[reader] = false }
      if maker >= 0 { isTouched[maker] = false }
    }
    for node in 0..<count {
      let sum = model.workingSet(of: node) + kept[node]
      if sum > bytes { (bytes, self.node, keptBytes) = (sum, NodeID(node), kept[node]) }
    }
  }
}
