// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// What ONNX Runtime's training builds gradients of, and its other operators of training graphs.
enum MicrosoftTrainingOperators {
  static let rules: [OperatorRule] =
    [
      "DropoutGrad", "EluGrad", "ErfGrad", "FakeQuantGrad", "FastGeluGrad", "GeluGrad",
      "LeakyReluGrad", "LogSoftmaxGrad", "LogSoftmaxGrad_13", "QuickGeluGrad", "ReluGrad", "Scale",
      "ScaledSum", "SigmoidGrad", "SoftmaxGrad", "SoftmaxGrad_13", "TanhGrad", "ZeroGradient",
    ].map { ElementwiseOperators.sameShape($0) } + [
      formed("ConvGrad", like: [1, 2]),
      formed("BatchNormalizationGrad", like: [1, 2, 2]),
      formed("LayerNormalizationGrad", like: [1, 2, 2]),
      formed("SimplifiedLayerNormalizationGrad", like: [1, 2]),
      formed("SoftmaxCrossEntropyLossGrad", like: [1]),
      formed("SoftmaxCrossEntropyLossInternalGrad", like: [1]),
      formed("BiasGeluGrad_dX", like: [1]), formed("BiasFastGeluGrad_dX", like: [1]),
      formed("InvertibleLayerNormalizationGrad", like: [1, 2, 3]),
      LossOperators.crossEntropy("SoftmaxCrossEntropyLossInternal"),
      shaped("GatherElementsGrad", shape: 1, type: 0), shaped("SliceGrad", shape: 1, type: 0),
      shaped("GatherNDGrad", shape: 0, type: 2), shaped("GatherGrad", shape: 0, type: 2),
      ReductionOperators.reduction("ReduceSumTraining"),
      OperatorRule("FakeQuant") { context throws(OperatorFault) in
        let x = try context.input(0)
        context.setOutput(0, x.elementType, x.shape)
        context.setOutput(1, .bool, x.shape)
      },
      OperatorRule("PassThrough") { context throws(OperatorFault) in
        for index in context.inputs.indices { context.setOutput(index, context.optional(index)) }
      },
      OperatorRule("ReduceAllL2") { context throws(OperatorFault) in
        context.setOutput(0, .float32, [])
      },
      optimizer("AdamWOptimizer", updated: [2, 4, 5]), optimizer("SGDOptimizerV2", updated: [1]),
      OperatorRule("BatchNormInternal") { context throws(OperatorFault) in
        for (output, input) in [0, 3, 4, 3, 4].enumerated() {
          let source = try context.input(input)
          context.setOutput(output, source.elementType, source.shape)
        }
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

  /// The rule of a gradient whose shape an operand holds.
  private static func shaped(_ name: String, shape: Int, type: Int) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let type = try context.input(type).elementType
      context.setOutput(0, type, try ShapeOperators.extents(of: shape, context))
    }
  }

  /// The rule of an optimizer's step: whether it was taken, then the sequences it has updated.
  private static func optimizer(_ name: String, updated: [Int]) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      context.setOutput(0, .bool, [1])
      for (output, input) in updated.enumerated() {
        context.setOutput(output + 1, context.optional(input))
      }
    }
  }

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
