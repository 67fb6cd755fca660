// SPDX-License-Identifier: Apache-2.0

/// How much of a file the reader takes on, so that a hostile one ends in an error.
///
/// The defaults are far above what real models have.
public struct ONNXLimits: Hashable, Sendable {
  /// How deep graphs may nest in attributes, and types in types.
  public var nesting = 64

  /// How many nodes, attributes, tensors, value infos, graphs, functions and metadata entries a
  /// file may have.
  public var messages = 1 << 23

  /// How many numbers and strings all lists in attributes together may have.
  public var listElements = 1 << 27

  /// How many axes a shape may have.
  public var rank = 64

  /// How many bytes a message may have besides what is read in place (numbers, texts, tensors).
  public var messageBytes = 4 << 20

  /// The longest string attribute that is read, in bytes; longer ones only say where they lie.
  public var stringBytes = 1 << 20

  /// The default limits.
  public init() {}
}

/// A limit that a file exceeds, with its number.
@nonexhaustive
public enum ONNXLimit: Hashable, Sendable {
  /// Graphs or types nest deeper.
  case nesting(Int)
  /// There are more nodes, attributes, tensors, value infos, graphs, functions and metadata.
  case messages(Int)
  /// The lists in attributes have more elements together.
  case listElements(Int)
  /// A shape has more axes.
  case rank(Int)
  /// A message has more bytes besides what is read in place.
  case messageBytes(Int)
  /// There are more distinct names.
  case names(Int)
}

extension ONNXLimit: CustomStringConvertible {
  public var description: String {
    switch self {
    case .nesting(let limit): "nested deeper than \(limit) levels"
    case .messages(let limit): "more than \(limit) nodes, attributes, tensors and values"
    case .listElements(let limit): "more than \(limit) list elements in attributes"
    case .rank(let limit): "a shape of more than \(limit) axes"
    case .messageBytes(let limit): "more than \(limit) bytes besides tensors"
    case .names(let limit): "more than \(limit) names"
    }
  }
}
