// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Which results of an ONNX operator may share bytes with an operand, in the modes
/// ``InPlaceMode/safe`` and ``InPlaceMode/ort``.
///
/// `safe` says what is right for every kernel that computes element by element: a result may take
/// over an operand of its own shape and element type if each of its elements depends on no other
/// element of that operand. Operators whose elements depend on a whole row (Softmax, normalizations
/// over axes, CumSum) are left out: whether they work in place is up to the kernel's passes.
/// Scattering is in: what is not written keeps its value. The Gelu family is out: real kernels use
/// the result's bytes as scratch while they still need the operand.
///
/// `ort` is what ONNX Runtime's CPU kernels do and nothing else, so that a prediction equals its
/// measured peak: result 0 over operand 0, of equal shape and type.
enum InPlaceEffects: Hashable, Sendable {
  /// Results always have bytes of their own.
  case none
  /// Result 0 holds the elements of operand 0 in the same order.
  case view(Effect.Modes)
  /// Result 0 may be written over operands in `range`; over operand 0 only under ``InPlaceMode/ort``.
  case overwrite(Range<Int>, Effect.Modes)
  /// As ``overwrite(_:_:)`` over operand 0, where types of one width will do under
  /// ``InPlaceMode/safe``.
  case convert
  /// A view where the node does not train.
  case dropout

  /// What the operator of a name allows.
  init(domain: String, type: String) {
    self = Self.table[domain.isEmpty ? type : "\(domain)::\(type)"] ?? .none
  }

  private static let everyOperand = 0..<Int.max
  private static let first = 0..<1

  private static let table: [String: InPlaceEffects] = {
    var table: [String: InPlaceEffects] = [:]
    func add(_ effects: InPlaceEffects, _ names: String) {
      for name in names.split(separator: " ") { table[String(name)] = effects }
    }
    add(.view(.all), "Reshape Squeeze Unsqueeze Flatten Identity")
    add(.dropout, "Dropout")
    add(.convert, "Cast CastLike")
    add(
      .overwrite(first, .all),
      """
      Relu Sigmoid Tanh LeakyRelu Elu Selu HardSigmoid Softplus Softsign ThresholdedRelu Clip Celu \
      Shrink Trilu Scatter ScatterElements
      """)
    add(.overwrite(first, .ort), "Softmax LogSoftmax")
    add(
      .overwrite(first, .safe),
      """
      Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization Bernoulli BitwiseNot Ceil Cos Cosh \
      Erf Exp Floor HardSwish Log Mish Neg Not PRelu Reciprocal Round ScatterND Sign Sin Sinh Sqrt \
      Swish Tan
      """)
    add(
      .overwrite(everyOperand, .safe),
      """
      Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Max Mean Min Mod Mul Or Pow Sub \
      Sum Where Xor
      """)
    return table
  }()

  /// The effects of one node.
  ///
  /// - Parameters:
  ///   - inputs: What is known of the operands; `nil` where one is left out.
  ///   - output: What is known of result 0.
  ///   - isTraining: Whether the node behaves as in training, where that makes a difference.
  func effects(
    inputs: [ValueFact?], output: ValueFact?, isTraining: @autoclosure () -> Bool
  ) -> [Effect] {
    guard let output, output.kind == .tensor, !inputs.isEmpty else { return [] }
    switch self {
    case .none: return []
    case .view(let modes):
      guard let input = inputs[0], input.bytes == output.bytes else { return [] }
      return [Effect(.mayAlias, output: 0, of: 0, modes: modes)]
    case .dropout:
      guard inputs[0]?.bytes == output.bytes, !isTraining() else { return [] }
      return [Effect(.mayAlias, output: 0, of: 0, modes: .safe)]
    case .overwrite(let range, let modes):
      var effects: [Effect] = []
      for index in range.clamped(to: 0..<inputs.count) {
        guard let input = inputs[index], input.hasForm(of: output) else { continue }
        effects.append(Effect(.mayOverwrite, output: 0, of: index, modes: modes))
      }
      return effects
    case .convert:
      guard let input = inputs[0], input.shape == output.shape,
        input.elementType.bits == output.elementType.bits, output.elementType.bits > 0
      else { return [] }
      return [
        Effect(
          .mayOverwrite, output: 0, of: 0,
          modes: input.elementType == output.elementType ? .all : .safe)
      ]
    }
  }
}
