// SPDX-License-Identifier: Apache-2.0
import Glibc
import GraphIR

/// Operators whose result has, element by element, the shape of their operands: arithmetic,
/// activation functions, rounding, trigonometry, bits.
enum ElementwiseOperators {
  static let rules: [OperatorRule] = unary + arithmetic + variadic + others

  // MARK: One operand

  private static let unary: [OperatorRule] =
    [
      sameShape("Abs", .init(integer: { $0 == .min ? nil : abs($0) }, real: { abs($0) })),
      sameShape("Sign", .init(integer: { $0.signum() }, real: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 })),
      sameShape("Ceil", .init(real: { $0.rounded(.up) }), isMonotone: true),
      sameShape("Floor", .init(real: { $0.rounded(.down) }), isMonotone: true),
      sameShape("Round", .init(real: { $0.rounded(.toNearestOrEven) }), isMonotone: true),
      sameShape("Sqrt", .init(real: { $0.squareRoot() }), isMonotone: true),
      sameShape("Reciprocal", .init(real: { 1 / $0 })),
      sameShape("Exp", .init(real: { exp($0) }), isMonotone: true),
      sameShape("Log", .init(real: { log($0) }), isMonotone: true),
      sameShape("Sin", .init(real: { sin($0) })),
      sameShape("Cos", .init(real: { cos($0) })),
      sameShape("Relu", .init(integer: { max($0, 0) }, real: { max($0, 0) }), isMonotone: true),
      sameShape("BitwiseNot", .init(integer: { ~$0 })),
      sameShape("Not", .init(integer: { $0 == 0 ? 1 : 0 })),
    ]
    + [
      "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Celu", "Cosh", "Elu", "Erf", "Gelu",
      "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Selu", "Shrink", "Sigmoid", "Sinh",
      "Softplus", "Softsign", "Swish", "Tan", "Tanh", "ThresholdedRelu",
    ].map { sameShape($0) }

  /// The rule of an operator with one operand, whose type and shape the result has.
  static func sameShape(
    _ type: String, _ function: KnownValue.Unary = .init(), isMonotone: Bool = false
  ) -> OperatorRule {
    OperatorRule(type, isMonotone: isMonotone) { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(
        0, x.elementType, x.shape, value: x.value?.mapped(function, to: x.elementType))
    }
  }

  // MARK: Two operands

  private static let arithmetic: [OperatorRule] = [
    binary("Add", .init(integer: { $0 &+ $1 }, real: { $0 + $1 }), .rising),
    binary("Sub", .init(integer: { $0 &- $1 }, real: { $0 - $1 }), .falling),
    binary("Mul", .init(integer: { $0 &* $1 }, real: { $0 * $1 }), .corners),
    binary(
      "Div", .init(integer: { quotient($0, $1) }, real: { $0 / $1 }), .cornersOfPositive),
    OperatorRule("Neg", hasRanges: true) { context throws(OperatorFault) in
      let x = try context.input(0)
      let negate = KnownValue.Unary(integer: { 0 &- $0 }, real: { -$0 })
      func negated(_ value: KnownValue?) -> KnownValue? { value?.mapped(negate, to: x.elementType) }
      context.setOutput(
        0, x.elementType, x.shape, range: (negated(x.range.high), negated(x.range.low)))
    },
    OperatorRule("Pow") { context throws(OperatorFault) in
      let (x, y) = (try context.input(0), try context.input(1))
      let shape = try context.broadcastShape(of: 0..<2)
      context.setOutput(0, x.elementType, shape, value: power(x, y, shape))
    },
    OperatorRule("Mod", hasRanges: true) { context throws(OperatorFault) in
      let truncates = try context.flag("fmod")
      let function = KnownValue.Binary(
        integer: { remainder($0, $1, truncates: truncates) },
        real: { a, b in
          let remainder = fmod(a, b)
          return !truncates && remainder != 0 && (remainder < 0) != (b < 0)
            ? remainder + b : remainder
        })
      try inferBinary(&context, function) { a, b in
        remainderRange(a, b, truncates: truncates)
      }
    },
    OperatorRule("BitShift", hasRanges: true) { context throws(OperatorFault) in
      let isLeft = try context.string("direction", default: "LEFT") == "LEFT"
      let function = KnownValue.Binary(integer: { value, count in
        guard count >= 0 else { return nil }
        return isLeft ? value << count : value >> count
      })
      try inferBinary(&context, function)
    },
    binary("BitwiseAnd", .init(integer: { $0 & $1 })),
    binary("BitwiseOr", .init(integer: { $0 | $1 })),
    binary("BitwiseXor", .init(integer: { $0 ^ $1 })),
    binary("SwiGLU", .init()),
  ]

  /// The rule of an operator with two broadcast operands of one type.
  ///
  /// - Parameter monotony: How bounds of the result follow from those of the operands.
  private static func binary(
    _ type: String, _ function: KnownValue.Binary, _ monotony: KnownValue.Monotony? = nil
  ) -> OperatorRule {
    OperatorRule(type, hasRanges: true) { context throws(OperatorFault) in
      try inferBinary(&context, function, monotony)
    }
  }

  private static func inferBinary(
    _ context: inout OperatorContext, _ function: KnownValue.Binary,
    _ monotony: KnownValue.Monotony? = nil,
    range: ((ValueFact, ValueFact) -> KnownValue.Bounds)? = nil
  ) throws(OperatorFault) {
    let (a, b) = (try context.input(0), try context.input(1))
    let shape = try broadcastShape(a.shape, b.shape, context)
    let type = a.elementType == .undefined ? b.elementType : a.elementType
    guard a.isUpperBound || b.isUpperBound else {
      let value =
        a.value == nil || b.value == nil
        ? nil : KnownValue.combining(a, b, shape: shape, type: type, function)
      context.setOutput(0, type, shape, value: value)
      return
    }
    var bounds: KnownValue.Bounds = (nil, nil)
    if let range {
      bounds = range(a, b)
      if bounds.high?.count != (try Extents.product(shape)) { bounds = (nil, nil) }
    } else if let monotony {
      bounds = KnownValue.ranged(a.range, b.range, monotony) { x, y in
        var (first, second) = (a, b)
        (first.value, second.value) = (x, y)
        // What wraps around bounds nothing.
        guard x.isFarFromWrapping, y.isFarFromWrapping else { return nil }
        let wide: ElementType = type.isIntegral ? .int64 : type
        let result = KnownValue.combining(first, second, shape: shape, type: wide, function)
        return result?.cast(to: type) == result ? result : nil
      }
    }
    context.setOutput(0, type, shape, range: bounds)
  }

  /// What is left by a positive divisor is below it, and not above what is divided.
  private static func remainderRange(
    _ a: ValueFact, _ b: ValueFact, truncates: Bool
  ) -> KnownValue.Bounds {
    guard !truncates || a.range.low?.isAbove(-1) == true, b.range.low?.isAbove(0) == true,
      case .integers(let divisors)? = b.range.high
    else { return (nil, nil) }
    var high = KnownValue.integers(divisors.map { $0 - 1 })
    if a.range.low?.isAbove(-1) == true, let most = a.range.high,
      let less = KnownValue.smaller(high, most)
    {
      high = less
    }
    return (.integers(divisors.map { _ in 0 }), high)
  }

  /// Version 6 and older stretch the second operand only, from `axis` on, if `broadcast` is set.
  static func broadcastShape(
    _ a: [Int], _ b: [Int], _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    guard context.version < 7, try context.flag("broadcast"),
      let axis = try context.int("axis")
    else { return try Extents.broadcast(a, b, areBounds: context.hasBounds) }
    let start = try Extents.axis(axis, rank: a.count)
    guard start + b.count <= a.count else { throw .notBroadcastable(a, b) }
    return try Extents.broadcast(
      a, b + Array(repeating: 1, count: a.count - start - b.count))
  }

  /// Division that rounds toward zero; `nil` where it has no result.
  static func quotient(_ a: Int64, _ b: Int64) -> Int64? {
    guard b != 0 else { return nil }
    let (quotient, overflow) = a.dividedReportingOverflow(by: b)
    return overflow ? nil : quotient
  }

  /// The remainder with the sign of the divisor, or of the dividend if `truncates`.
  private static func remainder(_ a: Int64, _ b: Int64, truncates: Bool) -> Int64? {
    guard b != 0 else { return nil }
    let (remainder, overflow) = a.remainderReportingOverflow(dividingBy: b)
    if overflow { return 0 }
    return !truncates && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
  }

  /// The power in the type of the base, whose exponent may be of another type.
  private static func power(_ x: ValueFact, _ y: ValueFact, _ shape: [Int]) -> KnownValue? {
    guard !x.isUpperBound, !y.isUpperBound, let base = x.value, let exponent = y.value else {
      return nil
    }
    var (x, y) = (x, y)
    if case .integers = base, case .integers = exponent {
      return KnownValue.combining(
        x, y, shape: shape, type: x.elementType, .init(integer: { integerPower($0, $1) }))
    }
    let type = x.elementType
    x.value = .reals(base.reals)
    y.value = .reals(exponent.reals)
    return KnownValue.combining(
      x, y, shape: shape, type: .float64, .init(real: { pow($0, $1) }))?.cast(to: type)
  }

  private static func integerPower(_ base: Int64, _ exponent: Int64) -> Int64? {
    guard exponent >= 0 else { return nil }
    var (result, square, rest) = (Int64(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  // MARK: Any number of operands

  private static let variadic: [OperatorRule] = [
    accumulating("Sum", .init(integer: { $0 &+ $1 }, real: { $0 + $1 }), isMonotone: true),
    accumulating(
      "Max", .init(integer: { max($0, $1) }, real: { maximum($0, $1) }), isMonotone: true),
    OperatorRule("Min", hasRanges: true) { context throws(OperatorFault) in
      try inferSmallest(&context)
    },
    accumulating("Mean", .init()),
  ]

  private static func accumulating(
    _ type: String, _ function: KnownValue.Binary, isMonotone: Bool = false
  ) -> OperatorRule {
    OperatorRule(type, isMonotone: isMonotone) { context throws(OperatorFault) in
      var total = try context.input(0)
      for index in context.inputs.indices.dropFirst() {
        let next = try context.input(index)
        let shape = try Extents.broadcast(
          total.shape, next.shape, areBounds: context.hasBounds)
        total.value = KnownValue.combining(
          total, next, shape: shape, type: total.elementType, function)
        total.shape = shape
      }
      context.setOutput(0, total.elementType, total.shape, value: total.value)
    }
  }

  /// The smallest of operands is not above any of them, whatever the others are.
  private static func inferSmallest(_ context: inout OperatorContext) throws(OperatorFault) {
    let function = KnownValue.Binary(integer: { min($0, $1) }, real: { minimum($0, $1) })
    let type = try context.input(0).elementType
    let shape = try context.broadcastShape(of: context.inputs.indices)
    var low: KnownValue?
    var high: KnownValue?
    for index in context.inputs.indices {
      let next = try context.input(index)
      func joined(_ total: KnownValue?, _ value: KnownValue?) -> KnownValue? {
        guard let value = value?.broadcast(from: next.shape, to: shape) else { return nil }
        guard let total else { return value }
        return KnownValue.combining(
          ValueFact(type, shape, value: total), ValueFact(type, shape, value: value),
          shape: shape, type: type, function)
      }
      low = index > 0 && low == nil ? nil : joined(low, next.range.low)
      high = joined(high, next.range.high) ?? high
    }
    context.setOutput(0, type, shape, range: (low, high))
  }

  /// The larger number, or the one that is none.
  private static func maximum(_ a: Double, _ b: Double) -> Double {
    a.isNaN || b.isNaN ? .nan : max(a, b)
  }

  private static func minimum(_ a: Double, _ b: Double) -> Double {
    a.isNaN || b.isNaN ? .nan : min(a, b)
  }

  // MARK: Others

  private static let others: [OperatorRule] = [
    OperatorRule("Clip", hasRanges: true) { context throws(OperatorFault) in
      let x = try context.input(0)
      let range = x.range
      context.setOutput(
        0, x.elementType, x.shape,
        range: (
          try clipped(x, range.low ?? limit(1, of: x, context), context),
          try clipped(x, range.high ?? limit(2, of: x, context), context)
        ))
    },
    OperatorRule("PRelu") { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(0, x.elementType, x.shape)
    },
  ]

  /// A limit for each element of a small tensor of integers: what an unknown one is clipped to.
  private static func limit(
    _ index: Int, of x: ValueFact, _ context: OperatorContext
  ) -> KnownValue? {
    guard x.elementType.isIntegral, x.hasExactShape, x.elementCount <= 64,
      let limit = context.optional(index), !limit.isUpperBound, limit.elementCount == 1
    else { return nil }
    return limit.value?.repeated(x.elementCount)
  }

  private static func clipped(
    _ x: ValueFact, _ value: KnownValue?, _ context: OperatorContext
  ) throws(OperatorFault) -> KnownValue? {
    guard let value else { return nil }
    if context.version < 11 {
      let low = Double(try context.float("min", default: -.greatestFiniteMagnitude))
      let high = Double(try context.float("max", default: .greatestFiniteMagnitude))
      return value.mapped(.init(real: { min(max($0, low), high) }), to: x.elementType)
    }
    // A limit that is given but not known makes the result unknown.
    var result: KnownValue? = value
    for (index, function) in [
      (1, KnownValue.Binary(integer: { max($0, $1) }, real: { max($0, $1) })),
      (2, KnownValue.Binary(integer: { min($0, $1) }, real: { min($0, $1) })),
    ] {
      guard let limit = context.optional(index) else { continue }
      if limit.isUpperBound { return nil }
      guard limit.elementCount == 1 else {
        throw .inputValue(input: index, reason: "one is needed")
      }
      var (current, scalar) = (x, limit)
      current.value = result
      scalar.shape = []
      result = KnownValue.combining(
        current, scalar, shape: x.shape, type: x.elementType, function)
    }
    return result
  }
}
