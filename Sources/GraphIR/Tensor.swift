// SPDX-License-Identifier: Apache-2.0

/// What a tensor is for, which decides where its bytes live and how reports group them.
public enum TensorRole: String, Hashable, Sendable, CaseIterable {
  /// A graph input: live from step 0 to its last use.
  case input
  /// A graph output: live to the end.
  case output
  /// A trained parameter or buffer: resident.
  case weight
  /// What an optimizer keeps between steps: resident.
  case optimizerState
  /// Made by the forward part.
  case activation
  /// Made by the backward part.
  case gradient
  /// Made and used by the optimizer's update.
  case temporary
  /// Data stored in the file that is no parameter: resident.
  case constant
  /// In a graph that a node runs: a value whose bytes belong to the graph around it, so that they are
  /// never in this graph's arena. See ``Body``.
  case outer

  /// Whether the bytes stay for the whole run, outside the arena.
  public var isResident: Bool {
    switch self {
    case .weight, .optimizerState, .constant: true
    case .input, .output, .activation, .gradient, .temporary, .outer: false
    }
  }
}

/// What a tensor's value is made of.
public enum ValueKind: UInt8, Hashable, Sendable, CaseIterable {
  /// A dense tensor.
  case tensor
  /// A sequence of tensors; its bytes are those of all elements, its shape is empty.
  case sequence
  /// A tensor or sequence that may be missing.
  case optional
  /// A sparse tensor; its bytes are those of values and indices, its shape the dense one.
  case sparse
  /// A map from keys to values.
  case map
}

/// One value of a graph. Its shape lies in the graph's dimension pool: ``Graph/shape(of:)``.
public struct Tensor: Sendable {
  /// The unique name.
  public var name: NameID
  /// The type of an element.
  public var elementType: ElementType
  /// What the value is made of.
  public var kind: ValueKind
  /// What the tensor is for.
  public var role: TensorRole
  /// Whether shape and bytes are upper bounds of a size that depends on data.
  public var isUpperBound: Bool
  /// The size in bytes. For a fresh tensor, what its producer allocates; for a view, what it covers.
  public var bytes: ByteCount
  /// The node that makes it; `nil` for inputs, weights and constants.
  public internal(set) var producer: NodeID?
  var shape: PoolRange
}

/// A stretch of one of a graph's pools.
struct PoolRange: Hashable, Sendable {
  var start: UInt32
  var count: UInt32

  init(_ range: Range<Int>) {
    start = UInt32(range.lowerBound)
    count = UInt32(range.count)
  }

  var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}
