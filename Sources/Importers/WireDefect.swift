// SPDX-License-Identifier: Apache-2.0

/// How bytes break the format.
@nonexhaustive
public enum WireDefect: Hashable, Sendable {
  /// A number takes more than the ten bytes that any number fits in.
  case varintTooLong
  /// A field says it is `length` bytes long, but its message has only `available` left.
  case lengthPastEnd(length: UInt64, available: Int)
  /// A field's number is 0 or above 2^29 - 1.
  case fieldNumber(UInt64)
  /// A field is written in a way that does not exist, or as a group.
  case unknownWireType(Int)
  /// A field is written in another way than its kind is.
  case wireType(WireType, expected: WireType)
  /// Packed numbers of fixed size take a number of bytes that is no multiple of that size.
  case packedLength(Int, elementSize: Int)
  /// protobuf-c does not accept the message.
  case unreadable
  /// A field that may occur once occurs again.
  case givenTwice
  /// A message lacks what it cannot do without.
  case missing(String)
  /// A dimension is negative.
  case negativeDimension(Int64)
  /// The product of the dimensions is more than 2^63 - 1.
  case elementCountOverflow
  /// The offset or the length of external data is no number.
  case externalDataNumber(String)
}

extension WireDefect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .varintTooLong: "a number of more than 10 bytes"
    case .lengthPastEnd(let length, let available):
      "length \(length) runs past the end of the message, \(available) bytes on"
    case .fieldNumber(let number): "field number \(number) does not exist"
    case .unknownWireType(let type): "wire type \(type) is not in use"
    case .wireType(let found, let expected): "written as \(found) instead of \(expected)"
    case .packedLength(let length, let size):
      "\(length) bytes are no whole number of \(size)-byte elements"
    case .unreadable: "the message cannot be decoded"
    case .givenTwice: "given twice"
    case .missing(let field): "has no \(field)"
    case .negativeDimension(let value): "dimension \(value) is negative"
    case .elementCountOverflow: "the dimensions multiply to more than 2^63 - 1 elements"
    case .externalDataNumber(let text):
      "external data at \(text.quoted), which is no number of bytes"
    }
  }
}

extension WireType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .varint: "a variable-length number"
    case .fixed64: "8 bytes"
    case .bytes: "a length and bytes"
    case .fixed32: "4 bytes"
    }
  }
}
