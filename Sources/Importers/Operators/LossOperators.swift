// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Losses over class scores (batch, classes, space) and labels (batch, space).
enum LossOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("NegativeLogLikelihoodLoss") { context throws(OperatorFault) in
      try setLoss(&context)
    },
    crossEntropy("SoftmaxCrossEntropyLoss"),
  ]

  /// The rule of the loss of scores, and of their logarithms after normalizing.
  static func crossEntropy(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      try setLoss(&context)
      let scores = try context.input(0)
      context.setOutput(1, scores.elementType, scores.shape)
    }
  }

  private static func setLoss(_ context: inout OperatorContext) throws(OperatorFault) {
    let (scores, labels) = (try context.input(0, rankAtLeast: 2), try context.input(1))
    let expected = [scores.shape[0]] + scores.shape[2...]
    guard labels.shape == expected else {
      throw .extents(scores.shape, labels.shape, reason: "there is not one label for each score")
    }
    let isReduced = try context.string("reduction", default: "mean") != "none"
    context.setOutput(0, scores.elementType, isReduced ? [] : labels.shape)
  }
}
