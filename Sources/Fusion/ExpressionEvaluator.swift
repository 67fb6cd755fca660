// SPDX-License-Identifier: Apache-2.0

import Glibc
import GraphIR

/// Evaluates an expression over hidden units for one unit, to find out which function it is.
///
/// Constants for each unit count as 1 where they are multiplied or divided by, as scales are, and as 0
/// everywhere else, as biases are. Operators that it does not know have no value.
struct ExpressionEvaluator {
  private let expression: HiddenExpression

  private let factor: Double

  init(_ expression: HiddenExpression, times factor: Double) {
    self.expression = expression
    self.factor = factor
  }

  /// The value of the expression.
  ///
  /// - Parameters:
  ///   - point: The value of each input.
  ///   - inputs: The terms that are inputs.
  func value(at point: [Double], of inputs: [HiddenExpression.Term]) -> Double? {
    var values: [Double?] = []
    values.reserveCapacity(expression.terms.count)
    for term in expression.terms {
      switch term {
      case .projected: values.append(inputs.firstIndex(of: term).map { point[$0] })
      case .scalar(let bits): values.append(Double(bitPattern: bits))
      case .vector: values.append(0)
      case .unknownScalar, .absent: values.append(nil)
      case .operation(let kind, let attributes, let operands):
        let scales = ["mul", "div"].contains(kind.type.lowercased())
        let known = operands.map { operand -> Double? in
          if scales, case .vector = expression.terms[operand] { return 1 }
          return values[operand]
        }
        values.append(Self.value(of: kind, attributes, known))
      }
    }
    return values[values.count - 1].map { $0 * factor }
  }

  private static func value(
    of kind: OperatorKind, _ attributes: [Attribute], _ operands: [Double?]
  ) -> Double? {
    func real(_ name: String, _ fallback: Double) -> Double {
      switch attributes.first(where: { $0.name == name })?.value {
      case .float(let value): Double(value)
      case .int(let value): Double(value)
      default: fallback
      }
    }
    func text(_ name: String) -> String {
      if case .string(let value) = attributes.first(where: { $0.name == name })?.value {
        value
      } else {
        ""
      }
    }
    guard let x = operands.first ?? nil else { return nil }
    // PyTorch's operators have their second operand as an attribute where it is a number.
    let other = operands.count > 1 ? operands[1] : nil
    let argument = operands.count > 1 ? operands[1] : real("other", .nan)
    switch kind.type.lowercased() {
    case "relu": return max(x, 0)
    case "sigmoid": return 1 / (1 + exp(-x))
    case "tanh": return tanh(x)
    case "erf": return erf(x)
    case "sqrt": return x.squareRoot()
    case "rsqrt": return 1 / x.squareRoot()
    case "reciprocal": return 1 / x
    case "exp": return exp(x)
    case "log": return log(x)
    case "neg": return -x
    case "abs": return abs(x)
    case "square": return x * x
    case "softplus": return log1p(exp(x))
    case "softsign": return x / (1 + abs(x))
    case "mish": return x * tanh(log1p(exp(x)))
    case "silu": return x / (1 + exp(-x))
    case "swish": return x / (1 + exp(-real("alpha", 1) * x))
    case "quickgelu": return x / (1 + exp(-real("alpha", 1.702) * x))
    case "leakyrelu": return x >= 0 ? x : real("alpha", 0.01) * x
    case "elu": return x >= 0 ? x : real("alpha", 1) * (exp(x) - 1)
    case "celu":
      let alpha = real("alpha", 1)
      return max(0, x) + min(0, alpha * (exp(x / alpha) - 1))
    case "selu":
      return real("gamma", 1.05070102214813232421875)
        * (x > 0 ? x : real("alpha", 1.67326319217681884765625) * (exp(x) - 1))
    case "hardsigmoid": return min(max(real("alpha", 0.2) * x + real("beta", 0.5), 0), 1)
    case "hardswish": return x * min(max(x / 6 + 0.5, 0), 1)
    case "gelu":
      return text("approximate") == "tanh"
        ? tanhGelu(x) : 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case "biasgelu": return 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case "fastgelu": return tanhGelu(x)
    case "cast", "castlike", "_to_copy": return x
    case "add": return argument.map { x + $0 * (operands.count > 1 ? real("alpha", 1) : 1) }
    case "sub": return argument.map { x - $0 }
    case "mul": return argument.map { x * $0 }
    case "div": return argument.map { x / $0 }
    case "pow":
      return (other ?? real("exponent", .nan)).isNaN ? nil : pow(x, other ?? real("exponent", .nan))
    case "max", "maximum": return operands.compactMap { $0 }.max()
    case "min", "minimum": return operands.compactMap { $0 }.min()
    case "clip":
      let low = operands.count > 1 ? operands[1] : real("min", -.infinity)
      let high = operands.count > 2 ? operands[2] : real("max", .infinity)
      return min(max(x, low ?? -.infinity), high ?? .infinity)
    default: return nil
    }
  }

  private static func tanhGelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }
}
