// SPDX-License-Identifier: Apache-2.0

/// The largest of the numbers in any range of an array.
struct RangeMaximum {
  private let leafCount: Int
  private var tree: [Int]

  /// - Complexity: O(n) in the n numbers.
  init(_ values: [Int]) {
    leafCount = values.count
    tree = [Int](repeating: 0, count: leafCount) + values
    for node in stride(from: leafCount - 1, to: 0, by: -1) {
      tree[node] = max(tree[2 * node], tree[2 * node + 1])
    }
  }

  /// - Precondition: `range` is not empty and within the array.
  /// - Complexity: O(log n).
  func maximum(in range: Range<Int>) -> Int {
    var low = range.lowerBound + leafCount
    var high = range.upperBound + leafCount
    var best = tree[low]
    while low < high {
      if low & 1 == 1 {
        best = max(best, tree[low])
        low += 1
      }
      if high & 1 == 1 {
        high -= 1
        best = max(best, tree[high])
      }
      low /= 2
      high /= 2
    }
    return best
  }
}

extension LayoutSections {
  /// For each section, the largest value among the given buffers that live in it; 0 where there is
  /// none.
  ///
  /// - Complexity: O(m log m + s) in the m buffers and s sections.
  func maxima(over chosen: [Int32], of value: (Int) -> Int) -> [Int] {
    var maxima = [Int](repeating: 0, count: count)
    let painters = chosen.map { (value: value(Int($0)), buffer: $0) }
      .sorted { ($0.value, $1.buffer) > ($1.value, $0.buffer) }
    // The largest paints first, the others what is left: `next` jumps over painted sections.
    var next = Array(0...count)
    func firstUnpainted(from section: Int) -> Int {
      var root = section
      while next[root] != root { root = next[root] }
      var walker = section
      while next[walker] != root { (walker, next[walker]) = (next[walker], root) }
      return root
    }
    for (value, buffer) in painters {
      let span = span(of: Int(buffer))
      var section = firstUnpainted(from: span.lowerBound)
      while section < span.upperBound {
        maxima[section] = value
        next[section] = section + 1
        section = firstUnpainted(from: section + 1)
      }
    }
    return maxima
  }
}
