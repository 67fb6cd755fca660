// SPDX-License-Identifier: Apache-2.0

/// The element types of the format by their numbers, as far as decoding needs them.
///
/// Source: ONNX format, TensorProto.DataType.
enum ONNXElementType: Int32 {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case double = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
  case float8E4M3FN = 17
  case float8E4M3FNUZ = 18
  case float8E5M2 = 19
  case float8E5M2FNUZ = 20
  case uint4 = 21
  case int4 = 22
  case float4E2M1 = 23
  case float8E8M0 = 24
  case uint2 = 25
  case int2 = 26
  case float6E2M3 = 27
  case float6E3M2 = 28

  /// The bits of one element in raw data; 0 for strings, which have no fixed size.
  var bitWidth: Int {
    switch self {
    case .string: 0
    case .uint2, .int2: 2
    case .uint4, .int4, .float4E2M1: 4
    case .float6E2M3, .float6E3M2: 6
    case .uint8, .int8, .bool: 8
    case .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ, .float8E8M0: 8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float, .int32, .uint32: 32
    case .double, .int64, .uint64, .complex64: 64
    case .complex128: 128
    }
  }

  /// How many elements one entry of the typed field holds: several of those below a byte that
  /// are stored packed.
  var elementsPerEntry: Int {
    switch self {
    case .uint2, .int2: 4
    case .uint4, .int4, .float4E2M1: 2
    default: 1
    }
  }

  /// Whether the elements are whole numbers or truth values.
  var isInteger: Bool {
    switch self {
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .uint32, .uint64: true
    case .uint4, .int4, .uint2, .int2: true
    default: false
    }
  }

  /// Whether the elements are real numbers in a binary floating-point format.
  var isReal: Bool {
    switch self {
    case .string, .complex64, .complex128: false
    default: !isInteger
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
    case .float, .complex64: 4
    case .string: 6
    case .int64: 7
    case .double, .complex128: 10
    case .uint32, .uint64: 11
    default: 5
    }
  }
}
