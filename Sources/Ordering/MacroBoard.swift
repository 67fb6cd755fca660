// SPDX-License-Identifier: Apache-2.0

/// Macros in a fixed row of slots: the lowest hill of all, the lowest among those that gain, and the
/// best by a rule among those whose hill fits.
struct MacroBoard {
  private static let vacant = Int.max
  private let width: Int
  /// Per vertex of a complete binary tree: the least hill, the least hill that gains, the least key.
  private var hills: [Int]
  private var gains: [Int]
  private var keys: [Int]

  init(slots: Int) {
    var width = 1
    while width < slots { width *= 2 }
    self.width = width
    hills = [Int](repeating: Self.vacant, count: 2 * width)
    gains = hills
    keys = hills
  }

  /// Fills a slot or empties it.
  ///
  /// - Complexity: O(log slots).
  mutating func set(_ macro: (hill: Int, net: Int, key: Int)?, at slot: Int) {
    var node = slot + width
    hills[node] = macro?.hill ?? Self.vacant
    gains[node] = macro.map { $0.net <= 0 ? $0.hill : Self.vacant } ?? Self.vacant
    keys[node] = macro?.key ?? Self.vacant
    while node > 1 {
      node /= 2
      hills[node] = min(hills[2 * node], hills[2 * node + 1])
      gains[node] = min(gains[2 * node], gains[2 * node + 1])
      keys[node] = min(keys[2 * node], keys[2 * node + 1])
    }
  }

  /// The first slot of those with the lowest hill that gain, if it fits.
  func lowestGain(fitting gap: Int) -> Int? {
    gains[1] <= gap && gains[1] < Self.vacant ? first(gains[1], in: gains) : nil
  }

  /// The first slot of those with the lowest hill.
  var lowestHill: Int? { hills[1] < Self.vacant ? first(hills[1], in: hills) : nil }

  /// The first slot of those with the least key among the ones that fit.
  ///
  /// - Complexity: O(log slots) if low keys tend to fit; O(slots) at worst.
  func leastKey(fitting gap: Int) -> Int? {
    var best: (key: Int, slot: Int)?
    var stack = [1]
    while let node = stack.popLast() {
      guard hills[node] <= gap, keys[node] < best?.key ?? Self.vacant else { continue }
      if node >= width {
        best = (keys[node], node - width)
      } else {
        stack.append(2 * node + 1)
        stack.append(2 * node)
      }
    }
    return best?.slot
  }

  private func first(_ value: Int, in tree: [Int]) -> Int {
    var node = 1
    while node < width { node = tree[2 * node] == value ? 2 * node : 2 * node + 1 }
    return node - width
  }
}
