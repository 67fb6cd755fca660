// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Recurrent networks over whole sequences.
enum RecurrentOperators {
  static let rules: [OperatorRule] = [
    recurrent("RNN", gates: 1), recurrent("GRU", gates: 3), recurrent("LSTM", gates: 4),
  ]

  /// X is (steps, batch, features), or (batch, steps, features) where `layout` is 1; W is
  /// (directions, gates · hidden, features).
  static func recurrent(_ type: String, gates: Int) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rank: 3), try context.input(1, rank: 3))
      let hidden = try context.int("hidden_size", default: w.shape[1] / gates)
      guard hidden >= 0, try Extents.product(hidden, gates) == w.shape[1] else {
        throw .attributeValue("hidden_size")
      }
      let directions: Int
      switch try context.string("direction", default: "forward").lowercased() {
      case "forward", "reverse": directions = 1
      case "bidirectional": directions = 2
      default: throw .attributeValue("direction")
      }
      guard w.shape[0] == directions else {
        throw .extents(w.shape, [directions], reason: "the weights are for other directions")
      }
      let isBatchFirst = try context.flag("layout")
      let (steps, batch) = isBatchFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
      let last =
        isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
      context.setOutput(
        0, x.elementType,
        isBatchFirst
          ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden])
      context.setOutput(1, x.elementType, last)
      context.setOutput(2, x.elementType, last)
    }
  }
}
