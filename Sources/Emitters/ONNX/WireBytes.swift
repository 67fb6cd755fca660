// SPDX-License-Identifier: Apache-2.0

/// Encodes what the ONNX emitter adds to a file.
///
/// Source: Protocol Buffers documentation, "Encoding".
enum WireBytes {
  /// A number in 7-bit groups, the lowest first; a negative one as its 64 bits.
  static func varint(_ value: Int) -> [UInt8] {
    var rest = UInt64(bitPattern: Int64(value))
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }

  /// The tag and the length of a field that holds a text or a message.
  static func head(ofField number: Int, byteCount: Int) -> [UInt8] {
    varint(number << 3 | 2) + varint(byteCount)
  }

  /// A field that holds a text or a message.
  static func field(_ number: Int, _ content: some Collection<UInt8>) -> [UInt8] {
    head(ofField: number, byteCount: content.count) + content
  }

  /// A field that holds a number.
  static func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }
}
