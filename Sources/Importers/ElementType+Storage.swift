// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// How a TensorProto stores the elements of each type.
///
/// Source: ONNX format, TensorProto.DataType.
extension ElementType {
  /// How many elements one entry of the typed field holds: several of those below a byte that
  /// are stored packed.
  var elementsPerEntry: Int {
    switch self {
    case .uint2, .int2: 4
    case .uint4, .int4, .float4e2m1: 2
    default: 1
    }
  }

  /// Whether the elements are real numbers in a binary floating-point format.
  var isFloatingPoint: Bool {
    switch self {
    case .undefined, .string, .complex64, .complex128: false
    default: !isIntegral
    }
  }

  /// Whether the elements are signed whole numbers.
  var isSigned: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .int4, .int2: true
    default: false
    }
  }

  /// The field of a TensorProto that holds the elements if raw data does not.
  var elementField: Int {
    switch self {
    case .float32, .complex64: 4
    case .string: 6
    case .int64: 7
    case .float64, .complex128: 10
    case .uint32, .uint64: 11
    default: 5
    }
  }
}
