// SPDX-License-Identifier: Apache-2.0

import GraphIR

extension EvictingRun {
  /// When storages are read along an order.
  struct Uses {
    let order: [NodeID]
    /// The position of each node.
    let position: [Int32]
    private var start: [Int32] = [0]
    private var positions: [Int32] = []

    init(_ model: LadderModel, _ order: [NodeID]) {
      self.order = order
      var position = [Int32](repeating: 0, count: model.nodeCount)
      var rows = [[Int32]](repeating: [], count: model.storageCount)
      for (index, node) in order.enumerated() {
        position[node.index] = Int32(index)
        for storage in model.reads[node.index] { rows[storage].append(Int32(index)) }
      }
      self.position = position
      for storage in 0..<model.storageCount {
        positions += rows[storage]
        if model.isOutput[storage] { positions.append(Int32(order.count)) }
        start.append(Int32(positions.count))
      }
    }

    /// The position of a storage's use by number; ``EvictingRun/never`` behind the last one.
    func next(_ storage: Int, _ number: Int32) -> Int {
      let index = start[storage] + number
      return index < start[storage + 1] ? Int(positions[Int(index)]) : EvictingRun.never
    }
  }
}
