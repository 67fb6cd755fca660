// SPDX-License-Identifier: Apache-2.0
import GraphIR

extension [Int] {
  /// The shape (batch, space, channels) as (batch, channels, space).
  ///
  /// - Precondition: There are at least two axes.
  var channelsFirst: [Int] { [self[0], self[count - 1]] + self[1..<(count - 1)] }

  /// The shape (batch, channels, space) as (batch, space, channels).
  ///
  /// - Precondition: There are at least two axes.
  var channelsLast: [Int] { [self[0]] + self[2...] + [self[1]] }
}

extension OperatorRule {
  /// The same rule for operands and results whose channels come last.
  ///
  /// Operand 0 and every result with spatial axes are turned; elements of such operands do not
  /// count.
  ///
  /// - Parameter flag: The attribute that says so; if left out, they always do.
  func channelsLast(where flag: String? = nil) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      if let flag, try !context.flag(flag) {
        try infer(&context)
        return
      }
      var x = try context.input(0, rankAtLeast: 3)
      x.shape = x.shape.channelsFirst
      x.value = nil
      var inputs = context.inputs
      inputs[0] = x
      var turned = OperatorContext(
        domain: context.domain, type: context.type, version: context.version, inputs: inputs,
        attributes: context.attributes, constants: context.constants,
        outputCount: context.outputs.count)
      try infer(&turned)
      for (index, output) in turned.outputs.enumerated() {
        guard var fact = output else { continue }
        if fact.rank >= 3 { fact.shape = fact.shape.channelsLast }
        fact.value = nil
        context.setOutput(index, fact)
      }
    }
  }
}
