// SPDX-License-Identifier: Apache-2.0

/// Writes protobuf messages field by field, right ones and wrong ones.
public struct ProtobufWriter {
  /// What has been written so far.
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// The bytes of a message.
  public static func message(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    write(&writer)
    return writer.bytes
  }

  /// The bytes of varints one after the other.
  public static func varints(_ values: some Sequence<Int64>) -> [UInt8] {
    message { for value in values { $0.rawVarint(UInt64(bitPattern: value)) } }
  }

  public mutating func varint(_ field: Int, _ value: Int64) {
    tag(field, 0)
    rawVarint(UInt64(bitPattern: value))
  }

  public mutating func fixed32(_ field: Int, _ value: UInt32) {
    tag(field, 5)
    raw(littleEndian(value))
  }

  public mutating func fixed64(_ field: Int, _ value: UInt64) {
    tag(field, 1)
    raw(littleEndian(value))
  }

  public mutating func bytes(_ field: Int, _ value: [UInt8]) {
    tag(field, 2)
    rawVarint(UInt64(value.count))
    raw(value)
  }

  public mutating func string(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

  public mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
    bytes(field, Self.message(write))
  }

  public mutating func tag(_ field: Int, _ wireType: Int) {
    rawVarint(UInt64(field) << 3 | UInt64(wireType))
  }

  public mutating func rawVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  public mutating func raw(_ more: [UInt8]) { bytes.append(contentsOf: more) }
}

/// The bytes of an integer, lowest first.
public func littleEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
  (0..<Integer.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
