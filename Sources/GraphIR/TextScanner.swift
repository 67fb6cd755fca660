// SPDX-License-Identifier: Apache-2.0

/// Splits one line of the text form into words, numbers, quoted strings and marks.
struct TextScanner {
  let line: Int
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: Substring.UTF8View, line: Int) {
    bytes = Array(text)
    self.line = line
  }

  /// Whether a byte can be part of a bare word: what names of operators and tensors usually have.
  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "/"), UInt8(ascii: "+"):
      true
    default: false
    }
  }

  /// Whether nothing but white space is left.
  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return position == bytes.count
    }
  }

  func failure(_ reason: String) -> GraphError { .text(line: line, reason: reason) }

  /// Takes a mark if it comes next.
  mutating func take(_ mark: StaticString) -> Bool {
    skipSpace()
    let length = mark.utf8CodeUnitCount
    guard position + length <= bytes.count else { return false }
    for offset in 0..<length where bytes[position + offset] != mark.utf8Start[offset] {
      return false
    }
    position += length
    return true
  }

  /// Takes a bare word if it comes next and is this one.
  mutating func takeWord(_ word: String) -> Bool {
    let start = position
    if let found = bareWord(), found == word { return true }
    position = start
    return false
  }

  mutating func expect(_ mark: StaticString) throws(GraphError) {
    guard take(mark) else { throw failure("'\(mark)' is missing before '\(rest)'") }
  }

  /// A bare word or a quoted string.
  mutating func word() throws(GraphError) -> String {
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return try string() }
    guard let word = bareWord() else { throw failure("a name is missing before '\(rest)'") }
    return word
  }

  /// A number with an optional sign.
  mutating func integer() throws(GraphError) -> Int {
    let isNegative = take("-")
    guard let word = bareWord(), let value = Int((isNegative ? "-" : "") + word) else {
      throw failure("a whole number is missing before '\(rest)'")
    }
    return value
  }

  /// A number as Swift prints a `Float`.
  mutating func float() throws(GraphError) -> Float {
    let isNegative = take("-")
    guard var word = bareWord() else { throw failure("a number is missing before '\(rest)'") }
    // A negative exponent: the minus is no part of a bare word.
    if word.hasSuffix("e"), take("-"), let exponent = bareWord() { word += "-" + exponent }
    guard let value = Float((isNegative ? "-" : "") + word) else {
      throw failure("'\(word)' is not a number")
    }
    return value
  }

  /// Elements between `open` and `close`, separated by commas.
  mutating func list<Element>(
    _ open: StaticString, _ close: StaticString,
    _ element: (inout TextScanner) throws(GraphError) -> Element
  ) throws(GraphError) -> [Element] {
    try expect(open)
    var elements: [Element] = []
    if take(close) { return elements }
    repeat { elements.append(try element(&self)) } while take(",")
    try expect(close)
    return elements
  }

  private var rest: String { String(decoding: bytes[position...].prefix(24), as: UTF8.self) }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func bareWord() -> String? {
    skipSpace()
    let start = position
    while position < bytes.count, Self.isWordByte(bytes[position]) { position += 1 }
    return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func string() throws(GraphError) -> String {
    position += 1
    var result: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: result, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard position < bytes.count else { break }
      let escaped = bytes[position]
      position += 1
      switch escaped {
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
          let code = UInt16(String(decoding: digits, as: UTF8.self), radix: 16),
          let scalar = Unicode.Scalar(code)
        else { throw failure("an escape is not \\u and the four digits of a character") }
        position += 4
        result.append(contentsOf: String(scalar).utf8)
      default: result.append(escaped)
      }
    }
    throw failure("a quoted name does not end")
  }
}
