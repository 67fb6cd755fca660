// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// How real numbers of the types that weights have are read, written and multiplied in place.
///
/// Products are taken in float32 for the types of 16 and 32 bits and rounded to nearest, ties to even.
struct FloatElements {
  let type: ElementType
  let size: Int

  /// - Returns: `nil` for types that are not fused.
  init?(_ type: ElementType) {
    switch type {
    case .float32, .float64, .float16, .bfloat16: break
    default: return nil
    }
    self.type = type
    size = type.bits / 8
  }

  /// The element at a position.
  func value(in bytes: UnsafeRawBufferPointer, at index: Int) -> Double {
    switch type {
    case .float64: bytes.loadUnaligned(fromByteOffset: 8 * index, as: Double.self)
    case .float32: Double(bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
    case .float16: Double(bytes.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self))
    default:
      Double(Self.float(ofBFloat: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
    }
  }

  /// Stores an element at a position.
  func store(_ value: Double, in bytes: UnsafeMutableRawBufferPointer, at index: Int) {
    switch type {
    case .float64: bytes.storeBytes(of: value, toByteOffset: 8 * index, as: Double.self)
    case .float32: bytes.storeBytes(of: Float(value), toByteOffset: 4 * index, as: Float.self)
    case .float16: bytes.storeBytes(of: Float16(value), toByteOffset: 2 * index, as: Float16.self)
    default:
      bytes.storeBytes(of: Self.bFloat(Float(value)), toByteOffset: 2 * index, as: UInt16.self)
    }
  }

  /// All elements of some bytes.
  func values(in bytes: UnsafeRawBufferPointer) -> [Double] {
    (0..<bytes.count / size).map { value(in: bytes, at: $0) }
  }

  /// The bytes of elements.
  func bytes(of values: [Double]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: values.count * size)
    bytes.withUnsafeMutableBytes { buffer in
      for (index, value) in values.enumerated() { store(value, in: buffer, at: index) }
    }
    return bytes
  }

  /// Multiplies elements that lie behind each other, each by a factor of its own.
  func multiply(
    _ bytes: UnsafeMutableRawBufferPointer, first: Int, count: Int, by factor: (Int) -> Double
  ) {
    switch type {
    case .float64:
      for index in 0..<count {
        let offset = 8 * (first + index)
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: Double.self)
        bytes.storeBytes(of: value * factor(index), toByteOffset: offset, as: Double.self)
      }
    case .float32:
      for index in 0..<count {
        let offset = 4 * (first + index)
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: Float.self)
        bytes.storeBytes(of: value * Float(factor(index)), toByteOffset: offset, as: Float.self)
      }
    default:
      let all = UnsafeRawBufferPointer(bytes)
      for index in first..<first + count {
        let product = Float(value(in: all, at: index)) * Float(factor(index - first))
        store(Double(product), in: bytes, at: index)
      }
    }
  }

  private static func float(ofBFloat bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }

  private static func bFloat(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    // Half of the last bit that stays, and one more where that bit is 1: ties go to even.
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
