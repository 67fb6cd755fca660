// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that compare, combine truth values, or choose by them.
enum ComparisonOperators {
  static let rules: [OperatorRule] = [
    comparing("Equal", .init(integer: { $0 == $1 ? 1 : 0 }, real: { $0 == $1 ? 1 : 0 })),
    comparing("Less", .init(integer: { $0 < $1 ? 1 : 0 }, real: { $0 < $1 ? 1 : 0 })),
    comparing("LessOrEqual", .init(integer: { $0 <= $1 ? 1 : 0 }, real: { $0 <= $1 ? 1 : 0 })),
    comparing("Greater", .init(integer: { $0 > $1 ? 1 : 0 }, real: { $0 > $1 ? 1 : 0 })),
    comparing("GreaterOrEqual", .init(integer: { $0 >= $1 ? 1 : 0 }, real: { $0 >= $1 ? 1 : 0 })),
    comparing("And", .init(integer: { $0 != 0 && $1 != 0 ? 1 : 0 })),
    comparing("Or", .init(integer: { $0 != 0 || $1 != 0 ? 1 : 0 })),
    comparing("Xor", .init(integer: { ($0 != 0) != ($1 != 0) ? 1 : 0 })),
    testing("IsNaN") { $0.isNaN },
    OperatorRule("IsInf") { context throws(OperatorFault) in
      let x = try context.input(0)
      let positive = try context.flag("detect_positive", default: true)
      let negative = try context.flag("detect_negative", default: true)
      let value = x.reals.flatMap { values in
        KnownValue.integers(values) {
          $0.isInfinite && ($0 > 0 ? positive : negative) ? 1 : 0
        }
      }
      context.setOutput(0, .bool, x.shape, value: value)
    },
    OperatorRule("Where", hasRanges: true) { context throws(OperatorFault) in
      let condition = try context.input(0)
      let (x, y) = (try context.input(1), try context.input(2))
      let shape = try context.broadcastShape(of: 0..<3)
      let type = x.elementType == .undefined ? y.elementType : x.elementType
      let (first, second) = (x.range, y.range)
      func chosen(
        _ a: KnownValue?, _ b: KnownValue?, _ between: (KnownValue, KnownValue) -> KnownValue?
      ) -> KnownValue? {
        Self.chosen(
          condition.isUpperBound
            ? nil : condition.value?.broadcast(from: condition.shape, to: shape),
          a?.broadcast(from: x.shape, to: shape), b?.broadcast(from: y.shape, to: shape), between)
      }
      context.setOutput(
        0, type, shape,
        range: (
          chosen(first.low, second.low, KnownValue.smaller),
          chosen(first.high, second.high, KnownValue.larger)
        ))
    },
  ]

  private static func comparing(_ type: String, _ function: KnownValue.Binary) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (a, b) = (try context.input(0), try context.input(1))
      let shape = try ElementwiseOperators.broadcastShape(a.shape, b.shape, context)
      context.setOutput(0, .bool, shape, value: compared(a, b, shape, function))
    }
  }

  private static func compared(
    _ a: ValueFact, _ b: ValueFact, _ shape: [Int], _ function: KnownValue.Binary
  ) -> KnownValue? {
    guard let x = a.value, let y = b.value else { return nil }
    if case .integers = x, case .integers = y {
      return KnownValue.combining(a, b, shape: shape, type: .bool, function)
    }
    // The results of comparing real numbers come as 0 and 1, too.
    return KnownValue.combining(a, b, shape: shape, type: .float64, function)?.cast(to: .bool)
  }

  private static func testing(
    _ type: String, _ test: @escaping @Sendable (Double) -> Bool
  ) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      let value = x.reals.flatMap { KnownValue.integers($0) { test($0) ? 1 : 0 } }
      context.setOutput(0, .bool, x.shape, value: value)
    }
  }

  /// Where the condition is known, each element needs only the operand that it is taken from;
  /// where it is not, it lies between both.
  private static func chosen(
    _ condition: KnownValue?, _ first: KnownValue?, _ second: KnownValue?,
    _ between: (KnownValue, KnownValue) -> KnownValue?
  ) -> KnownValue? {
    guard case .integers(let choices)? = condition else {
      guard let first, let second else { return nil }
      return between(first, second)
    }
    if choices.allSatisfy({ $0 != 0 }) { return first }
    if choices.allSatisfy({ $0 == 0 }) { return second }
    switch (first, second) {
    case (.integers(let a)?, .integers(let b)?):
      return .integers(choices.indices.map { choices[$0] != 0 ? a[$0] : b[$0] })
    case (.reals(let a)?, .reals(let b)?):
      return .reals(choices.indices.map { choices[$0] != 0 ? a[$0] : b[$0] })
    default: return nil
    }
  }
}
