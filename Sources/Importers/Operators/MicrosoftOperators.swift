// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's own operators: fused activations, normalizations and products that its optimizer
/// writes, and what its training builds gradients of.
enum MicrosoftOperators {
  static let rules: [OperatorRule] = fused + gradients

  // MARK: Inference

  private static let fused: [OperatorRule] =
    ["FastGelu", "Gelu", "QuickGelu", "BiasGelu", "GroupNorm", "RotaryEmbedding"].map {
      ElementwiseOperators.sameShape($0)
    } + [
      OperatorRule("FusedMatMul") { context throws(OperatorFault) in
        let (a, b) = (try context.input(0), try context.input(1))
        let left = try transposed(
          a.shape, matrix: context.flag("transA"), batch: context.flag("transBatchA"))
        let right = try transposed(
          b.shape, matrix: context.flag("transB"), batch: context.flag("transBatchB"))
        context.setOutput(0, a.elementType, try MatrixOperators.product(left, right))
      },
      OperatorRule("FusedConv") { context throws(OperatorFault) in
        let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(1))
        context.setOutput(0, x.elementType, try ConvolutionOperators.convolved(x, w, context))
      },
      OperatorRule("SkipLayerNormalization") { context throws(OperatorFault) in
        try setSkipNormalization(&context)
      },
      OperatorRule("SkipSimplifiedLayerNormalization") { context throws(OperatorFault) in
        try setSkipNormalization(&context)
      },
      OperatorRule("MatMulNBits") { context throws(OperatorFault) in
        let a = try context.input(0, rankAtLeast: 1)
        guard let columns = try context.int("N"), columns >= 0 else { throw .attributeValue("N") }
        context.setOutput(0, a.elementType, Array(a.shape.dropLast()) + [columns])
      },
    ]

  /// Moves the axis behind the first to the end of the stack, then swaps the matrix's axes.
  private static func transposed(
    _ shape: [Int], matrix: Bool, batch: Bool
  ) throws(OperatorFault) -> [Int] {
    var shape = shape
    guard shape.count >= 2 else { return shape }
    if batch { shape.insert(shape.remove(at: 0), at: shape.count - 1) }
    if matrix { shape.swapAt(shape.count - 1, shape.count - 2) }
    return shape
  }

  /// The sum of operand and skip, normalized; statistics; the sum itself.
  private static func setSkipNormalization(
    _ context: inout OperatorContext
  ) throws(OperatorFault) {
    let x = try context.input(0)
    let statistics = try NormalizationOperators.outer(of: x, axis: -1)
    context.setOutput(0, x.elementType, x.shape)
    context.setOutput(1, .float32, statistics)
    context.setOutput(2, .float32, statistics)
    context.setOutput(3, x.elementType, x.shape)
  }

  // MARK: Training

  private static let gradients: [OperatorRule] =
    [
      "DropoutGrad", "FastGeluGrad", "GeluGrad", "LogSoftmaxGrad", "LogSoftmaxGrad_13",
      "QuickGeluGrad", "ReluGrad", "Scale", "SigmoidGrad", "SoftmaxGrad", "SoftmaxGrad_13",
      "TanhGrad",
    ].map { ElementwiseOperators.sameShape($0) } + [
      formed("ConvGrad", like: [1, 2]),
      formed("BatchNormalizationGrad", like: [1, 2, 2]),
      formed("LayerNormalizationGrad", like: [1, 2, 2]),
      formed("SimplifiedLayerNormalizationGrad", like: [1, 2]),
      formed("SoftmaxCrossEntropyLossGrad", like: [1]),
      formed("SoftmaxCrossEntropyLossInternalGrad", like: [1]),
      OperatorRule("BatchNormInternal") { context throws(OperatorFault) in
        for (output, input) in [0, 3, 4, 3, 4].enumerated() {
          let source = try context.input(input)
          context.setOutput(output, source.elementType, source.shape)
        }
      },
      OperatorRule("GatherGrad") { context throws(OperatorFault) in
        let type = try context.input(2).elementType
        context.setOutput(0, type, try ShapeOperators.extents(of: 0, context))
      },
      OperatorRule("InPlaceAccumulatorV2") { context throws(OperatorFault) in
        let buffer = try context.input(0)
        context.setOutput(0, .bool, [1])
        context.setOutput(1, buffer.elementType, buffer.shape)
      },
      OperatorRule("ConcatTraining", isMonotone: true) { context throws(OperatorFault) in
        var parts: [ValueFact] = []
        for index in context.inputs.indices { parts.append(try context.input(index)) }
        guard let axis = try context.int("axis") else { throw .missingAttribute("axis") }
        let whole = try SlicingOperators.concatenation(of: parts, axis: axis)
        let position = try Extents.axis(axis, rank: whole.rank)
        context.setOutput(0, whole)
        context.setOutput(
          1, .int64, [parts.count],
          value: .integers(parts.map { Int64($0.shape[position]) }))
      },
      OperatorRule("SplitTraining", isMonotone: true) { context throws(OperatorFault) in
        try SlicingOperators.setPieces(&context)
      },
    ]

  /// The rule of gradients that each have the form of one operand.
  private static func formed(_ type: String, like sources: [Int]) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      for (output, input) in sources.enumerated() {
        let source = try context.input(input)
        context.setOutput(output, source.elementType, source.shape)
      }
      if type == "ConvGrad" {
        // The bias has one element for each feature.
        let w = try context.input(2, rankAtLeast: 1)
        context.setOutput(2, w.elementType, [w.shape[0]])
      }
    }
  }
}
