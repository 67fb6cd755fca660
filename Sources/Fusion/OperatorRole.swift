// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What an operator is to the search for feed-forward blocks.
enum OperatorRole: UInt8 {
  /// Nothing of interest.
  case other
  /// `x · W`.
  case matMul
  /// `alpha · x · W + beta · c`, either operand transposed; ``fusedGemm`` with an activation behind it.
  case gemm, fusedGemm
  /// `alpha · x · W`, either operand transposed.
  case fusedMatMul
  /// PyTorch's `c + x · W`.
  case addmm
  /// A projection whose weights are stored quantised.
  case quantizedMatMul
  /// A product of whole numbers, whose result is scaled by operators behind it.
  case integerMatMul
  /// The sum of two operands.
  case add
  /// The sum of operands 0 and 3, quantised.
  case quantizedAdd
  /// Every element of the result depends on the elements of the operands at its place.
  case pointwise
  /// The result is the operand.
  case identity
  /// Another element type.
  case cast
  /// The same elements in another shape.
  case reshape
  case transpose
  /// Equal parts along an axis, in one operator or in one for each part.
  case split, slice
  /// Makes whole numbers of real ones, and real ones of whole numbers.
  case quantize, dequantize
  /// A normalization over the last axis in one operator: operand, scale, bias.
  case layerNorm, rmsNorm
  /// The same over the sum of operand and residual: operand, residual, scale, (bias of the norm,)
  /// bias of the sum; the sum is result 3.
  case skipLayerNorm, skipRMSNorm
  /// BatchNormalization, whose statistics are constants.
  case batchNorm
  /// The mean over axes, which decomposed norms have.
  case mean
  /// Attention in one operator, or its Softmax.
  case attention

  /// What the operator of a kind is.
  init(_ kind: OperatorKind) {
    let key =
      kind.domain.isEmpty || kind.domain == "ai.onnx" ? kind.type : "\(kind.domain)::\(kind.type)"
    self = Self.table[key] ?? .other
  }

  private static let table: [String: OperatorRole] = {
    var table: [String: OperatorRole] = [:]
    func add(_ role: OperatorRole, _ names: String, domain: String = "") {
      for name in names.split(separator: " ") { table[domain + String(name)] = role }
    }
    let (microsoft, aten) = ("com.microsoft::", "pkg.aten::")
    add(.matMul, "MatMul")
    add(.gemm, "Gemm")
    add(.fusedGemm, "FusedGemm", domain: microsoft)
    add(.fusedMatMul, "FusedMatMul TransposeMatMul", domain: microsoft)
    add(
      .quantizedMatMul,
      "MatMulNBits MatMulBnb4 MatMulIntegerToFloat DynamicQuantizeMatMul MatMulFpQ4 QGemm",
      domain: microsoft)
    add(.quantizedMatMul, "QLinearMatMul")
    add(.integerMatMul, "MatMulInteger")
    add(.quantizedAdd, "QLinearAdd", domain: microsoft)
    add(.pointwise, "QLinearMul QLinearSigmoid QLinearLeakyRelu", domain: microsoft)
    add(.quantize, "QuantizeLinear DynamicQuantizeLinear")
    add(.quantize, "QuantizeLinear", domain: microsoft)
    add(.add, "Add")
    add(
      .pointwise,
      """
      Relu Gelu Sigmoid Tanh Erf Mul Sub Div Pow Sqrt Reciprocal Exp Log Neg Abs LeakyRelu Elu Selu \
      Celu HardSigmoid HardSwish Softplus Softsign Mish ThresholdedRelu PRelu Clip Min Max Sign \
      Square Swish Where Greater GreaterOrEqual Less LessOrEqual
      """)
    add(.pointwise, "Gelu FastGelu BiasGelu QuickGelu", domain: microsoft)
    add(.identity, "Identity")
    add(.cast, "Cast CastLike")
    add(.reshape, "Reshape Squeeze Unsqueeze Flatten")
    add(.transpose, "Transpose")
    add(.split, "Split")
    add(.slice, "Slice")
    add(.dequantize, "DequantizeLinear")
    add(.dequantize, "DequantizeLinear DequantizeBFP", domain: microsoft)
    add(.layerNorm, "LayerNormalization")
    add(.rmsNorm, "RMSNormalization SimplifiedLayerNormalization")
    add(.layerNorm, "LayerNormalization", domain: microsoft)
    add(.rmsNorm, "SimplifiedLayerNormalization", domain: microsoft)
    add(.skipLayerNorm, "SkipLayerNormalization", domain: microsoft)
    add(.skipRMSNorm, "SkipSimplifiedLayerNormalization", domain: microsoft)
    add(.batchNorm, "BatchNormalization")
    add(.mean, "ReduceMean")
    add(.attention, "Softmax Attention")
    add(
      .attention,
      """
      Attention MultiHeadAttention GroupQueryAttention DecoderMaskedMultiHeadAttention \
      PackedAttention PackedMultiHeadAttention QAttention SparseAttention PagedAttention \
      LongformerAttention BiasSoftmax QLinearSoftmax
      """, domain: microsoft)

    // The operators of captured PyTorch programs.
    add(.matMul, "mm matmul", domain: aten)
    add(.addmm, "addmm", domain: aten)
    add(.add, "add", domain: aten)
    add(
      .pointwise,
      """
      relu gelu silu sigmoid tanh erf mul sub div pow sqrt rsqrt reciprocal exp log neg abs \
      leaky_relu elu hardtanh hardsigmoid hardswish softplus mish clamp minimum maximum square
      """, domain: aten)
    // Dropout of a training step; nothing of such a graph is rewritten.
    add(.identity, "detach clone native_dropout", domain: aten)
    add(.cast, "_to_copy", domain: aten)
    add(.reshape, "view _unsafe_view reshape unsqueeze squeeze expand", domain: aten)
    add(.transpose, "t", domain: aten)
    add(.layerNorm, "native_layer_norm", domain: aten)
    add(.rmsNorm, "_fused_rms_norm rms_norm", domain: aten)
    add(.mean, "mean", domain: aten)
    add(
      .attention,
      """
      _softmax _scaled_dot_product_flash_attention _scaled_dot_product_efficient_attention \
      _scaled_dot_product_flash_attention_for_cpu scaled_dot_product_attention
      """, domain: aten)
    return table
  }()

  /// Whether the node is a matrix product that may be a projection.
  var isProduct: Bool {
    switch self {
    case .matMul, .gemm, .fusedGemm, .fusedMatMul, .addmm, .quantizedMatMul, .integerMatMul: true
    default: false
    }
  }

  /// Whether the result is the sum of two operands.
  var isAdd: Bool { self == .add || self == .quantizedAdd }

  /// Whether the node normalizes the sum of its first two operands.
  var isSkipNorm: Bool { self == .skipLayerNorm || self == .skipRMSNorm }

  /// Whether the node is a norm, of a sum or not.
  var isNorm: Bool { self == .layerNorm || self == .rmsNorm || isSkipNorm }
}
