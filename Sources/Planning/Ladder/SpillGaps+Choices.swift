// SPDX-License-Identifier: Apache-2.0

import GraphIR

extension SpillGaps {
  /// What a choice of cuts moves, in bytes, compulsory accesses included.
  ///
  /// - Complexity: O(gaps).
  func traffic(_ isCut: [Bool]) -> Int {
    var isSpilled = [Bool](repeating: false, count: versionBytes.count)
    var sum = compulsoryBytes
    for (index, gap) in gaps.enumerated() where isCut[index] {
      sum += gap.copied
      if gap.version >= 0, !isSpilled[gap.version] {
        isSpilled[gap.version] = true
        sum += versionBytes[gap.version]
      }
    }
    return sum
  }

  /// What is still live above the budget at each row, less than 0 where there is room.
  ///
  /// - Complexity: O(gaps + rows · takeovers).
  func residues(_ isCut: [Bool]) -> [Int] {
    var change = [Int](repeating: 0, count: rows.count + 1)
    var isHead = [Bool](repeating: false, count: rows.count)
    for (index, gap) in gaps.enumerated() where isCut[index] {
      change[gap.rows.lowerBound] -= gap.bytes
      change[gap.rows.upperBound] += gap.bytes
      if gap.headRow >= 0 { isHead[gap.headRow] = true }
    }
    var sum = 0
    return rows.indices.map { row in
      sum += change[row]
      return rows[row].excess + sum - (isHead[row] ? headRelief(row, isCut) : 0)
    }
  }

  /// What results written over cut storages save at the run of a row.
  func headRelief(_ row: Int, _ isCut: [Bool]) -> Int {
    let run = rows[row].run
    let start = Int(endStart[run])
    let made = Self.taken(model.takeovers[runs[run].node?.index ?? 0]) { index in
      let end = Int(ends[start + index])
      return end == -1 || end >= 0 && isCut[end]
    }
    return made.reduce(-saved[run]) { $0 + model.bytes[$1] }
  }

  /// Whether a choice of cuts brings every run within the budget.
  func isWithinBudget(_ isCut: [Bool]) -> Bool { residues(isCut).allSatisfy { $0 <= 0 } }

  /// Which gaps a list of the same runs with spills and fetches cuts: those behind which something is
  /// fetched.
  ///
  /// - Complexity: O(actions + gaps).
  func cuts(of actions: [LadderAction]) -> [Bool] {
    var gapsOf = [Range<Int>](repeating: 0..<0, count: model.storageCount)
    for (index, gap) in gaps.enumerated() {
      let known = gapsOf[gap.storage]
      gapsOf[gap.storage] = (known.isEmpty ? index : known.lowerBound)..<index + 1
    }
    var isCut = [Bool](repeating: false, count: gaps.count)
    var run = 0
    for action in actions {
      switch action {
      case .run, .recompute: run += 1
      case .spill: break
      case .fetch(let storage):
        // The gap around this place.
        let range = gapsOf[storage.index]
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
          let middle = (low + high) / 2
          if gaps[middle].next < run { low = middle + 1 } else { high = middle }
        }
        if low < range.upperBound, gaps[low].before < run { isCut[low] = true }
      }
    }
    return isCut
  }

  /// The runs with the spills and fetches of a choice of cuts.
  ///
  /// - Complexity: O(runs + events + actions · log actions).
  func actions(_ isCut: [Bool]) -> [LadderAction] {
    var spills = [[Int]](repeating: [], count: runs.count + 1)
    var fetches = [[Int]](repeating: [], count: runs.count + 1)
    var gap = 0
    for (storage, list) in events.enumerated() where !list.isEmpty {
      let updates = list.count(where: \.isUpdated)
      if model.isStreamed[storage] { fetches[list[0].run].append(storage) }
      var seen = 0
      // Where this version could be spilled first, and whether it was.
      var (source, isSpilled) = (list[0].run, model.isStreamed[storage])
      for (index, event) in list.enumerated() {
        if event.isMade, !isSpilled { source = event.run }
        if event.isUpdated {
          seen += 1
          (source, isSpilled) = (event.run, false)
          if model.isStreamed[storage], seen == updates {
            spills[event.run + 1].append(storage)
            isSpilled = true
          }
        }
        guard index + 1 < list.count, gap < gaps.count, gaps[gap].storage == storage,
          gaps[gap].before == event.run, gaps[gap].next == list[index + 1].run
        else { continue }
        if isCut[gap] {
          if !isSpilled { spills[source + 1].append(storage) }
          isSpilled = true
          fetches[gaps[gap].next].append(storage)
        }
        gap += 1
      }
    }
    var result: [LadderAction] = []
    for run in 0...runs.count {
      for storage in spills[run] { result.append(.spill(StorageID(storage))) }
      for storage in fetches[run] { result.append(.fetch(StorageID(storage))) }
      if run < runs.count { result.append(runs[run]) }
    }
    return result
  }
}
