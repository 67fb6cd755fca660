// SPDX-License-Identifier: Apache-2.0

public import GraphIR

/// How a new weight is made of stored ones: which parts, in which order, scaled by what.
///
/// A recipe names what it reads and holds no numbers of it, so that a fusion can be planned without the
/// weights and written by whoever can read them. Matrices are meant with an input in each row and an
/// output in each column, however they are stored.
public struct WeightRecipe: Hashable, Sendable {
  /// The name of the new weight.
  public let name: String
  /// The type of its elements, and of those of everything that it is made of.
  public let elementType: ElementType
  /// Its shape as stored.
  public let shape: [Int]
  /// What it is made of.
  public let content: Content

  /// What a weight is made of.
  public enum Content: Hashable, Sendable {
    /// Matrices beside each other, or below each other.
    case matrix(parts: [MatrixPart], along: Axis, isTransposed: Bool)
    /// Vectors one behind the other.
    case vector([VectorPart])
    /// One number everywhere.
    case fill(Double)
    /// Whole numbers.
    case integers([Int64])
  }

  /// The axis along which matrices are put together.
  public enum Axis: Hashable, Sendable {
    /// Below each other: inputs add up.
    case rows
    /// Beside each other: outputs add up.
    case columns
  }

  /// A stored matrix, or some of its columns and rows.
  public struct MatrixPart: Hashable, Sendable {
    /// The stored matrix.
    public let source: String
    /// How many rows the matrix has: inputs.
    public let rows: Int
    /// How many columns the matrix has: outputs.
    public let columns: Int
    /// Whether it is stored with an output in each row.
    public let isTransposed: Bool
    /// The columns that are taken.
    public var range: Range<Int>
    /// The rows that are taken; `nil` takes all.
    public var rowRange: Range<Int>?
    /// What all elements are multiplied by.
    public let factor: Double
    /// A vector whose elements the rows are multiplied by.
    public var rowScale: String?
    /// What the columns are multiplied by.
    public var columnScale: Scale?

    /// The rows that are taken.
    public var takenRows: Range<Int> { rowRange ?? 0..<rows }
  }

  /// A factor.
  public enum Scale: Hashable, Sendable {
    /// A stored vector, element by element.
    case vector(String)
    /// One number.
    case number(Double)
  }

  /// A stretch of a vector: a sum of terms, 0 if there are none.
  public struct VectorPart: Hashable, Sendable {
    /// How many elements there are.
    public let count: Int
    /// What is summed.
    public let terms: [VectorTerm]
  }

  /// One summand of a vector.
  public enum VectorTerm: Hashable, Sendable {
    /// Elements of a stored vector, multiplied by a factor.
    case vector(String, range: Range<Int>, scale: Scale?)
    /// A stored vector times a part of a matrix, whose row scale does not count and which has all
    /// its rows.
    case product(String, MatrixPart)
  }

  /// The names of all stored weights that it reads, each once, in order of first use.
  public var sources: [String] {
    var found: [String] = []
    func add(_ name: String?) {
      if let name, !found.contains(name) { found.append(name) }
    }
    func add(_ scale: Scale?) {
      if case .vector(let name) = scale { add(name) }
    }
    func add(_ part: MatrixPart) {
      add(part.source)
      add(part.rowScale)
      add(part.columnScale)
    }
    switch content {
    case .matrix(let parts, _, _): for part in parts { add(part) }
    case .vector(let parts):
      for term in parts.flatMap(\.terms) {
        switch term {
        case .vector(let name, _, let scale):
          add(name)
          add(scale)
        case .product(let name, let part):
          add(name)
          add(part)
        }
      }
    case .fill, .integers: break
    }
    return found
  }
}
