// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Optimizer steps of ONNX's training domain. After the rate and the step count come the tensors,
/// their gradients, and one group for each state; results are the tensors and states.
enum TrainingOperators {
  static let rules: [OperatorRule] = [
    step("Adagrad", states: 1), step("Adam", states: 2), step("Momentum", states: 1),
    OperatorRule("Gradient") { context throws(OperatorFault) in
      // Its first operands are what the gradients are taken with respect to, by the names that the
      // attribute lists. What it computes in between is hidden in it.
      guard case .strings(let variables)? = context.attribute("xs") else {
        throw .missingAttribute("xs")
      }
      for index in variables.indices {
        let source = try context.input(index)
        context.setOutput(index, source.elementType, source.shape)
      }
    },
  ]

  private static func step(_ type: String, states: Int) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let groups = states + 2
      guard context.inputs.count > 2, (context.inputs.count - 2) % groups == 0 else {
        throw .missingInput(context.inputs.count)
      }
      let count = (context.inputs.count - 2) / groups
      for index in 0..<count * (states + 1) {
        // The group of gradients has no results.
        let source = try context.input(2 + index + (index >= count ? count : 0))
        context.setOutput(index, source.elementType, source.shape)
      }
    }
  }
}
