// SPDX-License-Identifier: Apache-2.0

extension ONNXModelReader {
  /// Counts a message against the limit.
  mutating func count(_ message: Range<Int>) throws(WireFault) {
    messageCount += 1
    guard messageCount <= limits.messages else {
      throw WireFault(
        .limit(.messages(limits.messages)), at: message.lowerBound, isMessage: true)
    }
  }

  /// Counts elements of lists against the limit.
  mutating func count(listElements count: Int, in message: Range<Int>) throws(WireFault) {
    listElementCount += count
    guard listElementCount <= limits.listElements else {
      throw WireFault(
        .limit(.listElements(limits.listElements)), at: message.lowerBound, isMessage: true)
    }
  }

  /// The key-value pairs of a repeated field.
  mutating func metadata(
    _ number: Int, in message: Range<Int>
  ) throws(WireFault) -> [ONNXMetadataEntry] {
    var fields = WireSkimmer(file, message)
    let entries = try fields.entries(number, limit: limits.messages - messageCount)
    messageCount += entries.count
    return entries
  }

  /// The fields of a message that `kept` has, one after the other, and which ones the message has.
  ///
  /// A message that has no others is not copied. A copy lies in the arena.
  ///
  /// - Complexity: O(n), where n is the number of fields.
  func excerpt(
    of message: Range<Int>, keeping kept: FieldSet
  ) throws(WireFault) -> (bytes: UnsafeRawBufferPointer, seen: FieldSet) {
    var seen: FieldSet = []
    var size = 0
    var fields = WireSkimmer(file, message)
    while let field = try fields.next() {
      seen.insert(field.number)
      if kept.contains(field.number) { size += field.payload.upperBound - field.start }
    }
    guard size <= limits.messageBytes else {
      throw WireFault(
        .limit(.messageBytes(limits.messageBytes)), at: message.lowerBound, isMessage: true)
    }
    if size == message.count { return (UnsafeRawBufferPointer(rebasing: file[message]), seen) }

    let copy = UnsafeMutableRawBufferPointer(start: arena.allocate(byteCount: size), count: size)
    var copied = 0
    fields = WireSkimmer(file, message)
    while let field = try fields.next() {
      guard kept.contains(field.number) else { continue }
      let source = UnsafeRawBufferPointer(rebasing: file[field.start..<field.payload.upperBound])
      UnsafeMutableRawBufferPointer(rebasing: copy[copied...]).copyMemory(from: source)
      copied += source.count
    }
    return (UnsafeRawBufferPointer(copy), seen)
  }
}
