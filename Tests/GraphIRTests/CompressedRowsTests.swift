// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import GraphIR

@Suite struct CompressedRowsTests {
  @Test(arguments: Seeds.first(50)) func `rows are the sorted sets of their pairs, both ways`(
    seed: Int
  ) {
    var generator = SeededGenerator(seed: seed)
    let (rows, columns) = (seed % 7, 1 + seed % 5)
    var pairs: [(row: UInt32, value: UInt32)] = []
    if rows > 0 {
      for _ in 0..<seed {
        pairs.append(
          (
            UInt32.random(in: 0..<UInt32(rows), using: &generator),
            UInt32.random(in: 0..<UInt32(columns), using: &generator)
          ))
      }
    }
    let found = CompressedRows(rows: rows, columns: columns, pairs: pairs)
    #expect(found.start.count == rows + 1)
    for row in 0..<rows {
      let expected = Set(pairs.filter { $0.row == row }.map(\.value)).sorted()
      #expect(Array(found.values[found.start[row]..<found.start[row + 1]]) == expected)
    }
    let turned = found.transposed(columns: columns)
    #expect(turned.start.count == columns + 1)
    for column in 0..<columns {
      let expected = Set(pairs.filter { $0.value == column }.map(\.row)).sorted()
      #expect(Array(turned.values[turned.start[column]..<turned.start[column + 1]]) == expected)
    }
  }
}
