// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// A binary floating-point format: a sign, an exponent and a fraction, read from the top.
///
/// Sources: IEEE 754 (float16, float32, float64); Kalamkar et al., "A Study of BFLOAT16"; Micikevicius
/// et al., "FP8 Formats for Deep Learning" (E4M3FN, E5M2); Noune et al., "8-bit Numerical Formats
/// for Deep Neural Networks" (FNUZ); OCP Microscaling Formats (MX) Specification 1.0 (E2M1, E2M3,
/// E3M2, E8M0).
struct FloatFormat {
  /// Which codes stand for no number.
  enum Specials {
    /// The highest exponent: infinity with fraction 0, else not a number.
    case ieee
    /// All bits but the sign: not a number. No infinity.
    case allOnes
    /// The code that would be negative zero: not a number. No infinity.
    case negativeZero
    /// None.
    case none
  }

  let isSigned: Bool
  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  let specials: Specials

  init(
    exponent: Int, fraction: Int, bias: Int, specials: Specials, isSigned: Bool = true
  ) {
    exponentBits = exponent
    fractionBits = fraction
    self.bias = bias
    self.specials = specials
    self.isSigned = isSigned
  }

  /// The number that a code stands for; every format here fits into a Double exactly.
  func value(ofCode code: UInt64) -> Double {
    let fraction = code & (1 << fractionBits - 1)
    let exponent = Int(code >> fractionBits & (1 << exponentBits - 1))
    let isNegative = isSigned && code >> (fractionBits + exponentBits) & 1 == 1
    let isHighest = exponent == 1 << exponentBits - 1
    let isFull = fraction == 1 << fractionBits - 1
    switch specials {
    case .ieee where isHighest:
      return fraction != 0 ? .nan : isNegative ? -.infinity : .infinity
    case .allOnes where isHighest && isFull: return .nan
    case .negativeZero where isNegative && exponent == 0 && fraction == 0: return .nan
    default: break
    }
    // An exponent of 0 has no hidden one and the scale of exponent 1; a format without fraction
    // (E8M0) has no such numbers.
    let isSubnormal = exponent == 0 && fractionBits > 0
    let significand = Double(isSubnormal ? fraction : fraction | 1 << fractionBits)
    let scale = (isSubnormal ? 1 : exponent) - bias - fractionBits
    let magnitude = Double(sign: .plus, exponent: scale, significand: significand)
    return isNegative ? -magnitude : magnitude
  }
}

extension ElementType {
  /// The format of the type's elements, if they are real numbers below 32 bits.
  var floatFormat: FloatFormat? {
    switch self {
    case .float16: FloatFormat(exponent: 5, fraction: 10, bias: 15, specials: .ieee)
    case .bfloat16: FloatFormat(exponent: 8, fraction: 7, bias: 127, specials: .ieee)
    case .float8e4m3fn: FloatFormat(exponent: 4, fraction: 3, bias: 7, specials: .allOnes)
    case .float8e4m3fnuz: FloatFormat(exponent: 4, fraction: 3, bias: 8, specials: .negativeZero)
    case .float8e5m2: FloatFormat(exponent: 5, fraction: 2, bias: 15, specials: .ieee)
    case .float8e5m2fnuz: FloatFormat(exponent: 5, fraction: 2, bias: 16, specials: .negativeZero)
    case .float8e8m0:
      FloatFormat(exponent: 8, fraction: 0, bias: 127, specials: .allOnes, isSigned: false)
    case .float6e2m3: FloatFormat(exponent: 2, fraction: 3, bias: 1, specials: .none)
    case .float6e3m2: FloatFormat(exponent: 3, fraction: 2, bias: 3, specials: .none)
    case .float4e2m1: FloatFormat(exponent: 2, fraction: 1, bias: 1, specials: .none)
    default: nil
    }
  }
}
