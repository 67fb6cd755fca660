// SPDX-License-Identifier: Apache-2.0

/// Buffers with names, as lines of comma-separated cells: the files of minimalloc.
///
/// The first line names the columns, in any order: `id` (or `buffer`, `buffer_id`), `lower` (`begin`,
/// `start`), `upper` (`end`), `size`, and if wanted `alignment`, `offset`, `hint`. `upper` is
/// exclusive; under the name `end` it is the last step and included. An empty cell, or -1, in `offset`
/// says that the buffer may lie anywhere. `hint` is read over. Empty lines are too, and spaces around
/// cells.
public struct LayoutCSV: Hashable, Sendable {
  /// The name of each buffer.
  public var ids: [String]

  /// The buffers, in the order of the lines.
  public var buffers: [LayoutBuffer]

  /// The line of each buffer, from 1; empty for buffers that come from no text.
  public private(set) var lines: [Int] = []

  /// Named buffers that come from no text.
  ///
  /// - Precondition: as many names as buffers.
  public init(ids: [String], buffers: [LayoutBuffer]) {
    precondition(ids.count == buffers.count, "each buffer has a name")
    self.ids = ids
    self.buffers = buffers
  }

  /// Reads a text.
  ///
  /// - Throws: `LayoutCSVError` for the first line that is not understood.
  /// - Complexity: O(n) in the n bytes.
  public init(parsing text: [UInt8]) throws(LayoutCSVError) {
    ids = []
    buffers = []
    var columns: [Column]?
    var number = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let line = Self.trimmed(line)
      if line.isEmpty { continue }
      let cells = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        .map { Self.trimmed($0) }
      guard let known = columns else {
        columns = try Self.columns(named: cells, line: number)
        continue
      }
      guard cells.count == known.count else {
        throw .cellCount(line: number, expected: known.count, found: cells.count)
      }
      try append(cells, known, line: number)
    }
    guard columns != nil else { throw .noHeader }
  }

  /// The problem of the buffers.
  ///
  /// - Throws: `LayoutCSVError.invalid` with the line of the first buffer that is not valid.
  public func problem() throws(LayoutCSVError) -> LayoutProblem {
    do throws(LayoutError) {
      return try LayoutProblem(buffers: buffers)
    } catch {
      let line = error.buffer.flatMap { lines.indices.contains($0) ? lines[$0] : nil }
      throw .invalid(line: line, error)
    }
  }

  /// The buffers with the offsets of a layout: `id,lower,upper,size[,alignment],offset`.
  ///
  /// - Complexity: O(n).
  public func text(placedBy solution: LayoutSolution) -> [UInt8] {
    let hasAlignment = buffers.contains { $0.alignment != 1 }
    var text = Array("id,lower,upper,size\(hasAlignment ? ",alignment" : ""),offset\n".utf8)
    for (index, buffer) in buffers.enumerated() {
      text += ids[index].utf8
      var numbers = [buffer.lower, buffer.upper, buffer.size]
      if hasAlignment { numbers.append(buffer.alignment) }
      numbers.append(solution.offsets[index])
      for number in numbers {
        text.append(UInt8(ascii: ","))
        text += String(number).utf8
      }
      text.append(UInt8(ascii: "\n"))
    }
    return text
  }

  private enum Column: String {
    case id, lower, upper, end, size, alignment, offset, hint

    init?(name: String) {
      switch name {
      case "buffer", "buffer_id": self = .id
      case "begin", "start": self = .lower
      default: self.init(rawValue: name)
      }
    }
  }

  private static func columns(
    named cells: [ArraySlice<UInt8>], line: Int
  ) throws(LayoutCSVError) -> [Column] {
    var columns: [Column] = []
    for cell in cells {
      let name = String(decoding: cell.prefix(40), as: UTF8.self)
      guard let column = Column(name: name) else { throw .unknownColumn(line: line, name) }
      let isThere =
        columns.contains(column)
        || column == .end && columns.contains(.upper) || column == .upper && columns.contains(.end)
      guard !isThere else { throw .repeatedColumn(line: line, name) }
      columns.append(column)
    }
    for needed in [Column.id, .lower, .size] where !columns.contains(needed) {
      throw .missingColumn(line: line, needed.rawValue)
    }
    guard columns.contains(.upper) || columns.contains(.end) else {
      throw .missingColumn(line: line, Column.upper.rawValue)
    }
    return columns
  }

  private mutating func append(
    _ cells: [ArraySlice<UInt8>], _ columns: [Column], line: Int
  ) throws(LayoutCSVError) {
    var id = ""
    var buffer = LayoutBuffer(size: 0, lower: 0, upper: 0)
    for (column, cell) in zip(columns, cells) {
      func number() throws(LayoutCSVError) -> Int {
        guard let number = Self.number(cell) else {
          throw .notANumber(
            line: line, column: column.rawValue, String(decoding: cell.prefix(40), as: UTF8.self))
        }
        return number
      }
      switch column {
      case .id: id = String(decoding: cell, as: UTF8.self)
      case .lower: buffer.lower = try number()
      case .upper: buffer.upper = try number()
      case .end:
        let (upper, overflow) = try number().addingReportingOverflow(1)
        guard !overflow else {
          throw .notANumber(
            line: line, column: column.rawValue, String(decoding: cell, as: UTF8.self))
        }
        buffer.upper = upper
      case .size: buffer.size = try number()
      case .alignment: buffer.alignment = try cell.isEmpty ? 1 : number()
      case .offset:
        let offset = try cell.isEmpty ? -1 : number()
        buffer.fixedOffset = offset == -1 ? nil : offset
      case .hint: break
      }
    }
    ids.append(id)
    buffers.append(buffer)
    lines.append(line)
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    var bytes = bytes
    while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return bytes
  }

  /// A whole number in decimal digits, or nil where there is none or it does not fit.
  private static func number(_ cell: ArraySlice<UInt8>) -> Int? {
    let isNegative = cell.first == UInt8(ascii: "-")
    let digits = isNegative ? cell.dropFirst() : cell
    guard !digits.isEmpty else { return nil }
    var value = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.subtractingReportingOverflow(Int(digit - UInt8(ascii: "0")))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    // Summed up below zero, where one number more fits.
    if isNegative { return value }
    return value == Int.min ? nil : -value
  }
}

