// SPDX-License-Identifier: Apache-2.0

import Fusion
import GraphIR

/// A stored matrix, or some columns of one, as a part of a new matrix.
struct StoredMatrix: Sendable {
  /// A factor by position.
  typealias Factors = @Sendable (Int) -> Double

  private let bytes: StoredWeights.Bytes
  private let part: WeightRecipe.MatrixPart
  private let elements: FloatElements
  /// Whether the result has an output in each row.
  private let isResultTransposed: Bool
  private let rowFactors: Factors?
  private let columnFactors: Factors?

  init(
    _ part: WeightRecipe.MatrixPart, _ isTransposed: Bool, _ elements: FloatElements,
    _ weights: inout StoredWeights
  ) throws(FusedModelError) {
    let weight = try weights.weight(part.source)
    guard weight.elementType == elements.type else {
      throw .unsupportedType(tensor: part.source, weight.elementType)
    }
    let expected = part.rows * part.columns * elements.size
    guard weight.bytes.count == expected, part.range.upperBound <= part.columns,
      part.takenRows.upperBound <= part.rows
    else {
      throw .wrongSize(tensor: part.source, bytes: weight.bytes.count, expected: expected)
    }
    bytes = weight.bytes
    self.part = part
    self.elements = elements
    isResultTransposed = isTransposed
    rowFactors = try Self.factors(
      part.rowScale.map { .vector($0) }, elements.type, part.rows, &weights)
    columnFactors = try Self.factors(part.columnScale, elements.type, part.columns, &weights)
  }

  /// Whether the matrix lies the other way than it is wanted.
  var isTurned: Bool { part.isTransposed != isResultTransposed }

  /// The rows that it has in the result as stored.
  var storedRows: Int { isResultTransposed ? part.range.count : part.takenRows.count }

  /// The columns that it has in the result as stored.
  var storedColumns: Int { isResultTransposed ? part.takenRows.count : part.range.count }

  /// Its bytes in the result.
  var byteCount: Int { storedRows * storedColumns * elements.size }

  /// The elements of a stored vector.
  static func vector(
    _ name: String, _ type: ElementType, _ weights: inout StoredWeights
  ) throws(FusedModelError) -> [Double] {
    let weight = try weights.weight(name)
    guard let elements = FloatElements(weight.elementType) else {
      throw .unsupportedType(tensor: name, weight.elementType)
    }
    return weight.bytes.withBytes { elements.values(in: $0) }
  }

  /// What a scale multiplies each of `count` positions by.
  static func factors(
    _ scale: WeightRecipe.Scale?, _ type: ElementType, _ count: Int,
    _ weights: inout StoredWeights
  ) throws(FusedModelError) -> Factors? {
    switch scale {
    case nil: return nil
    case .number(let value): return { _ in value }
    case .vector(let name):
      let values = try vector(name, type, &weights)
      guard values.count >= count else {
        throw .wrongSize(
          tensor: name, bytes: values.count * type.bits / 8, expected: count * type.bits / 8)
      }
      return { values[$0] }
    }
  }

  /// The elements from one row of the source to the next.
  private var sourceStride: Int { part.isTransposed ? part.rows : part.columns }

  /// The first row of the source that is taken.
  private var firstRow: Int {
    part.isTransposed ? part.range.lowerBound : part.takenRows.lowerBound
  }

  /// The first column of the source that is taken.
  private var firstColumn: Int {
    part.isTransposed ? part.takenRows.lowerBound : part.range.lowerBound
  }

  /// The position of an element in the source.
  private func source(row: Int, column: Int) -> Int {
    part.isTransposed ? column * part.rows + row : row * part.columns + column
  }

