// SPDX-License-Identifier: Apache-2.0

/// Reads JSON objects whose values are strings, which is all of JSON that model metadata needs
/// here.
enum JSONStringObject {
  /// The members of an object in their order, or `nil` when the text is anything else.
  ///
  /// - Complexity: O(bytes).
  static func members(of text: String) -> [(key: String, value: String)]? {
    var text = text
    return text.withUTF8 { bytes in
      var parser = Parser(bytes: bytes)
      return parser.object()
    }
  }

  private struct Parser {
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0

    mutating func object() -> [(key: String, value: String)]? {
      var members: [(key: String, value: String)] = []
      guard consume("{") else { return nil }
      if !consume("}") {
        repeat {
          guard let key = string(), consume(":"), let value = string() else { return nil }
          members.append((key, value))
        } while consume(",")
        guard consume("}") else { return nil }
      }
      skipSpace()
      return index == bytes.count ? members : nil
    }

    private mutating func skipSpace() {
      while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    private mutating func consume(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
      index += 1
      return true
    }

    private mutating func string() -> String? {
      guard consume("\"") else { return nil }
      var result: [UInt8] = []
      while index < bytes.count {
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""): return String(validating: result, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard let scalar = escape() else { return nil }
          result.append(contentsOf: String(Character(scalar)).utf8)
        case 0..<0x20: return nil
        default: result.append(byte)
        }
      }
      return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
      guard index < bytes.count else { return nil }
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{C}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"): return unicode()
      default: return nil
      }
    }

    /// What follows `\u`: four digits, and for what lies beyond them a second escape.
    private mutating func unicode() -> Unicode.Scalar? {
      guard let first = digits() else { return nil }
      guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
      guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
        bytes[index + 1] == UInt8(ascii: "u")
      else { return nil }
      index += 2
      guard let second = digits(), (0xDC00..<0xE000).contains(second) else { return nil }
      return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private mutating func digits() -> UInt32? {
      guard index + 4 <= bytes.count else { return nil }
      var value: UInt32 = 0
      for _ in 0..<4 {
        guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else { return nil }
        value = value << 4 | UInt32(digit)
        index += 1
      }
      return value
    }
  }
}
