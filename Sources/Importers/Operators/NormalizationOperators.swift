// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Normalizations, softmax, dropout: the first result has the shape of the first operand, further
/// ones hold statistics or masks.
enum NormalizationOperators {
  static let rules: [OperatorRule] =
    [
      "InstanceNormalization", "GroupNormalization", "LpNormalization", "LRN",
      "MeanVarianceNormalization",
    ].map { ElementwiseOperators.sameShape($0) } + [
      alongAxis("Softmax"), alongAxis("LogSoftmax"), alongAxis("Hardmax"),
      batchNormalization("BatchNormalization"),
      OperatorRule("LayerNormalization") { context throws(OperatorFault) in
        let x = try context.input(0)
        let statistics = try outer(of: x, axis: try context.int("axis", default: -1))
        let type = try context.elementType("stash_type") ?? .float32
        context.setOutput(0, x.elementType, x.shape)
        context.setOutput(1, type, statistics)
        context.setOutput(2, type, statistics)
      },
      OperatorRule("RMSNormalization") { context throws(OperatorFault) in
        let (x, scale) = (try context.input(0), try context.input(1))
        _ = try outer(of: x, axis: try context.int("axis", default: -1))
        context.setOutput(0, scale.elementType, x.shape)
      },
      OperatorRule("SimplifiedLayerNormalization") { context throws(OperatorFault) in
        let (x, scale) = (try context.input(0), try context.input(1))
        let statistics = try outer(of: x, axis: try context.int("axis", default: -1))
        let type = try context.elementType("stash_type") ?? .float32
        context.setOutput(0, scale.elementType, x.shape)
        context.setOutput(1, type, statistics)
      },
      OperatorRule("Dropout", isMonotone: true) { context throws(OperatorFault) in
        let x = try context.input(0)
        context.setOutput(0, x.elementType, x.shape)
        // Before version 10 the mask has the type of the data.
        context.setOutput(1, context.version >= 10 ? .bool : x.elementType, x.shape)
      },
    ]

  /// The rule of normalizing each channel over batch and space.
  static func batchNormalization(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 1)
      context.setOutput(0, x.elementType, x.shape)
      // Version 14 and newer: running mean and variance, in the type of the given ones. Older:
      // also the saved ones of the batch. All have one element for each channel.
      for index in context.outputs.indices.dropFirst() {
        let source = try context.input(index % 2 == 1 ? 3 : 4)
        context.setOutput(index, source.elementType, source.shape)
      }
    }
  }

  private static func alongAxis(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      if x.rank > 0 {
        let standard = context.version >= 13 ? -1 : 1
        let axis = try context.int("axis", default: standard)
        // Older versions flatten at the axis, which may then be the rank.
        if !(axis == x.rank && context.version < 13) { _ = try Extents.axis(axis, rank: x.rank) }
      }
      context.setOutput(0, x.elementType, x.shape)
    }
  }

  /// The shape of statistics over `axis` and all behind it, whose extents become 1.
  static func outer(of x: ValueFact, axis: Int) throws(OperatorFault) -> [Int] {
    let axis = try Extents.axis(axis, rank: x.rank)
    return x.shape.indices.map { $0 < axis ? x.shape[$0] : 1 }
  }
}
