// SPDX-License-Identifier: Apache-2.0

/// Where every value of a JSON text starts, in the order of the text.
///
/// A plan of 100,000 steps is 50 MB of JSON with three million values. Here a value is one word, its
/// offset in the text, and a list or an object a second one, where on the tape it ends; what a value
/// is, its first byte says. Made in one pass that also checks the grammar (RFC 8259) but for what is
/// inside strings and numbers, which is checked when they are read.
struct JSONTape {
  /// Offsets of values; behind that of a list or an object the index of the first entry after it.
  private(set) var entries: [UInt32] = []
  /// Whether a key has an escape in it, so that keys cannot be compared as they stand.
  private(set) var hasEscapedKeys = false

  /// How deep lists and objects may lie in each other.
  static let depthLimit = 64

  /// Reads a text; `nil` where it is no JSON, is too deep, or is 4 GiB or longer.
  ///
  /// - Complexity: O(length).
  init?(of text: UnsafeBufferPointer<UInt8>) {
    guard text.count < Int(UInt32.max) else { return nil }
    entries.reserveCapacity(text.count / 8)
    var scanner = Scanner(text: text)
    guard scanner.scanValue(into: &self, depth: 0) else { return nil }
    scanner.skipSpace()
    guard scanner.place == text.count else { return nil }
  }

  private struct Scanner {
    let text: UnsafeBufferPointer<UInt8>
    var place = 0

    /// The byte at the place; 0, which no JSON has, behind the end.
    private var byte: UInt8 { place < text.count ? text[place] : 0 }

    mutating func skipSpace() {
      while place < text.count {
        switch text[place] {
        case 0x20, 0x0A, 0x0D, 0x09: place += 1
        default: return
        }
      }
    }

    private mutating func take(_ expected: Unicode.Scalar) -> Bool {
      skipSpace()
      guard byte == UInt8(ascii: expected) else { return false }
      place += 1
      return true
    }

    mutating func scanValue(into tape: inout JSONTape, depth: Int) -> Bool {
      skipSpace()
      tape.entries.append(UInt32(place))
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        return depth < JSONTape.depthLimit && scanMembers(into: &tape, depth: depth)
      case UInt8(ascii: "\""): return scanString() != nil
      case UInt8(ascii: "t"): return scanWord("true")
      case UInt8(ascii: "f"): return scanWord("false")
      case UInt8(ascii: "n"): return scanWord("null")
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return scanNumber()
      default: return false
      }
    }

    private mutating func scanMembers(into tape: inout JSONTape, depth: Int) -> Bool {
      let isObject = byte == UInt8(ascii: "{")
      let end: Unicode.Scalar = isObject ? "}" : "]"
      place += 1
      let link = tape.entries.count
      tape.entries.append(0)
      if !take(end) {
        repeat {
          if isObject {
            skipSpace()
            tape.entries.append(UInt32(place))
            guard byte == UInt8(ascii: "\""), let isEscaped = scanString() else { return false }
            if isEscaped { tape.hasEscapedKeys = true }
            guard take(":") else { return false }
          }
          guard scanValue(into: &tape, depth: depth + 1) else { return false }
        } while take(",")
        guard take(end) else { return false }
      }
      guard tape.entries.count < Int(UInt32.max) else { return false }
      tape.entries[link] = UInt32(tape.entries.count)
      return true
    }

    /// Passes a string; whether it has an escape, `nil` if it has no end or a bare control character.
    private mutating func scanString() -> Bool? {
      place += 1
      var isEscaped = false
      while place < text.count {
        let byte = text[place]
        if byte == UInt8(ascii: "\"") {
          place += 1
          return isEscaped
        }
        if byte < 0x20 { return nil }
        if byte == UInt8(ascii: "\\") {
          isEscaped = true
          place += 1
        }
        place += 1
      }
      return nil
    }

    private mutating func scanWord(_ word: StaticString) -> Bool {
      let count = word.utf8CodeUnitCount
      guard text.count - place >= count else { return false }
      for index in 0..<count where text[place + index] != word.utf8Start[index] { return false }
      place += count
      return true
    }

    /// Passes a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    private mutating func scanNumber() -> Bool {
      if byte == UInt8(ascii: "-") { place += 1 }
      if byte == UInt8(ascii: "0") {
        place += 1
      } else {
        guard scanDigits() else { return false }
      }
      if byte == UInt8(ascii: ".") {
        place += 1
        guard scanDigits() else { return false }
      }
      if byte | 0x20 == UInt8(ascii: "e") {
        place += 1
        if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { place += 1 }
        guard scanDigits() else { return false }
      }
      return true
    }

    private mutating func scanDigits() -> Bool {
      let start = place
      while place < text.count, text[place] &- UInt8(ascii: "0") < 10 { place += 1 }
      return place > start
    }
  }
}
