// SPDX-License-Identifier: Apache-2.0

/// How a field's value is written.
///
/// Source: Protocol Buffers documentation, "Encoding". Groups (3 and 4) are refused: neither the
/// format nor its writers use them.
@nonexhaustive
public enum WireType: UInt8, Hashable, Sendable {
  /// A number in 7-bit groups, the lowest first.
  case varint = 0
  /// Eight bytes.
  case fixed64 = 1
  /// A length, then as many bytes.
  case bytes = 2
  /// Four bytes.
  case fixed32 = 5
}

/// One field of a message, as it lies on the wire.
struct WireField {
  /// The field's number, from 1.
  let number: Int

  /// How its value is written.
  let type: WireType

  /// The offset of the field's tag in the file, in bytes.
  let start: Int

  /// Where the value lies in the file, in bytes, half-open; of length-delimited ones the content.
  let payload: Range<Int>

  /// The value of a number, as its bits; 0 for length-delimited fields.
  let bits: UInt64

  /// The place of a submessage, a text or packed numbers.
  func content() throws(WireFault) -> Range<Int> {
    guard type == .bytes else { throw mismatch(with: .bytes) }
    return payload
  }

  /// The fault of a field that is written in another way than it must be.
  func mismatch(with expected: WireType) -> WireFault {
    WireFault(.wireType(type, expected: expected), at: start)
  }
}

/// What is wrong at a place of a file, before the place has a name.
struct WireFault: Error {
  enum Reason {
    case defect(WireDefect)
    case limit(ONNXLimit)
    case missingBytes(Int)
    case duplicateFunction(ONNXOperator)
    case payloadMismatch(stored: Int, expected: Int)
  }

  let reason: Reason

  /// The offset of the tag of the field in question; or, where `isMessage`, of the first byte of
  /// the content of the message in question.
  let offset: Int
  let isMessage: Bool

  init(_ defect: WireDefect, at offset: Int) {
    self.init(.defect(defect), at: offset, isMessage: false)
  }

  init(_ defect: WireDefect, inMessage message: Range<Int>) {
    self.init(.defect(defect), at: message.lowerBound, isMessage: true)
  }

  init(_ reason: Reason, at offset: Int, isMessage: Bool) {
    self.reason = reason
    self.offset = offset
    self.isMessage = isMessage
  }
}

/// A walk over the fields of one message, without looking into them.
///
/// The skimmer never reads outside the message, takes constant memory, and moves forward with
/// every step, so it ends after at most as many steps as the message has bytes.
struct WireSkimmer {
  let file: UnsafeRawBufferPointer
  private(set) var offset: Int
  private let end: Int

  /// A walk over the message at a range of a file, which must lie within it.
  init(_ file: UnsafeRawBufferPointer, _ message: Range<Int>) {
    precondition(
      message.lowerBound >= 0 && message.upperBound <= file.count, "a message lies in its file")
    self.file = file
    offset = message.lowerBound
    end = message.upperBound
  }

  /// The next field, or `nil` at the end of the message.
  ///
  /// - Complexity: O(1).
  mutating func next() throws(WireFault) -> WireField? {
    guard offset < end else { return nil }
    let start = offset
    let tag = try varint(ofFieldAt: start)
    let number = tag >> 3
    guard number > 0, number < 1 << 29 else {
      throw WireFault(.fieldNumber(number), at: start)
    }
    guard let type = WireType(rawValue: UInt8(tag & 7)) else {
      throw WireFault(.unknownWireType(Int(tag & 7)), at: start)
    }
    var bits: UInt64 = 0
    var content = offset
    switch type {
    case .varint: bits = try varint(ofFieldAt: start)
    case .fixed64: bits = try fixed(byteCount: 8, ofFieldAt: start)
    case .fixed32: bits = try fixed(byteCount: 4, ofFieldAt: start)
    case .bytes:
      let length = try varint(ofFieldAt: start)
      guard length <= UInt64(end - offset) else { throw overrun(by: length, ofFieldAt: start) }
      content = offset
      offset += Int(length)
    }
    return WireField(
      number: Int(number), type: type, start: start, payload: content..<offset, bits: bits)
  }

  /// The next varint where varints follow each other without tags.
  mutating func nextPackedVarint() throws(WireFault) -> UInt64? {
    guard offset < end else { return nil }
    return try varint(ofFieldAt: offset)
  }

  @inline(__always)
  private mutating func varint(ofFieldAt start: Int) throws(WireFault) -> UInt64 {
    // Most tags, lengths and numbers are below 128.
    if offset < end, file[offset] < 0x80 {
      offset += 1
      return UInt64(file[offset - 1])
    }
    return try longVarint(ofFieldAt: start)
  }

  private mutating func longVarint(ofFieldAt start: Int) throws(WireFault) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 70 {
      guard offset < end else { throw overrun(by: 1, ofFieldAt: start) }
      let byte = file[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw WireFault(.varintTooLong, at: start)
  }

  private mutating func fixed(
    byteCount: Int, ofFieldAt start: Int
  ) throws(WireFault) -> UInt64 {
    guard byteCount <= end - offset else {
      throw overrun(by: UInt64(byteCount), ofFieldAt: start)
    }
    defer { offset += byteCount }
    return byteCount == 4
      ? UInt64(UInt32(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      : UInt64(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The fault of a field that needs more bytes than are left; at the end of the file, this is
  /// how a file cut short shows.
  private func overrun(by length: UInt64, ofFieldAt start: Int) -> WireFault {
    let missing = length - UInt64(end - offset)
    guard end == file.count, missing <= UInt64(Int.max) else {
      return WireFault(.lengthPastEnd(length: length, available: end - offset), at: start)
    }
    return WireFault(.missingBytes(Int(missing)), at: start, isMessage: false)
  }
}
