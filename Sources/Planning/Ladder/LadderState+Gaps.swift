// SPDX-License-Identifier: Apache-2.0

// Where storages wait between two uses, and what it takes to have them away meanwhile.
extension LadderState {
  /// The gap of a storage around a time: the segment, the use before and the use behind.
  func gap(of storage: Int, around time: Int) -> Gap? {
    guard let index = segment(of: storage, at: time) else { return nil }
    let segment = segments[storage][index]
    // The first need at or behind the time.
    var (low, high) = (0, segment.needs.count)
    while low < high {
      let middle = (low + high) / 2
      if segment.needs[middle] < time { low = middle + 1 } else { high = middle }
    }
    guard low < segment.needs.count else { return nil }
    let next = segment.needs[low]
    let before = low == 0 ? segment.start : segment.needs[low - 1]
    let gap = Gap(
      storage: storage, segment: index, before: before, next: next, slot: next & ~1)
    return before < time && time < gap.slot ? gap : nil
  }

  /// A stretch of a segment between two uses, over which the storage need not be there.
  struct Gap: Hashable {
    var storage: Int
    var segment: Int
    var before: Int
    var next: Int
    /// Where the storage would have to come back.
    var slot: Int
    /// The times that would be free of it.
    var range: Range<Int> { min(before + 1, slot)..<slot }
  }

  /// Whether the second memory has what is in the arena at the end of a segment, before anything is
  /// spilled there.
  func hasCopy(of storage: Int, atEndOf index: Int) -> Bool {
    var isValid = model.isStreamed[storage]
    for (position, segment) in segments[storage].prefix(index + 1).enumerated() {
      if updateTimes[storage].contains(where: { $0 >= segment.start && $0 <= segment.end }) {
        isValid = false
      }
      if position < index, segments[storage][position + 1].source == .fetch { isValid = true }
    }
    return isValid
  }

  /// Whether a gap can be cut with a spill that is needed for it: the use before may be the last one
  /// that sees an update.
  func needsSpill(for gap: Gap) -> Bool {
    var isValid = model.isStreamed[gap.storage]
    let list = segments[gap.storage]
    for (position, segment) in list.prefix(gap.segment + 1).enumerated() {
      let end = position == gap.segment ? gap.before : segment.end
      if updateTimes[gap.storage].contains(where: { $0 >= segment.start && $0 <= end }) {
        isValid = false
      }
      if position < gap.segment, list[position + 1].source == .fetch { isValid = true }
    }
    // What is updated for the last time is copied back anyway.
    let isLast = !updateTimes[gap.storage].contains { $0 > gap.before }
    if isValid || isLast && model.isStreamed[gap.storage] { return false }
    // What is spilled for a later segment of the same version can be spilled here instead.
    let behind = list.indices.dropFirst(gap.segment + 1).first { list[$0].source == .fetch }
    guard let behind else { return true }
    return updateTimes[gap.storage].contains {
      $0 > gap.before && $0 <= list[behind - 1].end
    }
  }
}