/// Why a text is no layout problem. Lines count from 1.
@nonexhaustive
public enum LayoutCSVError: Error, Hashable, Sendable {
  /// There is no line that names the columns.
  case noHeader
  case unknownColumn(line: Int, String)
  case repeatedColumn(line: Int, String)
  case missingColumn(line: Int, String)
  case cellCount(line: Int, expected: Int, found: Int)
  /// A cell is no whole number, or one that does not fit.
  case notANumber(line: Int, column: String, String)
  /// A line is understood, but is no valid buffer; nil where the buffers as a whole are not.
  case invalid(line: Int?, LayoutError)
}

extension LayoutCSVError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noHeader: "there is no line that names the columns, such as id,lower,upper,size"
    case .unknownColumn(let line, let name):
      "line \(line): there is no column \(name.debugDescription); columns are id, lower, upper or "
        + "end, size, alignment, offset, hint"
    case .repeatedColumn(let line, let name):
      "line \(line): column \(name.debugDescription) is there twice"
    case .missingColumn(let line, let name):
      "line \(line): column \(name.debugDescription) is missing"
    case .cellCount(let line, let expected, let found):
      "line \(line): \(found) cells for \(expected) columns"
    case .notANumber(let line, let column, let text):
      "line \(line): \(column) is \(text.debugDescription), which is no whole number that fits 64 bits"
    case .invalid(let line?, let error): "line \(line): \(error)"
    case .invalid(nil, let error): "\(error)"
    }
  }
}

extension LayoutError {
  /// The buffer that is to blame, if one is.
  var buffer: Int? {
    switch self {
    case .negativeSize(let buffer, _), .invalidLifetime(let buffer, _, _),
      .invalidAlignment(let buffer, _), .invalidFixedOffset(let buffer, _),
      .fixedOverlap(let buffer, _):
      buffer
    case .unknownTiedBuffer, .contradictoryTie, .misalignedTie, .totalTooLarge, .tooManyBuffers,
      .tooManyTies, .brokenPlanner, .brokenProof, .cancelled:
      nil
    }
  }
}
