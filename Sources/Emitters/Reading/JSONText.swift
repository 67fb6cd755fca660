// SPDX-License-Identifier: Apache-2.0

/// A JSON text with its tape: what decoding looks values up in. Values are named by their index on
/// the tape.
///
/// - Precondition: The bytes stay where they are as long as this is used.
final class JSONText {
  let text: UnsafeBufferPointer<UInt8>
  private let entries: [UInt32]
  private let hasEscapedKeys: Bool

  /// Reads a text; `nil` where it is no JSON.
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    guard let tape = JSONTape(of: text) else { return nil }
    self.text = text
    entries = tape.entries
    hasEscapedKeys = tape.hasEscapedKeys
  }

  /// What a value is.
  enum Kind { case object, array, string, number, boolean, null }

  func kind(of value: Int) -> Kind {
    switch text[Int(entries[value])] {
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
    case UInt8(ascii: "n"): .null
    default: .number
    }
  }

  /// The first entry inside an object or a list.
  func first(in container: Int) -> Int { container + 2 }

  /// The entry behind the last one inside an object or a list.
  func end(of container: Int) -> Int { Int(entries[container + 1]) }

  /// The entry behind a value.
  func next(after value: Int) -> Int {
    switch text[Int(entries[value])] {
    case UInt8(ascii: "{"), UInt8(ascii: "["): Int(entries[value + 1])
    default: value + 1
    }
  }

  /// Whether the key at an entry is this one.
  func isKey(_ entry: Int, equalTo key: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = Int(entries[entry]) + 1
    guard !hasEscapedKeys else {
      return string(entry).map { key.elementsEqual($0.utf8) } ?? false
    }
    guard start + key.count < text.count, text[start + key.count] == UInt8(ascii: "\"") else {
      return false
    }
    for index in 0..<key.count where text[start + index] != key[index] { return false }
    return true
  }

  // MARK: Scalars

  /// The string at an entry; `nil` where it is no UTF-8 or has an escape that JSON does not have.
  func string(_ entry: Int) -> String? {
    let start = Int(entries[entry]) + 1
    var end = start
    while text[end] != UInt8(ascii: "\"") {
      if text[end] == UInt8(ascii: "\\") { return unescaped(from: start) }
      end += 1
    }
    return String(validating: UnsafeBufferPointer(rebasing: text[start..<end]), as: UTF8.self)
  }

  private func unescaped(from start: Int) -> String? {
    var place = start
    var bytes: [UInt8] = []
    while text[place] != UInt8(ascii: "\"") {
      guard text[place] == UInt8(ascii: "\\") else {
        bytes.append(text[place])
        place += 1
        continue
      }
      place += 2
      switch text[place - 1] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(text[place - 1])
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "u"):
        guard let scalar = escapedScalar(&place) else { return nil }
        bytes.append(contentsOf: String(Character(scalar)).utf8)
      default: return nil
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// The character of `\uXXXX`, or of two such that are surrogates; the place is behind the `u`.
  private func escapedScalar(_ place: inout Int) -> Unicode.Scalar? {
    guard let unit = hexadecimal(at: place) else { return nil }
    place += 4
    guard unit & 0xFC00 == 0xD800 else { return Unicode.Scalar(unit) }
    guard text[place] == UInt8(ascii: "\\"), text[place + 1] == UInt8(ascii: "u"),
      let low = hexadecimal(at: place + 2), low & 0xFC00 == 0xDC00
    else { return nil }
    place += 6
    return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
  }

  private func hexadecimal(at place: Int) -> UInt32? {
    guard place + 4 < text.count else { return nil }
    var value: UInt32 = 0
    for byte in text[place..<place + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// The whole number at an entry; `nil` where it is none or does not fit.
  func integer(_ entry: Int) -> Int? {
    var place = Int(entries[entry])
    let isNegative = text[place] == UInt8(ascii: "-")
    if isNegative { place += 1 }
    var value = 0
    while place < text.count {
      let digit = text[place] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      let (product, carry) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) =
        isNegative
        ? product.subtractingReportingOverflow(Int(digit))
        : product.addingReportingOverflow(Int(digit))
      guard !carry, !overflow else { return nil }
      value = sum
      place += 1
    }
    // 1.0 and 1e3 are whole numbers, too.
    guard place < text.count, [UInt8(ascii: "."), 0x65, 0x45].contains(text[place]) else {
      return value
    }
    return number(entry).flatMap { Int(exactly: $0) }
  }

  /// The number at an entry; `nil` where it does not fit.
  func number(_ entry: Int) -> Double? {
    let start = Int(entries[entry])
    var end = start
    while end < text.count, Self.isOfNumber(text[end]) { end += 1 }
    let value = Double(String(decoding: text[start..<end], as: UTF8.self))
    return value.flatMap { $0.isFinite ? $0 : nil }
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "."), 0x65, 0x45:
      true
    default: false
    }
  }

  /// The truth value at an entry.
  func boolean(_ entry: Int) -> Bool { text[Int(entries[entry])] == UInt8(ascii: "t") }
}
