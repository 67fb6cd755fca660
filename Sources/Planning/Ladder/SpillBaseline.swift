// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What runtimes with a linear arena do when it is full: they run one node after the other, fetch what
/// is not there, and where there is no room they put something away that the node does not need. What
/// COSMA is compared to (arXiv 2311.18246, section 6: TensorFlow Lite's arena with two policies).
///
/// Something that was put away before and not updated since is dropped without a copy.
struct SpillBaseline {
  /// What is put away.
  enum Policy: String, Sendable, CaseIterable {
    /// What is needed last, one after the other until there is room (Belady, 1966).
    case belady
    /// The fewest bytes that give the room needed now.
    case greedy
  }

  /// How room is counted.
  enum Arena: String, Sendable, CaseIterable {
    /// By bytes, as if everything could be moved at no cost.
    case counted
    /// By addresses that storages keep, each in the smallest hole that is large enough, as TensorFlow
    /// Lite's arena does. Where no hole is large enough for a node, everything is put away and what it
    /// needs comes back side by side.
    case addressed
  }

  let model: LadderModel
  let policy: Policy
  let arena: Arena
  let budget: Int

  private struct Resident {
    var storage: Int
    var offset: Int
  }

  /// What is in the arena, by offset.
  private var residents: [Resident] = []
  private var isThere: [Bool]
  private var hasCopy: [Bool]
  private var actions: [LadderAction] = []
  /// The runs that need each storage, descending; the number of runs stands for the end.
  private var needs: [[Int]]

  init(_ model: LadderModel, policy: Policy, arena: Arena = .counted, budget: Int) {
    self.model = model
    self.policy = policy
    self.arena = arena
    self.budget = budget
    isThere = [Bool](repeating: false, count: model.storageCount)
    hasCopy = model.isStreamed
    needs = [[Int]](repeating: [], count: model.storageCount)
  }

  /// The schedule that comes of it, or `nil` where there is no room for some node.
  ///
  /// - Complexity: O(operands · residents), and for the fewest bytes O(residents · 2^10) each time.
  static func schedule(
    _ order: [NodeID], in model: LadderModel, policy: Policy, arena: Arena = .counted, budget: Int
  ) -> [LadderAction]? {
    var baseline = SpillBaseline(model, policy: policy, arena: arena, budget: budget)
    return baseline.run(order) ? baseline.actions : nil
  }

  private mutating func run(_ order: [NodeID]) -> Bool {
    for storage in 0..<model.storageCount where model.isOutput[storage] {
      needs[storage].append(order.count)
    }
    for run in order.indices.reversed() {
      for storage in model.reads[order[run].index] { needs[storage].append(run) }
    }
    for storage in 0..<model.storageCount where model.isInput[storage] {
      guard place(storage, keeping: []) else { return false }
    }
    let idle = (0..<model.storageCount).filter { isThere[$0] && needs[$0].isEmpty }
    for (run, node) in order.enumerated() {
      let reads = Array(model.reads[node.index])
      let makes = Array(model.makes[node.index])
      guard let ended = prepare(node.index, run) else { return false }
      actions.append(.run(node))
      for storage in model.updates[node.index] { hasCopy[storage] = false }
      for storage in makes { hasCopy[storage] = false }
      for storage in ended { isThere[storage] = false }
      drop(((run == 0 ? idle : []) + reads + makes).filter { needs[$0].isEmpty && !bringsBack($0) })
      for storage in reads where needs[storage].isEmpty && isThere[storage] {
        // What is at home in the second memory and was updated goes back.
        actions.append(.spill(StorageID(storage)))
        hasCopy[storage] = true
        drop([storage])
      }
    }
    let outputs = (0..<model.storageCount).filter { model.isOutput[$0] }
    let before = self
    if fetch(outputs, keeping: outputs) { return true }
    self = before
    for storage in residents.map(\.storage) { evict(storage) }
    return fetch(outputs, keeping: outputs)
  }

  /// Makes room for a node; gives the operands whose places results take. Where holes are too small,
  /// everything is put away and what the node needs comes back side by side.
  private mutating func prepare(_ node: Int, _ run: Int) -> [Int]? {
    let (reads, makes) = (Array(model.reads[node]), Array(model.makes[node]))
    let before = self
    if let ended = place(reads, makes, node, run, mayTakeOver: true) { return ended }
    guard arena == .addressed else { return nil }
    self = before
    for storage in residents.map(\.storage) { evict(storage) }
    return place(reads, makes, node, run, mayTakeOver: false)
  }

  private mutating func place(
    _ reads: [Int], _ makes: [Int], _ node: Int, _ run: Int, mayTakeOver: Bool
  ) -> [Int]? {
    guard fetch(reads, keeping: reads) else { return nil }
    for storage in reads where needs[storage].last == run { needs[storage].removeLast() }
    let ended = mayTakeOver ? takeOver(node) : []
    for storage in makes where !isThere[storage] {
      guard place(storage, keeping: reads + makes) else { return nil }
    }
    // Scratch lies behind or between everything else, for this run.
    let workspace = model.workspaces[node]
    if workspace > 0 {
      guard makeRoom(workspace, keeping: reads + makes) != nil else { return nil }
    }
    return ended
  }

  private func bringsBack(_ storage: Int) -> Bool {
    model.isStreamed[storage] && !hasCopy[storage]
  }

