// SPDX-License-Identifier: Apache-2.0

/// What a file says about one value.
public struct ONNXValueInfo: Hashable, Sendable {
  /// The value's name.
  public let name: ONNXNameID

  /// Its type, as far as stated.
  public let type: ONNXType

  /// Where the message lies in the file, in bytes, half-open.
  public let message: Range<Int>
}

/// The type of a value.
public enum ONNXType: Hashable, Sendable {
  /// Not stated.
  case unknown
  /// A dense tensor. The element type is ONNX's number, 0 if not stated; a shape of `nil` means
  /// that not even the rank is known.
  case tensor(elementType: Int32, shape: [ONNXDimension]?)
  /// A sparse tensor, described as a dense one.
  case sparseTensor(elementType: Int32, shape: [ONNXDimension]?)
  /// A list of values of one type.
  indirect case sequence(ONNXType)
  /// A value of a type, or none.
  indirect case optional(ONNXType)
  /// A dictionary, with ONNX's number of the keys' type.
  indirect case map(keyType: Int32, value: ONNXType)
  /// A type that only a domain's own operators understand.
  case opaque(domain: String, name: String)
}

/// The extent of one axis.
public enum ONNXDimension: Hashable, Sendable {
  /// A number of elements, not negative.
  case value(Int)
  /// A name that stands for the same number wherever it occurs.
  case parameter(String)
  /// Not stated: also where the file says a negative number, "" or "?".
  case unknown
}

extension ONNXDimension {
  /// The dimension that a file gives by a number or a name.
  init(value: Int64?, parameter: String) {
    if let value {
      self = value >= 0 ? .value(Int(value)) : .unknown
    } else {
      self = parameter.isEmpty || parameter == "?" ? .unknown : .parameter(parameter)
    }
  }
}
