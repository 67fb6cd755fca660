// SPDX-License-Identifier: Apache-2.0

/// Storages that exist while a node runs for the first time, in every order: those that its ancestors
/// made, or that were inputs, and that its descendants use, or that will be outputs.
enum ForcedStorages {
  /// For each node, the bytes of such storages that it does not touch itself.
  ///
  /// - Parameter counts: Which storages count.
  /// - Complexity: O(operands · nodes / 64 + storages · nodes).
  static func bytes(
    in model: LadderModel, _ ancestry: Ancestry, where counts: (_ storage: Int) -> Bool
  ) -> [Int] {
    let count = model.nodeCount
    var readers = [[Int]](repeating: [], count: model.storageCount)
    for node in 0..<count {
      for storage in model.reads[node] { readers[storage].append(node) }
    }
    var bytes = [Int](repeating: 0, count: count)
    for storage in 0..<model.storageCount
    where model.isMovable[storage] && model.bytes[storage] > 0 && counts(storage) {
      let maker = Int(model.maker[storage])
      guard maker >= 0 || model.isInput[storage] else { continue }
      var nodes = NodeBits(count)
      if model.isOutput[storage] {
        nodes.fill()
      } else {
        for reader in readers[storage] { nodes.formUnion(ancestry.above[reader]) }
      }
      if maker >= 0 { nodes.formIntersection(ancestry.below[maker]) }
      for reader in readers[storage] { nodes.remove(reader) }
      nodes.visit { bytes[$0] += model.bytes[storage] }
    }
    return bytes
  }
}
