// SPDX-License-Identifier: Apache-2.0

/// Pairs grouped by row, each row ascending and without repetitions.
///
/// Built by counting alone: grouping by value first and by row next leaves every row ascending, so
/// nothing is compared and nothing is allocated row by row.
struct CompressedRows {
  /// Where each row starts in ``values``; one more entry than rows.
  private(set) var start: [Int]
  /// The values, row by row.
  private(set) var values: [UInt32]

  /// Groups pairs.
  ///
  /// - Parameters:
  ///   - rows: The number of rows.
  ///   - columns: More than the largest value.
  ///   - pairs: In any order, repetitions allowed.
  /// - Complexity: O(rows + columns + pairs).
  init(rows: Int, columns: Int, pairs: [(row: UInt32, value: UInt32)]) {
    var next = [Int](repeating: 0, count: columns + 1)
    for pair in pairs { next[Int(pair.value) + 1] += 1 }
    for column in 0..<columns { next[column + 1] += next[column] }
    var byValue = CompressedRows(start: next, values: [])
    byValue.values = Array(unsafeUninitializedCapacity: pairs.count) { buffer, count in
      for pair in pairs {
        buffer[next[Int(pair.value)]] = pair.row
        next[Int(pair.value)] += 1
      }
      count = pairs.count
    }
    self = byValue.transposed(columns: rows)
  }

  private init(start: [Int], values: [UInt32]) {
    self.start = start
    self.values = values
  }

  /// The same pairs grouped by value: row `v` lists the rows that hold `v`.
  ///
  /// - Parameter columns: More than the largest value.
  /// - Complexity: O(rows + columns + pairs).
  func transposed(columns: Int) -> CompressedRows {
    // Rows are met in ascending order, so a repetition is always the entry written last.
    var last = [UInt32](repeating: .max, count: columns)
    var next = [Int](repeating: 0, count: columns + 1)
    for row in 0..<start.count - 1 {
      for index in start[row]..<start[row + 1] where last[Int(values[index])] != UInt32(row) {
        last[Int(values[index])] = UInt32(row)
        next[Int(values[index]) + 1] += 1
      }
    }
    for column in 0..<columns { next[column + 1] += next[column] }
    let bounds = next
    last.withUnsafeMutableBufferPointer { last in last.update(repeating: .max) }
    let transposed = [UInt32](unsafeUninitializedCapacity: bounds[columns]) { buffer, count in
      for row in 0..<start.count - 1 {
        for index in start[row]..<start[row + 1] where last[Int(values[index])] != UInt32(row) {
          let column = Int(values[index])
          last[column] = UInt32(row)
          buffer[next[column]] = UInt32(row)
          next[column] += 1
        }
      }
      count = bounds[columns]
    }
    return CompressedRows(start: bounds, values: transposed)
  }
}
