// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What runtimes do that have no plan: run an order and make room when there is none, storage by storage.
///
/// For comparison alone, as in COSMA's evaluation (arXiv 2311.18246, section 5): a linear arena that
/// never fragments, which is kinder to it than any real one, and a rule for what leaves it.
struct EvictionBaseline {
  /// Which storage leaves first.
  enum Rule: String, CaseIterable {
    /// The one that is needed last.
    case belady
    /// The smallest one that makes enough room, or else the largest.
    case leastBytes
  }

  let rule: Rule

  /// The actions of an order within a budget; `nil` where a step alone needs more.
  ///
  /// - Complexity: O(nodes · storages in the arena).
  func actions(_ model: LadderModel, order: [NodeID], budget: Int) -> [LadderAction]? {
    // By storage, the positions that need it, ascending; outputs are needed at the end.
    var needs = [[Int]](repeating: [], count: model.storageCount)
    for (position, node) in order.enumerated() {
      for storage in model.reads[node.index] { needs[storage].append(position) }
    }
    for storage in 0..<model.storageCount where model.isOutput[storage] {
      needs[storage].append(order.count)
    }
    var next = [Int](repeating: 0, count: model.storageCount)
    func nextNeed(_ storage: Int) -> Int? {
      next[storage] < needs[storage].count ? needs[storage][next[storage]] : nil
    }
    var isThere = model.isInput
    var hasCopy = model.isStreamed
    var held = (0..<model.storageCount).filter { isThere[$0] }
    var live = held.reduce(0) { $0 + model.bytes[$1] }
    var actions: [LadderAction] = []
    for (position, node) in order.enumerated() {
      let (reads, makes) = (Array(model.reads[node.index]), Array(model.makes[node.index]))
      let pinned = Set(reads + makes)
      // What nobody needs any more leaves by itself.
      held.removeAll { storage in
        guard !pinned.contains(storage), nextNeed(storage) == nil else { return false }
        isThere[storage] = false
        live -= model.bytes[storage]
        return true
      }
      let arriving = reads.filter { !isThere[$0] }
      let needed = (arriving + makes).reduce(model.workspaces[node.index]) { $0 + model.bytes[$1] }
      while live + needed > budget {
        let victims = held.filter { !pinned.contains($0) }
        guard let victim = choose(victims, live + needed - budget, model, nextNeed) else {
          return nil
        }
        if !hasCopy[victim] {
          actions.append(.spill(StorageID(victim)))
          hasCopy[victim] = true
        }
        held.removeAll { $0 == victim }
        isThere[victim] = false
        live -= model.bytes[victim]
      }
      for storage in arriving { actions.append(.fetch(StorageID(storage))) }
      actions.append(.run(node))
      for storage in arriving + makes {
        isThere[storage] = true
        held.append(storage)
        live += model.bytes[storage]
      }
      for storage in model.updates[node.index] { hasCopy[storage] = false }
      for storage in reads {
        while let need = nextNeed(storage), need <= position { next[storage] += 1 }
      }
    }
    for storage in 0..<model.storageCount where model.isOutput[storage] && !isThere[storage] {
      actions.append(.fetch(StorageID(storage)))
    }
    return LadderState.withoutUseless(actions, model)
  }

  private func choose(
    _ victims: [Int], _ deficit: Int, _ model: LadderModel, _ nextNeed: (Int) -> Int?
  ) -> Int? {
    switch rule {
    case .belady:
      victims.max { (nextNeed($0) ?? .max, -$0) < (nextNeed($1) ?? .max, -$1) }
    case .leastBytes:
      victims.filter { model.bytes[$0] >= deficit }.min {
        (model.bytes[$0], -(nextNeed($0) ?? .max), $0)
          < (model.bytes[$1], -(nextNeed($1) ?? .max), $1)
      } ?? victims.max { (model.bytes[$0], -$0) < (model.bytes[$1], -$1) }
    }
  }
}
