// SPDX-License-Identifier: Apache-2.0

/// What every order keeps live while an operator runs, storage by storage.
///
/// A storage with a toucher among the operator and its ancestors and one among the operator and its
/// descendants is live whatever the order. Reachability is kept as bits for one block of operators at
/// a time, so memory stays linear in the model.
enum ForcedBound {
  /// The operators of one block: this many words of bits for every operator.
  private static let blockWords = 16

  /// The forced bytes at each of some operators; of fewer, the first ones, where the deadline comes
  /// in between.
  ///
  /// - Complexity: O((dependencies + touches) · operations / 64 + forced storages).
  static func bytes(
    at operations: [Int], in model: OrderModel, team: Team = Team(jobs: 1),
    deadline: Deadline = .never
  ) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(operations.count)
    let size = blockWords * 64
    let blocks = (operations.count + size - 1) / size
    team.run(blocks, deadline: deadline) { block, deadline -> [Int]? in
      let end = min((block + 1) * size, operations.count)
      return deadline.isOver
        ? nil : bytes(atBlock: Array(operations[block * size..<end]), in: model)
    } take: { _, bytes in
      result.append(contentsOf: bytes ?? [])
      return bytes != nil
    }
    return result
  }

  private static func bytes(atBlock block: [Int], in model: OrderModel) -> [Int] {
    let words = (block.count + 63) / 64
    // Bit k of an operator: block[k] or one of its ancestors / descendants is the operator.
    let isAncestor = reach(block, from: model.successors, words: words, model: model, isUp: true)
    let isDescendant = reach(
      block, from: model.predecessors, words: words, model: model, isUp: false)
    var result = block.map { model.permanentBytes + model.workspaces[$0] }
    var before = [UInt64](repeating: 0, count: words)
    var after = before
    for storage in 0..<model.storageCount where model.touchers.length(storage) > 0 {
      for word in 0..<words {
        before[word] = model.isLiveIn[storage] ? ~0 : 0
        after[word] = model.isLiveOut[storage] ? ~0 : 0
      }
      for index in model.touchers[storage] {
        let base = Int(model.touchers.values[index]) * words
        for word in 0..<words {
          before[word] |= isAncestor[base + word]
          after[word] |= isDescendant[base + word]
        }
      }
      for word in 0..<words {
        var bits = before[word] & after[word]
        while bits != 0 {
          let position = word * 64 + bits.trailingZeroBitCount
          bits &= bits - 1
          if position < block.count { result[position] += model.bytes[storage] }
        }
      }
    }
    for (position, operation) in block.enumerated()
    where model.takeoverStart[operation] < model.takeoverStart[operation + 1] {
      let candidates = CutBound.takeovers(at: operation, in: model) { other in
        other != operation
          && isDescendant[other * words + position / 64] & 1 << UInt64(position % 64) != 0
      }
      result[position] -= model.savedBytes(at: operation) { input in
        candidates.contains { Int($0.input) == input }
      }
    }
    return result
  }

  /// Spreads one bit per block operator along the edges.
  private static func reach(
    _ block: [Int], from rows: Rows, words: Int, model: OrderModel, isUp: Bool
  ) -> [UInt64] {
    var bits = [UInt64](repeating: 0, count: model.count * words)
    for (position, operation) in block.enumerated() {
      bits[operation * words + position / 64] |= 1 << UInt64(position % 64)
    }
    bits.withUnsafeMutableBufferPointer { bits in
      for step in 0..<model.count {
        let operation = isUp ? model.count - 1 - step : step
        for index in rows[operation] {
          let other = Int(rows.values[index])
          for word in 0..<words {
            bits[operation * words + word] |= bits[other * words + word]
          }
        }
      }
    }
    return bits
  }
}
