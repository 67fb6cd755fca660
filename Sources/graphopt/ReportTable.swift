// SPDX-License-Identifier: Apache-2.0

/// A table of text in aligned columns.
struct ReportTable {
  private let rows: [[String]]
  private let numbers: ClosedRange<Int>

  /// - Parameters:
  ///   - head: The names of the columns.
  ///   - numbers: The columns that are aligned right.
  init(_ head: [String], rows: [[String]], numbers: ClosedRange<Int>) {
    self.rows = [head] + rows
    self.numbers = numbers
  }

  /// The rows, the head first, without blanks at their ends.
  var lines: [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let blanks = String(repeating: " ", count: widths[column] - cell.count)
        return numbers.contains(column) ? blanks + cell : cell + blanks
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
