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
  /// As ``overwrite(_:_:)`` over the operands at these positions, between which scales and the like
  /// stand.
  case overwriteAny([Int])
  /// As ``overwrite(_:_:)`` over operand 0, where types of one width will do under
  /// ``InPlaceMode/safe``.
  case convert
  /// As ``overwrite(_:_:)`` over operand 0, unless that is read a second time: the elements that are
  /// put into it come from wherever they were.
  case scatter(Effect.Modes)
  /// A view where the node does not train.
  case dropout
  /// As ``overwrite(_:_:)`` over operand 0 where the node does not train: else each element depends
  /// on the whole batch.
  case batchNormalization
  /// Each of these results is the next version of an operand's bytes, in every mode.
  case update([Update])

  /// A result that is the next version of an operand.
  struct Update: Hashable, Sendable {
    let output: Int
    let input: Int
  }

  /// What a node is, as far as it decides what shares bytes.
  struct Use {
    /// What is known of the operands; `nil` where one is left out.
    var inputs: [ValueFact?]
    /// What is known of the results; `nil` where one is left out.
    var outputs: [ValueFact?]
    /// Whether operand 0 is another operand, too.
    var isFirstRepeated = false
    /// Whether the node behaves as in training, where that makes a difference.
    var isTraining = false
  }

  /// What the operator of a name allows.
  init(domain: String, type: String) {
    self = Self.table[domain.isEmpty ? type : "\(domain)::\(type)"] ?? .none
  }

  private static let everyOperand = 0..<Int.max
  private static let first = 0..<1

  /// Every operator that shares bytes, by domain and name.
  static let table: [String: InPlaceEffects] = {
    var table: [String: InPlaceEffects] = [:]
    func add(_ effects: InPlaceEffects, _ names: String, domain: String = "") {
      for name in names.split(separator: " ") { table[domain + String(name)] = effects }
    }
    add(.view(.all), "Reshape Squeeze Unsqueeze Flatten Identity")
    add(.view(.safe), "BitCast")
    add(.dropout, "Dropout")
    add(.convert, "Cast CastLike")
    add(.batchNormalization, "BatchNormalization")
    add(.scatter(.all), "Scatter ScatterElements")
    add(.scatter(.safe), "ScatterND TensorScatter")
    add(
      .overwrite(first, .all),
      """
      Relu Sigmoid Tanh LeakyRelu Elu Selu HardSigmoid Softplus Softsign ThresholdedRelu Clip Celu \
      Shrink Trilu
      """)
    add(.overwrite(first, .ort), "Softmax LogSoftmax")
    add(
      .overwrite(first, .safe),
      """
      Abs Acos Acosh Affine Asin Asinh Atan Atanh BitwiseNot Ceil Cos Cosh Erf Exp Floor HardSwish \
      ImageScaler Log Mish Neg Not ParametricSoftplus PRelu Reciprocal Round Scale ScaledTanh Sign \
      Sin Sinh Sqrt Swish Tan
      """)
    add(
      .overwrite(everyOperand, .safe),
      """
      Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Mod Mul Or Pow Sub Where Xor
      """)
    // Kernels may take operands in pairs: the third is read after the first result is written.
    add(.overwrite(0..<2, .safe), "Max Mean Min Sum")

    let microsoft = "com.microsoft::"
    add(.view(.safe), "ExpandDims", domain: microsoft)
    // Nothing of the Gelu family, whose kernels read an operand again after writing.
    add(
      .overwrite(first, .safe),
      "QLinearLeakyRelu QLinearSigmoid SampleOp Scale ScaledSiLU Trilu", domain: microsoft)
    add(
      .overwrite(everyOperand, .safe),
      "DropoutGrad GatedAdd ReluGrad SigmoidGrad TanhGrad", domain: microsoft)
    add(.overwriteAny([0, 3]), "QLinearAdd QLinearMul", domain: microsoft)
    add(.overwriteAny([1, 4]), "QLinearWhere", domain: microsoft)
    // The kernels of these write into the operand's bytes whatever a plan says.
    add(.update([Update(output: 1, input: 0)]), "InPlaceAccumulatorV2", domain: microsoft)
    add(
      .update([Update(output: 1, input: 3), Update(output: 2, input: 4)]),
      "PagedAttention SparsePagedAttention", domain: microsoft)
    return table
  }()

  /// Whether it matters if a node behaves as in training.
  var dependsOnTraining: Bool { self == .dropout || self == .batchNormalization }

  /// The effects of one node.
  func effects(of use: Use) -> [Effect] {
    if case .update(let updates) = self {
      return updates.compactMap { update in
        guard update.input < use.inputs.count, update.output < use.outputs.count,
          let input = use.inputs[update.input], let output = use.outputs[update.output],
          input.hasForm(of: output)
        else { return nil }
        return Effect(.mustOverwrite, output: update.output, of: update.input)
      }
    }
    guard let output = use.outputs.first ?? nil, output.kind == .tensor, !use.inputs.isEmpty else {
      return []
    }
    // Operands of equal bounds may be stretched to each other when the model runs.
    let areStretched = use.inputs.count { $0 != nil } > 1
    func overwriting(_ indices: some Sequence<Int>, _ modes: Effect.Modes) -> [Effect] {
      indices.compactMap { index in
        guard index < use.inputs.count, let input = use.inputs[index], input.hasForm(of: output),
          !areStretched || (input.hasExactShape && output.hasExactShape)
        else { return nil }
        return Effect(.mayOverwrite, output: 0, of: index, modes: modes)
      }
    }
    func view(_ modes: Effect.Modes) -> [Effect] {
      guard let input = use.inputs[0], input.bytes == output.bytes else { return [] }
      return [Effect(.mayAlias, output: 0, of: 0, modes: modes)]
    }
    switch self {
    case .none, .update: return []
    case .view(let modes): return view(modes)
    case .dropout: return use.isTraining ? [] : view(.safe)
    case .overwrite(let range, let modes):
      return overwriting(range.clamped(to: 0..<use.inputs.count), modes)
    case .overwriteAny(let indices): return overwriting(indices, .safe)
    case .scatter(let modes): return use.isFirstRepeated ? [] : overwriting([0], modes)
    case .batchNormalization: return use.isTraining ? [] : overwriting([0], .safe)
    case .convert:
      guard let input = use.inputs[0], input.shape == output.shape,
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
