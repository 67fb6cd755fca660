// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Importers

@Suite struct `Floating-point formats` {
  private func value(_ type: ElementType, _ code: UInt64) throws -> Double {
    try #require(type.floatFormat).value(ofCode: code)
  }

  /// Smallest subnormal, smallest normal, one, largest: from the tables of the formats' sources.
  @Test func `landmarks of each format are where its definition has them`() throws {
    let landmarks: [(ElementType, [(code: UInt64, value: Double)])] = [
      (.float16, [(1, 0x1p-24), (0x400, 0x1p-14), (0x3C00, 1), (0x7BFF, 65504)]),
      (.bfloat16, [(1, 0x1p-133), (0x80, 0x1p-126), (0x3F80, 1), (0x7F7F, 0x1.FEp127)]),
      (.float8e4m3fn, [(1, 0x1p-9), (8, 0x1p-6), (0x38, 1), (0x7E, 448)]),
      (.float8e4m3fnuz, [(1, 0x1p-10), (8, 0x1p-7), (0x40, 1), (0x7F, 240)]),
      (.float8e5m2, [(1, 0x1p-16), (4, 0x1p-14), (0x3C, 1), (0x7B, 57344)]),
      (.float8e5m2fnuz, [(1, 0x1p-17), (4, 0x1p-15), (0x40, 1), (0x7F, 57344)]),
      (.float6e2m3, [(1, 0.125), (8, 1), (0x1F, 7.5)]),
      (.float6e3m2, [(1, 0.0625), (4, 0.25), (0xC, 1), (0x1F, 28)]),
      (.float4e2m1, [(1, 0.5), (2, 1), (7, 6)]),
    ]
    for (type, points) in landmarks {
      let sign = UInt64(1) << (type.bits - 1)
      for (code, expected) in points {
        #expect(try value(type, code) == expected, "\(type) \(code)")
        #expect(try value(type, code | sign) == -expected, "\(type) \(code)")
      }
      #expect(try value(type, 0) == 0)
    }
    #expect(try value(.float8e8m0, 0) == 0x1p-127)
    #expect(try value(.float8e8m0, 254) == 0x1p127)
  }

  @Test func `what is no number is where each definition has it`() throws {
    #expect(try value(.float16, 0x7C00) == .infinity)
    #expect(try value(.float16, 0xFC00) == -.infinity)
    #expect(try value(.float16, 0x7C01).isNaN)
    #expect(try value(.float8e5m2, 0x7C) == .infinity)
    #expect(try value(.float8e5m2, 0xFD).isNaN)
    #expect(try value(.float8e4m3fn, 0x7F).isNaN)
    #expect(try value(.float8e4m3fn, 0xFF).isNaN)
    #expect(try value(.float8e4m3fnuz, 0x80).isNaN)
    #expect(try value(.float8e5m2fnuz, 0x80).isNaN)
    #expect(try value(.float8e8m0, 255).isNaN)
    #expect(try value(.float4e2m1, 0x8).sign == .minus)
  }

  /// Float16 and Float hold all values of the two formats.
  @Test func `float16 and bfloat16 agree with the language on every code`() throws {
    let half = try #require(ElementType.float16.floatFormat)
    let brain = try #require(ElementType.bfloat16.floatFormat)
    for code in UInt64(0)...0xFFFF {
      let inHalf = Double(Float(bitPattern: Self.float(half: UInt32(code))))
      let inBrain = Double(Float(bitPattern: UInt32(code) << 16))
      let isRight =
        (half.value(ofCode: code) == inHalf || inHalf.isNaN && half.value(ofCode: code).isNaN)
        && (brain.value(ofCode: code) == inBrain
          || inBrain.isNaN && brain.value(ofCode: code).isNaN)
      #expect(isRight, "code \(code)")
    }
  }

  /// A half as a float by moving bits: subnormals by letting the hardware normalize.
  private static func float(half: UInt32) -> UInt32 {
    let sign = (half & 0x8000) << 16
    let magnitude = half & 0x7FFF
    if magnitude >= 0x7C00 { return sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13 }
    return sign | (Float(bitPattern: magnitude << 13) * 0x1p112).bitPattern
  }
}