  /// Copies some rows of the result to where they belong, scaled.
  ///
  /// - Parameters:
  ///   - rows: Rows of this part of the result as stored.
  ///   - rowSize: The bytes from one row of the result to the next.
  ///   - offset: Where in a row this part starts, in bytes.
  func copy(
    rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer, rowSize: Int, at offset: Int
  ) {
    let size = elements.size
    if isTurned {
      copyTurned(rows: rows, into: buffer, rowSize: rowSize, at: offset)
    } else {
      // Rows of the source, whole or without some columns.
      let (length, stride) = (storedColumns, sourceStride)
      func start(_ row: Int) -> Int { ((firstRow + row) * stride + firstColumn) * size }
      let span = start(rows.lowerBound)..<start(rows.upperBound - 1) + length * size
      bytes.prefetch(span)
      bytes.withBytes { source in
        for row in rows {
          let from = UnsafeRawBufferPointer(
            rebasing: source[start(row)..<start(row) + length * size])
          let target = (row - rows.lowerBound) * rowSize + offset
          UnsafeMutableRawBufferPointer(rebasing: buffer[target..<target + length * size])
            .copyMemory(from: from)
        }
      }
      bytes.release(span)
    }
    guard rowFactors != nil || columnFactors != nil || part.factor != 1 else { return }
    // Factors by row and column of the result as stored.
    let (rowShift, columnShift) = (part.takenRows.lowerBound, part.range.lowerBound)
    let (mine, other) =
      isResultTransposed ? (columnFactors, rowFactors) : (rowFactors, columnFactors)
    for row in rows {
      let start = ((row - rows.lowerBound) * rowSize + offset)
      let target = UnsafeMutableRawBufferPointer(
        rebasing: buffer[start..<start + storedColumns * size])
      if part.factor != 1 {
        elements.multiply(target, first: 0, count: storedColumns) { _ in part.factor }
      }
      if let mine {
        let factor = mine(row + (isResultTransposed ? columnShift : rowShift))
        elements.multiply(target, first: 0, count: storedColumns) { _ in factor }
      }
      if let other {
        let shift = isResultTransposed ? rowShift : columnShift
        elements.multiply(target, first: 0, count: storedColumns) { other($0 + shift) }
      }
    }
  }

  /// Copies rows of the result that are columns of the source, a square at a time.
  private func copyTurned(
    rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer, rowSize: Int, at offset: Int
  ) {
    let size = elements.size
    // A row of the source is a column of the result.
    let sourceRows = storedColumns
    let (sourceStride, firstRow, firstColumn) = (sourceStride, firstRow, firstColumn)
    let square = 64
    bytes.withBytes { source in
      var top = 0
      while top < sourceRows {
        let bottom = min(top + square, sourceRows)
        let span =
          (firstRow + top) * sourceStride * size..<(firstRow + bottom) * sourceStride * size
        bytes.prefetch(span)
        var left = rows.lowerBound
        while left < rows.upperBound {
          let right = min(left + square, rows.upperBound)
          for row in left..<right {
            let target = (row - rows.lowerBound) * rowSize + offset
            for column in top..<bottom {
              let from = ((firstRow + column) * sourceStride + firstColumn + row) * size
              for byte in 0..<size { buffer[target + column * size + byte] = source[from + byte] }
            }
          }
          left = right
        }
        bytes.release(span)
        top = bottom
      }
    }
  }

  /// A vector times the matrix, without the scale of its rows.
  ///
  /// - Complexity: O(elements), in the memory of a row.
  func product(with vector: [Double]) throws(FusedModelError) -> [Double] {
    guard vector.count == part.rows else {
      throw .wrongSize(
        tensor: part.source, bytes: vector.count * elements.size,
        expected: part.rows * elements.size)
    }
    let columns = part.range
    var result = [Double](repeating: 0, count: columns.count)
    let stored = part.isTransposed ? part.columns : part.rows
    let stride = part.isTransposed ? part.rows : part.columns
    let window = max(1, (4 << 20) / max(stride * elements.size, 1))
    bytes.withBytes { source in
      var first = 0
      while first < stored {
        let last = min(first + window, stored)
        let span = first * stride * elements.size..<last * stride * elements.size
        bytes.prefetch(span)
        for outer in first..<last {
          if part.isTransposed {
            guard columns.contains(outer) else { continue }
            var sum = 0.0
            for row in 0..<part.rows {
              sum += vector[row] * elements.value(in: source, at: outer * stride + row)
            }
            result[outer - columns.lowerBound] = sum
          } else {
            let factor = vector[outer]
            for column in columns {
              result[column - columns.lowerBound] +=
                factor * elements.value(in: source, at: outer * stride + column)
            }
          }
        }
        bytes.release(span)
        first = last
      }
    }
    if part.factor != 1 { for index in result.indices { result[index] *= part.factor } }
    return result
  }
}
