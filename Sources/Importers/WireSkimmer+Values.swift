// SPDX-License-Identifier: Apache-2.0

extension WireSkimmer {
  /// The next field of one number, skipping all others.
  mutating func next(_ number: Int) throws(WireFault) -> WireField? {
    while let field = try next() {
      if field.number == number { return field }
    }
    return nil
  }

  /// The content of the only field of one number in the rest of the message, if there is one.
  mutating func only(_ number: Int) throws(WireFault) -> Range<Int>? {
    guard let field = try next(number) else { return nil }
    let content = try field.content()
    if let again = try next(number) { throw WireFault(.givenTwice, at: again.start) }
    return content
  }

  /// The text of a field in the rest of the message, with invalid UTF-8 repaired.
  mutating func text(_ number: Int) throws(WireFault) -> String {
    try only(number).map { String(decoding: file[$0], as: UTF8.self) } ?? ""
  }

  /// The integers of a repeated field in the rest of the message, packed or not.
  ///
  /// - Parameter limit: how many are read at most, plus one.
  mutating func integers(_ number: Int, limit: Int = .max) throws(WireFault) -> [Int64] {
    var values: [Int64] = []
    while let field = try next(number) {
      switch field.type {
      case .varint: values.append(Int64(bitPattern: field.bits))
      case .bytes:
        var packed = WireSkimmer(file, field.payload)
        while values.count <= limit, let value = try packed.nextPackedVarint() {
          values.append(Int64(bitPattern: value))
        }
      default: throw field.mismatch(with: .varint)
      }
      if values.count > limit { break }
    }
    return values
  }

  /// The numbers of fixed size of a repeated field in the rest of the message, packed or not, as
  /// their bits.
  ///
  /// - Parameter limit: how many are read at most, plus one.
  mutating func fixedNumbers<Bits: FixedWidthInteger>(
    _ number: Int, as type: Bits.Type, limit: Int = .max
  ) throws(WireFault) -> [Bits] {
    let size = Bits.bitWidth / 8
    let single: WireType = size == 4 ? .fixed32 : .fixed64
    var values: [Bits] = []
    while let field = try next(number) {
      switch field.type {
      case single: values.append(Bits(truncatingIfNeeded: field.bits))
      case .bytes:
        guard field.payload.count % size == 0 else {
          throw WireFault(.packedLength(field.payload.count, elementSize: size), at: field.start)
        }
        let room = limit - values.count
        let count = min(field.payload.count / size, room < .max ? room + 1 : room)
        values.reserveCapacity(values.count + count)
        for index in 0..<count {
          let offset = field.payload.lowerBound + size * index
          values.append(Bits(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: type)))
        }
      default: throw field.mismatch(with: single)
      }
      if values.count > limit { break }
    }
    return values
  }

  /// The key-value pairs of a repeated field in the rest of the message.
  ///
  /// - Parameter limit: how many there may be.
  mutating func entries(
    _ number: Int, limit: Int
  ) throws(WireFault) -> [ONNXMetadataEntry] {
    var entries: [ONNXMetadataEntry] = []
    while let field = try next(number) {
      let entry = try field.content()
      guard entries.count < limit else {
        throw WireFault(.limit(.messages(limit)), at: field.start, isMessage: false)
      }
      entries.append(try Self.entry(file, entry))
    }
    return entries
  }

  /// The key-value pair that a message is.
  static func entry(
    _ file: UnsafeRawBufferPointer, _ message: Range<Int>
  ) throws(WireFault) -> ONNXMetadataEntry {
    var key = WireSkimmer(file, message)
    var value = WireSkimmer(file, message)
    return ONNXMetadataEntry(key: try key.text(1), value: try value.text(2))
  }
}
