// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

@Suite struct `Decoding small tensors` {
  private func tensor(
    _ type: ElementType, _ dims: [Int64], _ elements: (inout ProtobufWriter) -> Void
  ) throws -> (model: ONNXModel, tensor: ONNXTensor) {
    let model = try read { $0.tensor(5, type: Int64(type.rawValue), dims: dims, elements) }
    return (model, model.graph.initializers[0])
  }

  private func integers(
    _ type: ElementType, _ dims: [Int64], limit: Int = 100,
    _ elements: (inout ProtobufWriter) -> Void
  ) throws -> [Int64]? {
    let (model, tensor) = try tensor(type, dims, elements)
    return try model.integers(of: tensor, limit: limit)
  }

  private func reals(
    _ type: ElementType, _ dims: [Int64], _ elements: (inout ProtobufWriter) -> Void
  ) throws -> [Double]? {
    let (model, tensor) = try tensor(type, dims, elements)
    return try model.reals(of: tensor, limit: 100)
  }

  @Test func `whole numbers from raw data`() throws {
    func raw<Number: FixedWidthInteger>(
      _ type: ElementType, _ values: [Number]
    ) throws -> [Int64]? {
      try integers(type, [Int64(values.count)]) { $0.bytes(9, values.flatMap(littleEndian)) }
    }
    #expect(try raw(.int64, [Int64.min, -1, 0, .max]) == [.min, -1, 0, .max])
    #expect(try raw(.int32, [Int32.min, -1, .max]) == [-2_147_483_648, -1, 2_147_483_647])
    #expect(try raw(.int16, [Int16.min, -1, .max]) == [-32768, -1, 32767])
    #expect(try raw(.int8, [Int8.min, -1, .max]) == [-128, -1, 127])
    #expect(try raw(.uint64, [UInt64(Int64.max), 0]) == [.max, 0])
    #expect(try raw(.uint64, [UInt64(Int64.max) + 1]) == nil)
    #expect(try raw(.uint32, [UInt32.max]) == [4_294_967_295])
    #expect(try raw(.uint16, [UInt16.max]) == [65535])
    #expect(try raw(.uint8, [UInt8.max]) == [255])
    #expect(try raw(.bool, [UInt8(0), 1, 7]) == [0, 1, 1])
  }

