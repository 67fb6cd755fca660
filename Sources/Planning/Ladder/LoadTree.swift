// SPDX-License-Identifier: Apache-2.0

/// Loads by time, with additions to ranges and maxima of ranges in O(log times) each.
struct LoadTree {
  private let count: Int
  private let leaves: Int
  /// The maximum of each subtree, its own additions included.
  private var top: [Int]
  /// What was added to all of each subtree and not passed on.
  private var pending: [Int]

  /// - Complexity: O(times).
  init(_ loads: [Int]) {
    count = loads.count
    var leaves = 1
    while leaves < max(count, 1) { leaves *= 2 }
    self.leaves = leaves
    top = [Int](repeating: Int.min / 2, count: 2 * leaves)
    pending = [Int](repeating: 0, count: 2 * leaves)
    for (index, load) in loads.enumerated() { top[leaves + index] = load }
    for node in (1..<leaves).reversed() { top[node] = max(top[2 * node], top[2 * node + 1]) }
  }

  /// Adds to every load of a range.
  mutating func add(_ bytes: Int, _ range: Range<Int>) {
    guard !range.isEmpty, bytes != 0 else { return }
    add(bytes, range, 1, 0, leaves)
  }

  private mutating func add(_ bytes: Int, _ range: Range<Int>, _ node: Int, _ low: Int, _ high: Int)
  {
    if range.lowerBound <= low, high <= range.upperBound {
      top[node] += bytes
      pending[node] += bytes
      return
    }
    let middle = (low + high) / 2
    if range.lowerBound < middle { add(bytes, range, 2 * node, low, middle) }
    if range.upperBound > middle { add(bytes, range, 2 * node + 1, middle, high) }
    top[node] = max(top[2 * node], top[2 * node + 1]) + pending[node]
  }

  /// The largest load of a range; a very small number for an empty one.
  func maximum(in range: Range<Int>) -> Int {
    range.isEmpty ? Int.min / 2 : maximum(range, 1, 0, leaves)
  }

  private func maximum(_ range: Range<Int>, _ node: Int, _ low: Int, _ high: Int) -> Int {
    if range.lowerBound <= low, high <= range.upperBound { return top[node] }
    let middle = (low + high) / 2
    var result = Int.min / 2
    if range.lowerBound < middle { result = maximum(range, 2 * node, low, middle) }
    if range.upperBound > middle {
      result = max(result, maximum(range, 2 * node + 1, middle, high))
    }
    return result + pending[node]
  }

  /// The first time of the largest load, and that load.
  var peak: (time: Int, bytes: Int) {
    var node = 1
    while node < leaves {
      node = top[2 * node] >= top[2 * node + 1] ? 2 * node : 2 * node + 1
    }
    return (node - leaves, top[1])
  }

  /// Every load.
  ///
  /// - Complexity: O(times).
  var loads: [Int] {
    var sum = [Int](repeating: 0, count: 2 * leaves)
    for node in 1..<leaves {
      sum[2 * node] = sum[node] + pending[node]
      sum[2 * node + 1] = sum[node] + pending[node]
    }
    return (0..<count).map { top[leaves + $0] + sum[leaves + $0] }
  }
}
