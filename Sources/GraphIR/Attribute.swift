// SPDX-License-Identifier: Apache-2.0

/// What an operator is told besides its operands.
public struct Attribute: Hashable, Sendable {
  /// The name, such as `strides`.
  public var name: String
  /// The value.
  public var value: AttributeValue

  public init(_ name: String, _ value: AttributeValue) {
    self.name = name
    self.value = value
  }
}

/// The value of an attribute. Tensors and subgraphs stay in the file they came from; passes that
/// need them read them there.
public enum AttributeValue: Hashable, Sendable {
  case int(Int64)
  case float(Float)
  case string(String)
  case ints([Int64])
  case floats([Float])
  case strings([String])
}
