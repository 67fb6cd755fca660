// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's searches for the likeliest text, which run a decoder that is a graph of their own.
enum MicrosoftSearchOperators {
  static let rules: [OperatorRule] = [
    beamSearch("BeamSearch"), beamSearch("WhisperBeamSearch"),
    OperatorRule("GreedySearch") { context throws(OperatorFault) in
      try setSequences(&context)
    },
    OperatorRule("Sampling") { context throws(OperatorFault) in
      try setSequences(&context)
      let batch = try context.input(0, rank: 2).shape[0]
      if let words = try words(context) {
        context.setOutput(1, try scoreType(input: 3, context), [batch, words])
      }
    },
  ]

  /// The type of scores: that of the penalty beside them.
  private static func scoreType(
    input: Int, _ context: OperatorContext
  ) throws(OperatorFault) -> ElementType {
    context.optional(input)?.elementType ?? .float32
  }

  /// The size of the vocabulary, if the node states it.
  private static func words(_ context: OperatorContext) throws(OperatorFault) -> Int? {
    let count = try context.int("vocab_size", default: -1)
    return count > 0 ? count : nil
  }

  private static func setSequences(_ context: inout OperatorContext) throws(OperatorFault) {
    let ids = try context.input(0, rank: 2)
    let length = try Extents.extent(Int64(try context.integer(1)), input: 1)
    context.setOutput(0, .int32, [ids.shape[0], length])
  }

  private static func beamSearch(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let prompt = try context.input(0, rankAtLeast: 2)
      let batch = prompt.shape[0]
      let length = try Extents.extent(Int64(try context.integer(1)), input: 1)
      let beams = try Extents.extent(Int64(try context.integer(3)), input: 3)
      let sequences = try Extents.extent(Int64(try context.integer(4)), input: 4)
      let scores = try scoreType(input: 5, context)
      context.setOutput(0, .int32, [batch, sequences, length])
      context.setOutput(1, scores, [batch, sequences])
      if let words = try words(context) {
        context.setBound(2, scores, [length, batch, beams, words])
      }
      if type == "WhisperBeamSearch" { context.setOutput(4, scores, [batch]) }
    }
  }
}