  @Test func `whole numbers below a byte come from the low bits up`() throws {
    // 0x1F, 0x87, 0x0A: as nibbles F 1 7 8 A.
    let bytes: [UInt8] = [0x1F, 0x87, 0x0A]
    #expect(try integers(.uint4, [5]) { $0.bytes(9, bytes) } == [15, 1, 7, 8, 10])
    #expect(try integers(.int4, [5]) { $0.bytes(9, bytes) } == [-1, 1, 7, -8, -6])
    #expect(
      try integers(.int4, [5]) { $0.bytes(5, ProtobufWriter.varints([0x1F, 0x87, 0x0A])) }
        == [-1, 1, 7, -8, -6])
    // 0b11_01_10_00, 0b01.
    #expect(try integers(.uint2, [5]) { $0.bytes(9, [0xD8, 1]) } == [0, 2, 1, 3, 1])
    #expect(try integers(.int2, [5]) { $0.bytes(9, [0xD8, 1]) } == [0, -2, 1, -1, 1])
    #expect(
      try integers(.int2, [5]) {
        $0.varint(5, 0xD8)
        $0.varint(5, 1)
      } == [0, -2, 1, -1, 1])
  }

  @Test func `whole numbers from typed fields`() throws {
    let values: [Int64] = [-5, 0, 300]
    #expect(try integers(.int64, [3]) { $0.bytes(7, ProtobufWriter.varints(values)) } == values)
    #expect(try integers(.int32, [3]) { for value in values { $0.varint(5, value) } } == values)
    #expect(
      try integers(.int8, [2]) { $0.bytes(5, ProtobufWriter.varints([-5, 127])) } == [-5, 127])
    #expect(try integers(.uint16, [1]) { $0.varint(5, 65535) } == [65535])
    #expect(try integers(.bool, [2]) { $0.bytes(5, [1, 0]) } == [1, 0])
    #expect(try integers(.uint32, [1]) { $0.varint(11, 4_294_967_295) } == [4_294_967_295])
    #expect(try integers(.uint64, [1]) { $0.varint(11, .max) } == [.max])
    #expect(try integers(.uint64, [1]) { $0.varint(11, -1) } == nil)
  }

  @Test func `real numbers from raw data and typed fields`() throws {
    let bits = [Float(0.1).bitPattern, Float(-3).bitPattern]
    let expected = [Double(Float(0.1)), -3]
    #expect(try reals(.float32, [2]) { $0.bytes(9, bits.flatMap(littleEndian)) } == expected)
    #expect(try reals(.float32, [2]) { $0.bytes(4, bits.flatMap(littleEndian)) } == expected)
    #expect(try reals(.float32, [2]) { for value in bits { $0.fixed32(4, value) } } == expected)
    let wide = [Double(0.1).bitPattern, (-Double.infinity).bitPattern]
    #expect(
      try reals(.float64, [2]) { $0.bytes(9, wide.flatMap(littleEndian)) } == [0.1, -.infinity])
    #expect(
      try reals(.float64, [2]) { for value in wide { $0.fixed64(10, value) } } == [0.1, -.infinity])
    #expect(try reals(.float16, [2]) { $0.bytes(9, [0x00, 0x3C, 0x01, 0x00]) } == [1, 0x1p-24])
    #expect(try reals(.float16, [1]) { $0.varint(5, 0xC000) } == [-2])
    #expect(try reals(.bfloat16, [2]) { $0.bytes(9, [0x80, 0x3F, 0xC0, 0xFF]) }?.first == 1)
    #expect(try reals(.float8e8m0, [2]) { $0.bytes(9, [127, 0]) } == [1, 0x1p-127])
    #expect(try reals(.float4e2m1, [4]) { $0.bytes(9, [0x71, 0xF2]) } == [0.5, 6, 1, -6])
    // Four elements of 6 bits in three bytes, but one a number in the typed field.
    #expect(try reals(.float6e2m3, [4]) { $0.bytes(9, [0x08, 0xF0, 0x81]) } == [1, 0, 7.5, -0.0])
    #expect(try reals(.float6e3m2, [1]) { $0.varint(5, 0x3F) } == [-28])
  }

  @Test func `a scalar has one element and a zero dimension none`() throws {
    #expect(try integers(.int64, []) { $0.varint(7, 9) } == [9])
    #expect(try integers(.int64, [0, 5]) { _ in } == [])
    #expect(try integers(.int64, [0, .max, .max]) { $0.bytes(9, []) } == [])
    #expect(try reals(.float32, [0]) { _ in } == [])
  }

  @Test func `nothing is decoded beyond the limit or of another type`() throws {
    #expect(try integers(.int8, [3], limit: 2) { $0.bytes(9, [1, 2, 3]) } == nil)
    #expect(try integers(.int8, [3], limit: 3) { $0.bytes(9, [1, 2, 3]) } == [1, 2, 3])
    #expect(try integers(.float32, [1]) { $0.fixed32(4, 0) } == nil)
    #expect(try reals(.int64, [1]) { $0.varint(7, 0) } == nil)
    #expect(try reals(.complex64, [1]) { $0.bytes(9, [UInt8](repeating: 0, count: 8)) } == nil)
    let model = try read { $0.tensor(5, type: 77, dims: [1]) { $0.bytes(9, [0]) } }
    #expect(try model.integers(of: model.graph.initializers[0], limit: 9) == nil)
  }

  @Test func `strings are decoded with damaged text repaired`() throws {
    let (model, tensor) = try tensor(.string, [2]) {
      $0.string(6, "one")
      $0.bytes(6, [0xFF])
    }
    #expect(try model.strings(of: tensor, limit: 2) == ["one", "\u{FFFD}"])
    #expect(try model.strings(of: tensor, limit: 1) == nil)
    #expect(try model.integers(of: tensor, limit: 9) == nil)
  }

  @Test func `as many elements must be stored as the shape says`() throws {
    func mismatch(
      _ type: ElementType, _ dims: [Int64], _ elements: (inout ProtobufWriter) -> Void
    ) throws -> [Int]? {
      let (model, tensor) = try tensor(type, dims, elements)
      do throws(ImportError) {
        _ = try model.integers(of: tensor, limit: .max)
        _ = try model.reals(of: tensor, limit: .max)
        _ = try model.strings(of: tensor, limit: .max)
        return nil
      } catch .payloadMismatch(let place, let stored, let expected) {
        #expect(place.path == "graph.initializer[0]")
        return [stored, expected]
      }
    }
    #expect(
      try mismatch(.int64, [2]) { $0.bytes(9, [UInt8](repeating: 0, count: 15)) } == [15, 16])
    #expect(try mismatch(.int64, [2]) { $0.varint(7, 1) } == [1, 2])
    #expect(try mismatch(.int64, [2]) { _ in } == [0, 2])
    #expect(try mismatch(.int64, [1]) { $0.bytes(7, [1, 2, 3, 4]) } == [2, 1])
    #expect(
      try mismatch(.float32, [1]) { $0.bytes(4, [UInt8](repeating: 0, count: 12)) } == [2, 1])
    #expect(try mismatch(.float32, [2]) { $0.fixed64(10, 0) } == [0, 2])
    #expect(try mismatch(.uint4, [3]) { $0.bytes(9, [0]) } == [1, 2])
    #expect(try mismatch(.uint4, [3]) { $0.varint(5, 0) } == [1, 2])
    #expect(try mismatch(.string, [2]) { $0.string(6, "one") } == [1, 2])
    #expect(try mismatch(.int64, [.max]) { $0.bytes(9, [0]) } == [1, .max])
    #expect(try mismatch(.int2, [.max]) { $0.varint(5, 0) } == [1, .max / 4 + 1])
  }

  @Test func `damaged elements are told by their place`() throws {
    let (model, tensor) = try tensor(.float32, [1]) { $0.bytes(4, [0, 0]) }
    do throws(ImportError) {
      _ = try model.reals(of: tensor, limit: 9)
      Issue.record("accepted")
    } catch {
      #expect(
        error.description == "graph.initializer[0].float_data[0] at byte 14: 2 bytes are no whole "
          + "number of 4-byte elements")
    }
  }
}
