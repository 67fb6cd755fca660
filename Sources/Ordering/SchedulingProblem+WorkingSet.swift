// SPDX-License-Identifier: Apache-2.0
import GraphIR

extension SchedulingProblem {
  /// What a node touches, as members of a witness.
  ///
  /// - Parameters:
  ///   - model: The problem's own model, one operator a node.
  ///   - holds: Whether a storage that the node reads may be taken over there.
  func workingSet(
    of node: NodeID, in model: OrderModel, where holds: (Int) -> Bool
  ) -> [Witness.Member] {
    let row = model.takeoverStart[node.index]..<model.takeoverStart[node.index + 1]
    let held = model.heldTakeovers(in: row, where: holds)
    return model.touched[node.index].map { index in
      let storage = StorageID(rawValue: model.touched.values[index])
      if let takeover = held.first(where: { $0.output == storage.rawValue }) {
        return Witness.Member(
          storage: storage, bytes: 0,
          reason: .takesOver(StorageID(rawValue: takeover.input)))
      }
      let isMade = graph[storages.roots[storage.index]].producer == node
      return Witness.Member(
        storage: storage, bytes: model.bytes[storage.index], reason: isMade ? .made : .read)
    }
  }
}
