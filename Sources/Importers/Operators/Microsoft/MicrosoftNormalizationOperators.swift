// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's normalizations: with residual sums, of groups, of embeddings.
enum MicrosoftNormalizationOperators {
  static let rules: [OperatorRule] = [
    skip("SkipLayerNormalization"), skip("SkipSimplifiedLayerNormalization"),
    ElementwiseOperators.sameShape("GroupNorm"),
    OperatorRule("SkipGroupNorm") { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(0, x.elementType, x.shape)
      context.setOutput(1, x.elementType, x.shape)
    },
    OperatorRule("EmbedLayerNormalization") { context throws(OperatorFault) in
      let ids = try context.input(0, rank: 2)
      let words = try context.input(2, rank: 2)
      let shape = ids.shape + [words.shape[1]]
      context.setOutput(0, words.elementType, shape)
      context.setOutput(1, .int32, [ids.shape[0]])
      context.setOutput(2, words.elementType, shape)
    },
    OperatorRule("QEmbedLayerNormalization") { context throws(OperatorFault) in
      let ids = try context.input(0, rank: 2)
      let words = try context.input(2, rank: 2)
      let type = try context.input(8).elementType
      context.setOutput(0, type, ids.shape + [words.shape[1]])
      context.setOutput(1, .int32, [ids.shape[0]])
    },
  ]

  /// The sum of operand and skip, normalized; statistics; the sum itself.
  private static func skip(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      let statistics = try NormalizationOperators.outer(of: x, axis: -1)
      context.setOutput(0, x.elementType, x.shape)
      context.setOutput(1, .float32, statistics)
      context.setOutput(2, .float32, statistics)
      context.setOutput(3, x.elementType, x.shape)
    }
  }
}
