// SPDX-License-Identifier: Apache-2.0
import TestSupport

/// Damage to one field of a protobuf message somewhere in a file, with the lengths of all messages
/// around it made right again.
struct FieldDamage {
  /// A file whose fields stand in for those of the damaged one.
  let other: [UInt8]

  /// A field: its number, its wire type, and where its tag and its content are.
  private struct Field {
    let number: Int
    let type: Int
    let start: Int
    let content: Range<Int>
  }

  /// Numbers that extents, lengths, axes and kinds are replaced by.
  private static let absurd: [UInt64] = [
    0, 1, 2, 3, 7, 63, 64, 255, 1 << 15, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 48, 1 << 60,
    1 << 62, 1 << 63, .max, .max - 1, (1 << 63) - 1, UInt64(bitPattern: -2),
  ]

  /// A copy with one field damaged.
  func damaged(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    // From the whole file down to the message whose field is damaged.
    var path: [(message: Range<Int>, field: Field)] = []
    var message = 0..<bytes.count
    while true {
      let fields = Self.fields(of: bytes, message)
      guard let field = fields.randomElement(using: &random) else { break }
      path.append((message, field))
      // The deeper, the more there is: the top has few fields, and most bytes are further down.
      let isDeep = path.count > 2 && Int.random(in: 0..<3, using: &random) == 0
      guard field.type == 2, !isDeep, !Self.fields(of: bytes, field.content).isEmpty else { break }
      message = field.content
    }
    guard let (innermost, field) = path.last else { return bytes }
    var changed = Array(bytes[innermost])
    replace(field, at: innermost.lowerBound, in: &changed, bytes, &random)
    for (message, field) in path.dropLast().reversed() {
      var outer = Array(bytes[message.lowerBound..<field.start])
      outer += Self.field(field.number, type: 2, changed)
      outer += bytes[field.content.upperBound..<message.upperBound]
      changed = outer
    }
    return changed
  }

  private func replace(
    _ field: Field, at base: Int, in message: inout [UInt8], _ bytes: [UInt8],
    _ random: inout SeededGenerator
  ) {
    let place = (field.start - base)..<(field.content.upperBound - base)
    let content = Array(bytes[field.content])
    switch Int.random(in: 0..<9, using: &random) {
    case 0: message.removeSubrange(place)
    case 1: message.insert(contentsOf: message[place], at: place.upperBound)
    case 2:
      // The same content under another number.
      let number = Int.random(in: 1...26, using: &random)
      message.replaceSubrange(place, with: Self.field(number, type: field.type, content))
    case 3:
      // Another file's field, as deep or not.
      let strange = strangeField(&random)
      message.replaceSubrange(
        place, with: Self.field(strange?.number ?? 1, type: 2, strange?.content ?? []))
    case 4:
      // Another field of the same message.
      let fields = Self.fields(of: message, message.indices)
      guard let twin = fields.randomElement(using: &random) else { return }
      message.replaceSubrange(
        place, with: Self.field(field.number, type: twin.type, Array(message[twin.content])))
    default:
      message.replaceSubrange(place, with: changed(field, content, &random))
    }
  }

  /// A field with another content of its own kind.
  private func changed(
    _ field: Field, _ content: [UInt8], _ random: inout SeededGenerator
  ) -> [UInt8] {
    let number = Self.absurd.randomElement(using: &random) ?? 0
    switch field.type {
    case 0: return Self.field(field.number, type: 0, Self.varint(number))
    case 1, 5:
      return Self.field(
        field.number, type: field.type, Array(littleEndian(number).prefix(content.count)))
    default:
      var content = content
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        // Stored 64-bit numbers decide shapes.
        guard content.count >= 8 else { fallthrough }
        let place = Int.random(in: 0..<content.count / 8, using: &random) * 8
        content.replaceSubrange(place..<place + 8, with: littleEndian(number))
      case 1: content = ONNXDamage.damaged(content, &random)
      case 2: content = []
      default:
        // Packed numbers, or a text.
        content.append(contentsOf: Self.varint(number))
      }
      return Self.field(field.number, type: 2, content)
    }
  }

  private func strangeField(
    _ random: inout SeededGenerator
  ) -> (number: Int, content: [UInt8])? {
    var message = 0..<other.count
    var found: Field?
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard
        let field = Self.fields(of: other, message).filter({ $0.type == 2 })
          .randomElement(using: &random)
      else { break }
      found = field
      message = field.content
    }
    return found.map { ($0.number, Array(other[$0.content])) }
  }

  // MARK: The wire

  /// The fields of a message; none if it is no message.
  private static func fields(of bytes: [UInt8], _ message: Range<Int>) -> [Field] {
    var fields: [Field] = []
    var place = message.lowerBound
    func varint() -> UInt64? {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while place < message.upperBound, shift < 64 {
        let byte = bytes[place]
        place += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      return nil
    }
    while place < message.upperBound {
      let start = place
      guard let tag = varint(), tag >> 3 > 0, tag >> 3 < 1 << 29 else { return [] }
      var end = place
      switch tag & 7 {
      case 0:
        guard varint() != nil else { return [] }
        end = place
        place = start
        _ = varint()
      case 1: end = place + 8
      case 5: end = place + 4
      case 2:
        guard let length = varint(), length <= UInt64(message.upperBound - place) else {
          return []
        }
        end = place + Int(length)
      default: return []
      }
      guard end <= message.upperBound else { return [] }
      fields.append(
        Field(number: Int(tag >> 3), type: Int(tag & 7), start: start, content: place..<end))
      place = end
      // The fields of a list of a million numbers are none of interest.
      if fields.count > 20_000 { return fields }
    }
    return fields
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    ProtobufWriter.message { $0.rawVarint(value) }
  }

  private static func field(_ number: Int, type: Int, _ content: [UInt8]) -> [UInt8] {
    ProtobufWriter.message {
      $0.tag(number, type)
      if type == 2 { $0.rawVarint(UInt64(content.count)) }
      $0.raw(content)
    }
  }
}
