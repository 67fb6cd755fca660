// SPDX-License-Identifier: Apache-2.0

/// Appends JSON to a byte array: flat records on one line each, keys in ascending order.
///
/// Plans are read by people's diffs as much as by programs, so a record stands on a line of its
/// own, absent values are an explicit `null`, and nothing depends on the order of a dictionary;
/// a generic encoder offers none of the three.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false
  /// The key written last in each open object.
  private var lastKeys: [String?] = []

  package init() {}

  /// Writes an object; `body` writes its members in ascending order of their keys.
  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
    lastKeys.append(nil)
    body(&self)
    lastKeys.removeLast()
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  /// Writes an array on one line.
  package mutating func array<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
    for element in elements { body(&self, element) }
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  /// Writes an array with each element on its own line.
  package mutating func lines<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    array(elements) { writer, element in
      if writer.needsComma { writer.bytes.append(UInt8(ascii: ",")) }
      writer.needsComma = false
      writer.newLine()
      body(&writer, element)
    }
  }

  /// The order of members: that of the keys' bytes, which every language can sort by.
  static func isAscending(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  package mutating func newLine() { bytes.append(0x0A) }

  /// Starts a line for the next element of an array.
  package mutating func lineBreak() {
    separate()
    newLine()
  }

  /// Writes a member's key; its value follows.
  package mutating func key(_ key: String) {
    guard let last = lastKeys.popLast() else { preconditionFailure("a member is in an object") }
    precondition(
      last.map { Self.isAscending($0, key) } ?? true, "members are written in ascending order")
    lastKeys.append(key)
    string(key)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func member(_ name: String, _ value: String?) {
    key(name)
    if let value { string(value) } else { null() }
  }

  package mutating func member(_ name: String, _ value: Int?) {
    key(name)
    if let value { scalar("\(value)") } else { null() }
  }

  package mutating func member(_ name: String, _ value: Double?) {
    key(name)
    if let value { scalar("\(value)") } else { null() }
  }

  package mutating func member(_ name: String, _ value: Bool?) {
    key(name)
    if let value { scalar(value ? "true" : "false") } else { null() }
  }

  package mutating func member(_ name: String, _ values: [String]) {
    key(name)
    array(values) { $0.string($1) }
  }

  package mutating func member(_ name: String, _ values: [Int]) {
    key(name)
    array(values) { $0.scalar("\($1)") }
  }

  /// Writes a map from names to lists of numbers, names ascending.
  package mutating func member(_ name: String, _ values: [String: [Int]]) {
    key(name)
    members(values)
  }

  /// Writes an object that is a map from names to lists of numbers, names ascending.
  package mutating func members(_ values: [String: [Int]]) {
    object { writer in
      for (name, value) in values.sorted(by: { Self.isAscending($0.key, $1.key) }) {
        writer.member(name, value)
      }
    }
  }

  /// Writes a map from names to numbers, names ascending.
  package mutating func member(_ name: String, _ values: [String: Int]) {
    key(name)
    members(values)
  }

  /// Writes an object that is a map from names to numbers, names ascending.
  package mutating func members(_ values: [String: Int]) {
    object { writer in
      for (name, value) in values.sorted(by: { Self.isAscending($0.key, $1.key) }) {
        writer.member(name, value)
      }
    }
  }

  package mutating func string(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        let digits = "0123456789abcdef".utf8.map { $0 }
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  package mutating func integer(_ value: Int) { scalar("\(value)") }

  package mutating func null() { scalar("null") }

  private mutating func scalar(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = false
  }
}
