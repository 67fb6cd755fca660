// SPDX-License-Identifier: Apache-2.0

/// Keyed slots in a fixed row, with the least key of any stretch of the row.
///
/// Equal keys are told apart by a second number that each slot has once and for all.
struct TournamentTree {
  private static let vacant = Int.max
  private var keys: [Int]
  private let ties: [UInt32]
  /// A complete binary tree over the slots; each entry is the winning slot below it.
  private var winners: [Int32]
  private let width: Int

  /// Makes a row of vacant slots.
  ///
  /// - Parameter ties: What decides between equal keys, by slot.
  init(ties: [UInt32]) {
    var width = 1
    while width < ties.count { width *= 2 }
    self.width = width
    self.ties = ties
    keys = [Int](repeating: Self.vacant, count: ties.count)
    winners = [Int32](repeating: -1, count: 2 * width)
  }

  /// Gives a slot a key below `Int.max`, or makes it vacant.
  ///
  /// - Complexity: O(log slots).
  mutating func setKey(_ key: Int?, at slot: Int) {
    keys[slot] = key ?? Self.vacant
    var node = slot + width
    winners[node] = key == nil ? -1 : Int32(slot)
    while node > 1 {
      node /= 2
      winners[node] = better(winners[2 * node], winners[2 * node + 1])
    }
  }

  /// The slot with the least key in a stretch, if one is taken.
  ///
  /// - Complexity: O(log slots).
  func minimum(in range: Range<Int>) -> Int? {
    var (low, high) = (range.lowerBound + width, range.upperBound + width)
    var best: Int32 = -1
    while low < high {
      if low & 1 == 1 {
        best = better(best, winners[low])
        low += 1
      }
      if high & 1 == 1 {
        high -= 1
        best = better(best, winners[high])
      }
      low /= 2
      high /= 2
    }
    return best < 0 ? nil : Int(best)
  }

  /// The first slot that is taken.
  ///
  /// - Complexity: O(log slots).
  var first: Int? {
    guard winners[1] >= 0 else { return nil }
    var node = 1
    while node < width { node = winners[2 * node] >= 0 ? 2 * node : 2 * node + 1 }
    return node - width
  }

  private func better(_ a: Int32, _ b: Int32) -> Int32 {
    if a < 0 { return b }
    if b < 0 { return a }
    let (i, j) = (Int(a), Int(b))
    if keys[i] != keys[j] { return keys[i] < keys[j] ? a : b }
    return ties[i] <= ties[j] ? a : b
  }
}
