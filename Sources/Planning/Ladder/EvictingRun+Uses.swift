// SPDX-License-Identifier: Apache-2.0

import GraphIR

extension EvictingRun {
  /// A storage that counts as needed until a node ran for the first time, whether it reads it or not:
  /// something may be made from it behind that.
  struct Hold: Hashable {
    let storage: Int
    let node: Int
  }

  /// When storages are needed along an order.
  struct Uses {
    let order: [NodeID]
    /// The position of each node.
    let position: [Int32]
    /// What is needed beyond what is read.
    let holds: [Hold]
    /// The storages that are held until each position: for few of them.
    private(set) var heldUntil: [Int: [Int]] = [:]
    private var start: [Int32] = [0]
    private var positions: [Int32] = []

    init(_ model: LadderModel, _ order: [NodeID], holds: [Hold] = []) {
      self.order = order
      self.holds = holds
      var position = [Int32](repeating: 0, count: model.nodeCount)
      for (index, node) in order.enumerated() { position[node.index] = Int32(index) }
      for hold in holds {
        let maker = Int(model.maker[hold.storage])
        let until = Int(position[hold.node])
        guard maker >= 0 ? Int(position[maker]) < until : model.isInput[hold.storage],
          !model.reads[hold.node].contains(hold.storage)
        else { continue }
        heldUntil[until, default: []].append(hold.storage)
      }
      var rows = [[Int32]](repeating: [], count: model.storageCount)
      for (index, node) in order.enumerated() {
        for storage in model.reads[node.index] { rows[storage].append(Int32(index)) }
        for storage in heldUntil[index] ?? [] { rows[storage].append(Int32(index)) }
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
