// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// What ONNX Runtime's training builds gradients of, and its other operators of training graphs.
enum MicrosoftTrainingOperators {
  static let rules: [OperatorRule] =
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
