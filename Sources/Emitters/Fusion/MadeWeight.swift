// SPDX-License-Identifier: Apache-2.0

import Fusion
import GraphIR

/// The bytes of a weight that a recipe makes, computed piece by piece while they are written.
///
/// Matrices that lie in the file as they are wanted are read once, from first to last. Where one has
/// to be transposed, as much of the result as one matrix has is made at once.
struct MadeWeight: MadeBytes {
  let byteCount: Int
  private let elements: FloatElements?
  private let content: Content

  private enum Content {
    /// Matrices beside each other as stored, or behind each other.
    case matrices([StoredMatrix], rows: Int, isStacked: Bool)
    case bytes([UInt8])
    /// One element, again and again.
    case fill([UInt8])
  }

  /// The most bytes that are made at once, unless something is transposed.
  private static let pieceSize = 4 << 20

  /// Finds what a recipe reads and checks that it is there.
  ///
  /// - Throws: ``FusedModelError``.
  init(_ recipe: WeightRecipe, from weights: inout StoredWeights) throws(FusedModelError) {
    byteCount = recipe.elementType.byteCount(of: recipe.shape)?.value ?? 0
    elements = FloatElements(recipe.elementType)
    func floats() throws(FusedModelError) -> FloatElements {
      guard let elements = FloatElements(recipe.elementType) else {
        throw .unsupportedType(tensor: recipe.name, recipe.elementType)
      }
      return elements
    }
    switch recipe.content {
    case .integers(let values):
      content = .bytes(
        values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } })
    case .fill(let value): content = .fill(try floats().bytes(of: [value]))
    case .vector(let parts):
      var values: [Double] = []
      for part in parts { values += try Self.sum(part, try floats(), &weights) }
      content = .bytes(try floats().bytes(of: values))
    case .matrix(let parts, let axis, let isTransposed):
      var matrices: [StoredMatrix] = []
      for part in parts {
        matrices.append(try StoredMatrix(part, isTransposed, try floats(), &weights))
      }
      content = .matrices(
        matrices, rows: recipe.shape[0], isStacked: (axis == .rows) != isTransposed)
    }
  }

  private static func sum(
    _ part: WeightRecipe.VectorPart, _ elements: FloatElements, _ weights: inout StoredWeights
  ) throws(FusedModelError) -> [Double] {
    var sum = [Double](repeating: 0, count: part.count)
    for term in part.terms {
      let values: [Double]
      switch term {
      case .vector(let name, let range, let scale):
        let all = try StoredMatrix.vector(name, elements.type, &weights)
        guard range.upperBound <= all.count else { throw .noWeight(name) }
        let factor = try StoredMatrix.factors(scale, elements.type, range.upperBound, &weights)
        values = range.map { index in factor.map { all[index] * $0(index) } ?? all[index] }
      case .product(let name, let part):
        let vector = try StoredMatrix.vector(name, elements.type, &weights)
        values = try StoredMatrix(part, false, elements, &weights).product(with: vector)
      }
      for (index, value) in values.enumerated() { sum[index] += value }
    }
    return sum
  }

  func write<Failure>(
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    switch content {
    case .bytes(let bytes): try Self.hand(bytes, to: sink)
    case .fill(let element):
      let pieces = byteCount / element.count
      var piece: [UInt8] = []
      for _ in 0..<min(pieces, 1 << 16) { piece += element }
      var rest = byteCount
      while rest > 0 {
        if rest < piece.count { piece.removeLast(piece.count - rest) }
        try Self.hand(piece, to: sink)
        rest -= piece.count
      }
    case .matrices(let matrices, let rows, let isStacked):
      if isStacked {
        for matrix in matrices { try write([matrix], rows: matrix.storedRows, to: sink) }
      } else {
        try write(matrices, rows: rows, to: sink)
      }
    }
  }

  private static func hand<Failure>(
    _ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try bytes.span.bytes.withUnsafeBytes { (buffer) throws(Failure) in try sink(buffer) }
  }

  /// Writes matrices beside each other, a few rows at a time.
  private func write<Failure>(
    _ matrices: [StoredMatrix], rows: Int,
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    guard let elements else { preconditionFailure("matrices are of real numbers") }
    let width = matrices.reduce(0) { $0 + $1.storedColumns }
    let rowSize = width * elements.size
    guard rowSize > 0, rows > 0 else { return }
    var limit = Self.pieceSize
    for matrix in matrices where matrix.isTurned { limit = max(limit, matrix.byteCount) }
    let step = min(max(limit / rowSize, 1), rows)
    var piece = [UInt8](repeating: 0, count: step * rowSize)
    var first = 0
    while first < rows {
      let count = min(step, rows - first)
      piece.withUnsafeMutableBytes { buffer in
        var column = 0
        for matrix in matrices {
          matrix.copy(
            rows: first..<first + count, into: buffer, rowSize: rowSize,
            at: column * elements.size)
          column += matrix.storedColumns
        }
      }
      try piece.span.bytes.extracting(0..<count * rowSize).withUnsafeBytes {
        (bytes) throws(Failure) in try sink(bytes)
      }
      first += count
    }
  }
}