  /// Gives the places of operands that end here to results, as the node's effects allow; names those.
  private mutating func takeOver(_ node: Int) -> [Int] {
    var ended: [Int] = []
    for takeover in model.takeovers[node] {
      let (made, read) = (takeover.output.index, takeover.input.index)
      guard needs[read].isEmpty, !isThere[made], !ended.contains(read),
        let index = residents.firstIndex(where: { $0.storage == read })
      else { continue }
      residents[index].storage = made
      isThere[made] = true
      ended.append(read)
    }
    return ended
  }

  private mutating func fetch(_ storages: [Int], keeping kept: [Int]) -> Bool {
    for storage in storages where !isThere[storage] {
      guard place(storage, keeping: kept) else { return false }
      actions.append(.fetch(StorageID(storage)))
    }
    return true
  }

  private mutating func place(_ storage: Int, keeping kept: [Int]) -> Bool {
    guard let offset = makeRoom(model.bytes[storage], keeping: kept) else { return false }
    let index = residents.firstIndex { $0.offset > offset } ?? residents.count
    residents.insert(Resident(storage: storage, offset: offset), at: index)
    isThere[storage] = true
    return true
  }

  private mutating func drop(_ storages: [Int]) {
    guard !storages.isEmpty else { return }
    for storage in storages { isThere[storage] = false }
    residents.removeAll { storages.contains($0.storage) }
  }

  private mutating func evict(_ storage: Int) {
    if !hasCopy[storage] { actions.append(.spill(StorageID(storage))) }
    hasCopy[storage] = true
    drop([storage])
  }

  // MARK: Room

  private mutating func makeRoom(_ bytes: Int, keeping kept: [Int]) -> Int? {
    while true {
      if let offset = room(bytes) { return offset }
      let movable = residents.filter { !kept.contains($0.storage) }.map(\.storage)
      guard !movable.isEmpty else { return nil }
      switch (policy, arena) {
      case (.belady, _):
        let last = movable.max { a, b in
          (needs[a].last ?? .max, b) < (needs[b].last ?? .max, a)
        }
        evict(last ?? movable[0])
      case (.greedy, .counted):
        let used = residents.reduce(0) { $0 + model.bytes[$1.storage] }
        guard let chosen = fewest(movable, covering: used + bytes - budget) else { return nil }
        for storage in chosen { evict(storage) }
      case (.greedy, .addressed):
        guard let chosen = fewestInARow(bytes, Set(movable)) else { return nil }
        for storage in chosen { evict(storage) }
      }
    }
  }

  /// Where so many bytes go as things are.
  private func room(_ bytes: Int) -> Int? {
    if arena == .counted {
      let used = residents.reduce(0) { $0 + model.bytes[$1.storage] }
      return used + bytes <= budget ? residents.last.map { $0.offset + 1 } ?? 0 : nil
    }
    var best: (size: Int, offset: Int)?
    var end = 0
    for (offset, after) in residents.map({ ($0.offset, $0.offset + model.bytes[$0.storage]) })
      + [(budget, budget)]
    {
      let hole = offset - end
      if hole >= bytes, best.map({ hole < $0.size }) ?? true { best = (hole, end) }
      end = max(end, after)
    }
    return best?.offset
  }

  /// The storages with the fewest bytes that cover a number: the exact answer of the sums that can be
  /// made, in steps of 1/1024 of the number where sizes are finer than that.
  private func fewest(_ storages: [Int], covering deficit: Int) -> [Int]? {
    let grain = max(64, deficit / 1024)
    let target = (deficit + grain - 1) / grain
    let sizes = storages.map { model.bytes[$0] }
    guard sizes.reduce(0, +) >= deficit else { return nil }
    // For each sum of sizes rounded down, up to the target, the fewest bytes that reach it.
    var least = [Int](repeating: .max, count: target + 1)
    var choice = [[Bool]](
      repeating: [Bool](repeating: false, count: target + 1), count: storages.count)
    least[0] = 0
    for (index, size) in sizes.enumerated() {
      let units = max(size / grain, size >= deficit ? target : 0)
      for sum in stride(from: target, through: 0, by: -1) {
        let before = max(0, sum - units)
        guard units > 0, before < sum, least[before] < .max, least[before] + size < least[sum]
        else { continue }
        least[sum] = least[before] + size
        choice[index][sum] = true
      }
    }
    guard least[target] < .max else {
      // Rounding down left too little: everything, then.
      return storages
    }
    var (sum, chosen) = (target, [Int]())
    for index in storages.indices.reversed() where choice[index][sum] {
      chosen.append(storages[index])
      sum = max(0, sum - max(sizes[index] / grain, sizes[index] >= deficit ? target : 0))
    }
    return chosen
  }

  /// The storages with the fewest bytes whose places, with the holes between them, are one hole of a
  /// size.
  private func fewestInARow(_ bytes: Int, _ movable: Set<Int>) -> [Int]? {
    var best: (bytes: Int, first: Int, last: Int)?
    for first in residents.indices where movable.contains(residents[first].storage) {
      let before =
        first == 0
        ? 0 : residents[first - 1].offset + model.bytes[residents[first - 1].storage]
      var moved = 0
      for last in first..<residents.count {
        guard movable.contains(residents[last].storage) else { break }
        moved += model.bytes[residents[last].storage]
        let after = last + 1 < residents.count ? residents[last + 1].offset : budget
        guard after - before >= bytes else { continue }
        if best.map({ moved < $0.bytes }) ?? true { best = (moved, first, last) }
        break
      }
    }
    return best.map { found in residents[found.first...found.last].map(\.storage) }
  }
}
