// SPDX-License-Identifier: Apache-2.0

/// The hashes of search states without a solution.
///
/// Open addressing over 64-bit hashes. Two states of equal hash would be taken for one: with the
/// most entries it holds, a look-up goes wrong with a probability of 2^-42.
struct FailedStates {
  private static let greatestSlotCount = 1 << 23

  /// 0 marks a free slot.
  private var slots: [UInt64]
  private(set) var count = 0

  init() { slots = [UInt64](repeating: 0, count: 1024) }

  func contains(_ hash: UInt64) -> Bool {
    slots[slot(of: hash)] != 0
  }

  /// Adds a hash; a full table stays as it is.
  mutating func insert(_ hash: UInt64) {
    if count * 2 >= slots.count {
      guard slots.count < Self.greatestSlotCount else { return }
      grow()
    }
    let slot = slot(of: hash)
    if slots[slot] == 0 {
      slots[slot] = hash | 1
      count += 1
    }
  }

  /// Where the hash is, or the free slot where it belongs.
  private func slot(of hash: UInt64) -> Int {
    let wanted = hash | 1
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash >> 20) & mask
    while slots[slot] != 0, slots[slot] != wanted { slot = (slot + 1) & mask }
    return slot
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * 2)
    for hash in old where hash != 0 { slots[slot(of: hash)] = hash }
  }
}
