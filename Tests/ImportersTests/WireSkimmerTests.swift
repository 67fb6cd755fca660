// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite struct `Skimming the wire` {
  /// What a walk over bytes meets: field numbers with the lengths of their content, and the fault
  /// that ends it.
  private func walk(
    _ bytes: [UInt8], upTo end: Int? = nil
  ) -> (fields: [Int: Int], fault: WireFault?) {
    bytes.withUnsafeBytes { file in
      var skimmer = WireSkimmer(file, 0..<(end ?? file.count))
      var fields: [Int: Int] = [:]
      do throws(WireFault) {
        while let field = try skimmer.next() { fields[field.number] = field.payload.count }
        return (fields, nil)
      } catch {
        return (fields, error)
      }
    }
  }

  private func defect(_ bytes: [UInt8], upTo end: Int? = nil) -> WireDefect? {
    if case .defect(let defect) = walk(bytes, upTo: end).fault?.reason { return defect }
    return nil
  }

  @Test func `fields of all kinds are passed over by their size`() {
    let bytes = ProtobufWriter.message {
      $0.varint(1, -1)
      $0.fixed32(2, 7)
      $0.fixed64(3, 8)
      $0.bytes(4, [1, 2, 3])
      $0.bytes(536_870_911, [])
    }
    let (fields, fault) = walk(bytes)
    #expect(fault == nil)
    #expect(fields == [1: 10, 2: 4, 3: 8, 4: 3, 536_870_911: 0])
  }

  /// What a reading of bytes from their start gives.
  private func reading<Value>(
    _ bytes: [UInt8], _ body: (inout WireSkimmer) throws -> Value
  ) throws -> Value {
    try bytes.withUnsafeBytes { file in
      var skimmer = WireSkimmer(file, 0..<file.count)
      return try body(&skimmer)
    }
  }

  @Test func `numbers carry their bits`() throws {
    let bytes = ProtobufWriter.message {
      $0.varint(1, .min)
      $0.fixed32(2, 0x1234_5678)
      $0.fixed64(3, 0x1234_5678_9ABC_DEF0)
    }
    let bits = try reading(bytes) { skimmer in
      var bits: [UInt64] = []
      while let field = try skimmer.next() { bits.append(field.bits) }
      return bits
    }
    #expect(bits == [1 << 63, 0x1234_5678, 0x1234_5678_9ABC_DEF0])
  }

  @Test func `a number may take ten bytes and no more`() {
    #expect(walk([0x08] + [UInt8](repeating: 0x80, count: 9) + [0]).fault == nil)
    #expect(defect([0x08] + [UInt8](repeating: 0x80, count: 10) + [0]) == .varintTooLong)
  }

  @Test func `groups and wire types that do not exist are refused`() {
    for type: UInt8 in [3, 4, 6, 7] {
      #expect(defect([0x08 | type, 0, 0]) == .unknownWireType(Int(type)))
    }
  }

  @Test func `field numbers are 1 to 2^29 - 1`() {
    #expect(defect([0x02, 0]) == .fieldNumber(0))
    #expect(defect(ProtobufWriter.message { $0.bytes(1 << 29, []) }) == .fieldNumber(1 << 29))
  }

  @Test func `nothing is read past a message's end`() {
    let message: [UInt8] = [0x0A, 5, 1, 2, 3, 4, 5, 0]
    #expect(walk(message, upTo: 7).fault == nil)
    #expect(defect(message, upTo: 6) == .lengthPastEnd(length: 5, available: 4))
    #expect(defect([0x0D, 0, 0, 0, 0], upTo: 4) == .lengthPastEnd(length: 4, available: 3))
    #expect(
      defect([0x09, 0, 0, 0, 0, 0, 0, 0, 0], upTo: 8) == .lengthPastEnd(length: 8, available: 7))
    #expect(defect([0x08, 0x80, 0], upTo: 2) == .lengthPastEnd(length: 1, available: 0))
    let huge = ProtobufWriter.message {
      $0.tag(1, 2)
      $0.rawVarint(.max)
    }
    #expect(defect(huge + [0], upTo: huge.count) == .lengthPastEnd(length: .max, available: 0))
  }

  @Test func `a length past the file's end tells how much is missing`() {
    guard case .missingBytes(3) = walk([0x0A, 5, 1, 2]).fault?.reason else {
      Issue.record("not told")
      return
    }
  }

  @Test func `packed numbers must fill their bytes`() {
    let bytes: [UInt8] = [0x0A, 6, 0, 0, 0, 0, 0, 0]
    #expect {
      try reading(bytes) { try $0.fixedNumbers(1, as: UInt32.self) }
    } throws: { error in
      guard case .defect(let defect) = (error as? WireFault)?.reason else { return false }
      return defect == .packedLength(6, elementSize: 4)
    }
  }

  @Test func `a limit stops lists one past it`() throws {
    let bytes = ProtobufWriter.message {
      for value in 0..<5 { $0.varint(1, Int64(value)) }
      $0.bytes(1, ProtobufWriter.varints(5..<10))
      $0.bytes(2, [UInt8](repeating: 0, count: 40))
    }
    for (limit, expected) in [(0, 1), (3, 4), (7, 8), (9, 10), (10, 10), (.max, 10)] {
      let integers = try reading(bytes) { skimmer in
        try skimmer.integers(1, limit: limit)
      }
      #expect(integers == Array(0..<Int64(expected)))
      let numbers = try reading(bytes) { skimmer in
        try skimmer.fixedNumbers(2, as: UInt32.self, limit: limit)
      }
      #expect(numbers.count == expected)
    }
  }
}
