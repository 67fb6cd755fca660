// SPDX-License-Identifier: Apache-2.0

import Glibc
import GraphIR

/// Names the function of an expression by what it computes, not by how it is spelled: it is evaluated
/// in a few places and compared with the functions that have names.
///
/// Exporters write one Gelu in a dozen ways and in many orders of operands; its values are the same.
struct ActivationName {
  /// The function: `gelu`, `silu`; `swiglu` with a gate; the operators where it has no name.
  let name: String
  /// Whether one projection is multiplied into a function of another.
  let isGated: Bool
  /// The slot or part whose value goes in linearly, where there is a gate.
  let linearInput: Int?

  /// The inputs of an expression: every part of every projection that it reads.
  private static func inputs(of expression: HiddenExpression) -> [HiddenExpression.Term] {
    var inputs: [HiddenExpression.Term] = []
    for term in expression.terms {
      if case .projected = term, !inputs.contains(term) { inputs.append(term) }
    }
    return inputs
  }

  private static let places: [Double] = [-3.1, -1.2, -0.4, 0.3, 0.9, 2.4, 4.5]

  /// - Parameter factor: What the expression is multiplied by.
  /// - Returns: `nil` where the expression is linear, so that there is no activation.
  init?(of expression: HiddenExpression, times factor: Double = 1) {
    let inputs = Self.inputs(of: expression)
    let operators = Self.operators(of: expression)
    let evaluator = ExpressionEvaluator(expression, times: factor)
    switch inputs.count {
    case 1:
      isGated = false
      linearInput = nil
      let values = Self.places.map { evaluator.value(at: [$0], of: inputs) }
      guard let real = Self.allReal(values) else {
        guard operators.contains(where: { !Self.isLinear($0) }) else { return nil }
        name = operators.joined(separator: "+")
        return
      }
      if Self.isAffine(real) { return nil }
      name = Self.function(of: real) ?? operators.joined(separator: "+")
    case 2:
      let gate = (0..<2).first { linear in
        Self.places.allSatisfy { place in
          var point = [place, place]
          point[linear] = 0.7
          let one = evaluator.value(at: point, of: inputs)
          point[linear] = 1.4
          let two = evaluator.value(at: point, of: inputs)
          // Relu is linear on either side of 0.
          point[linear] = -0.7
          let opposite = evaluator.value(at: point, of: inputs)
          guard let one, let two, let opposite else { return false }
          return abs(two - 2 * one) <= 1e-6 * (1 + abs(two))
            && abs(opposite + one) <= 1e-6 * (1 + abs(one))
        }
      }
      guard let linear = gate else {
        guard operators.contains(where: { !Self.isLinear($0) }) else { return nil }
        (isGated, linearInput) = (false, nil)
        name = operators.joined(separator: "+")
        return
      }
      (isGated, linearInput) = (true, linear)
      let values = Self.places.map { place in
        var point = [place, place]
        point[linear] = 1
        return evaluator.value(at: point, of: inputs)
      }
      let function = Self.allReal(values).flatMap { real in
        Self.isIdentity(real) ? "bilinear" : Self.function(of: real)
      }
      name = function.map { Self.gatedNames[$0] ?? "\($0)-gated" } ?? "gated"
    default:
      guard operators.contains(where: { !Self.isLinear($0) }) else { return nil }
      (isGated, linearInput) = (false, nil)
      name = operators.joined(separator: "+")
    }
  }

  private static let gatedNames = [
    "silu": "swiglu", "gelu": "geglu", "gelu-tanh": "geglu-tanh", "relu": "reglu",
    "sigmoid": "glu", "bilinear": "bilinear",
  ]

  private static func operators(of expression: HiddenExpression) -> [String] {
    expression.terms.compactMap {
      if case .operation(let kind, _, _) = $0 { kind.type } else { nil }
    }
  }

  private static func isLinear(_ name: String) -> Bool {
    ["Add", "Sub", "Neg", "Cast", "CastLike", "Mul", "Div", "add", "sub", "mul", "div", "neg"]
      .contains(name)
  }

  private static func allReal(_ values: [Double?]) -> [Double]? {
    let real = values.compactMap { $0 }
    return real.count == values.count && real.allSatisfy(\.isFinite) ? real : nil
  }

  private static func isAffine(_ values: [Double]) -> Bool {
    let slope = (values[1] - values[0]) / (places[1] - places[0])
    return zip(places, values).allSatisfy { x, y in
      abs(values[0] + slope * (x - places[0]) - y) <= 1e-7 * (1 + abs(y))
    }
  }

  private static func isIdentity(_ values: [Double]) -> Bool {
    zip(places, values).allSatisfy { abs($0 - $1) <= 1e-9 }
  }

  private static func function(of values: [Double]) -> String? {
    functions.first { entry in
      zip(places, values).allSatisfy { x, y in
        abs(entry.value(x) - y) <= entry.tolerance * (1 + abs(y))
      }
    }?.name
  }

  /// The functions that have names. Half precision constants move their values by 1e-3 at most.
  private static let functions:
    [(name: String, tolerance: Double, value: @Sendable (Double) -> Double)] = [
      ("relu", 1e-6, { max($0, 0) }),
      ("gelu", 8e-5, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
      (
        "gelu-tanh", 8e-5,
        { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
      ),
      ("quick-gelu", 8e-5, { $0 / (1 + exp(-1.702 * $0)) }),
      ("silu", 1e-6, { $0 / (1 + exp(-$0)) }),
      ("sigmoid", 1e-6, { 1 / (1 + exp(-$0)) }),
      ("tanh", 1e-6, { tanh($0) }),
      ("relu-squared", 1e-6, { max($0, 0) * max($0, 0) }),
      ("relu6", 1e-6, { min(max($0, 0), 6) }),
      ("mish", 1e-6, { $0 * tanh(log1p(exp($0))) }),
      ("softplus", 1e-6, { log1p(exp($0)) }),
      ("elu", 1e-6, { $0 > 0 ? $0 : exp($0) - 1 }),
      ("hard-swish", 1e-5, { $0 * min(max($0 / 6 + 0.5, 0), 1) }),
      ("gelu", 1e-3, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
    ]
}
