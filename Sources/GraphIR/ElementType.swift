// SPDX-License-Identifier: Apache-2.0

/// What one element of a tensor is, with the numbers that ONNX gives its types.
public enum ElementType: UInt8, Hashable, Sendable, CaseIterable {
  case undefined = 0
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
  case float8e4m3fn = 17
  case float8e4m3fnuz = 18
  case float8e5m2 = 19
  case float8e5m2fnuz = 20
  case uint4 = 21
  case int4 = 22
  case float4e2m1 = 23
  case float8e8m0 = 24
  case uint2 = 25
  case int2 = 26
  case float6e2m3 = 27
  case float6e3m2 = 28

  /// The size of one element in bits; 0 where elements have no fixed size (strings, undefined).
  public var bits: Int {
    switch self {
    case .undefined, .string: 0
    case .uint2, .int2: 2
    case .uint4, .int4, .float4e2m1: 4
    case .float6e2m3, .float6e3m2: 6
    case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float8e8m0:
      8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float32, .int32, .uint32: 32
    case .int64, .uint64, .float64, .complex64: 64
    case .complex128: 128
    }
  }

  /// The name that plans, reports and the text form use, such as `float32`.
  public var name: String { "\(self)" }

  /// The type of ONNX's number as files state it; `nil` for a number that no type has.
  public init?(onnxNumber number: some BinaryInteger) {
    guard let number = UInt8(exactly: number) else { return nil }
    self.init(rawValue: number)
  }

  /// The type of a name as ``name`` spells it.
  public init?(name: String) {
    guard let type = Self.byName[name] else { return nil }
    self = type
  }

  private static let byName = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0.name, $0) })

  /// The bytes of a dense tensor: elements narrower than a byte are packed, the last byte filled up.
  ///
  /// - Parameter shape: The extents; an empty shape is a scalar.
  /// - Returns: `nil` when an extent is negative or the product does not fit.
  /// - Complexity: O(rank).
  public func byteCount(of shape: some Sequence<Int>) -> ByteCount? {
    var elements = 1
    var isEmpty = false
    for extent in shape {
      guard extent >= 0 else { return nil }
      if extent == 0 { isEmpty = true }
      let (product, overflow) = elements.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { return nil }
      elements = product
    }
    if isEmpty { return .zero }
    let (total, overflow) = elements.multipliedReportingOverflow(by: bits)
    guard !overflow, total <= Int.max - 7 else { return nil }
    return ByteCount((total + 7) / 8)
  }
}
