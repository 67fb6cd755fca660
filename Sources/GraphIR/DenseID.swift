// SPDX-License-Identifier: Apache-2.0

/// An index into one of a graph's flat arrays, typed by what it indexes.
///
/// IDs of one kind are dense: they run from 0 to the count of their array, so a property of every
/// node is an array, never a dictionary. They order by index.
public protocol DenseID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The index as stored.
  var rawValue: UInt32 { get }
  /// Makes an ID from its stored index.
  init(rawValue: UInt32)
}

extension DenseID {
  /// Makes the ID of an array position.
  ///
  /// - Precondition: `index` fits 32 bits, which every array of a valid graph does.
  public init(_ index: Int) { self.init(rawValue: UInt32(index)) }

  /// The position in the array that this ID indexes.
  public var index: Int { Int(rawValue) }

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  public var description: String { "\(rawValue)" }
}

/// The position of a node in its graph; ascending IDs are the order of the file.
public struct NodeID: DenseID {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// The position of a tensor in its graph.
public struct TensorID: DenseID {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Stands for an optional operand that a node does not have.
  public static let absent = TensorID(rawValue: .max)

  /// Whether this operand position holds no tensor.
  public var isAbsent: Bool { rawValue == .max }
}

/// The position of a storage in a ``StorageMap``.
public struct StorageID: DenseID {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// The position of a name in a ``NameTable``.
public struct NameID: DenseID {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// The position of an operator kind in its graph.
public struct OperatorKindID: DenseID {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}
