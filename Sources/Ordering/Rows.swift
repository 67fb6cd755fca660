// SPDX-License-Identifier: Apache-2.0

/// Lists of IDs by row, stored back to back.
struct Rows: Hashable, Sendable {
  /// Where each row starts in ``values``; one more entry than rows.
  var start: [Int]
  /// The rows, one after the other.
  var values: [UInt32]

  init(start: [Int], values: [UInt32]) {
    self.start = start
    self.values = values
  }

  /// Lists with no row yet.
  init() { self.init(start: [0], values: []) }

  /// The number of rows.
  var count: Int { start.count - 1 }

  /// Where a row lies in ``values``.
  subscript(row: Int) -> Range<Int> { start[row]..<start[row + 1] }

  /// The length of a row.
  func length(_ row: Int) -> Int { start[row + 1] - start[row] }

  /// Adds a row behind all others.
  mutating func append(_ row: some Sequence<UInt32>) {
    values.append(contentsOf: row)
    start.append(values.count)
  }

  /// The rows that list, for every value below `count`, the rows it occurs in, ascending.
  ///
  /// - Complexity: O(count + values).
  func transposed(count: Int) -> Rows {
    var next = [Int](repeating: 0, count: count + 1)
    for value in values { next[Int(value) + 1] += 1 }
    for index in 0..<count { next[index + 1] += next[index] }
    let starts = next
    var result = [UInt32](repeating: 0, count: values.count)
    for row in 0..<self.count {
      for index in self[row] {
        let value = Int(values[index])
        result[next[value]] = UInt32(row)
        next[value] += 1
      }
    }
    return Rows(start: starts, values: result)
  }

  /// The same rows with their values rearranged.
  func sorted(by areInIncreasingOrder: (UInt32, UInt32) -> Bool) -> Rows {
    var result = self
    for row in 0..<count where length(row) > 1 {
      result.values[self[row]].sort(by: areInIncreasingOrder)
    }
    return result
  }
}
