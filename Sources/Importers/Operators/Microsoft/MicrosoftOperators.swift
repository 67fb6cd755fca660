// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's own activations, gates and small functions, which its optimizer and exporters
/// write; those of a family of their own are in the other files beside this one.
enum MicrosoftOperators {
  static let rules: [OperatorRule] = likeFirst + dropouts + tensors + signals + counts

  // MARK: Of the operand's form

  /// Operators whose result 0 has the type and shape of operand 0.
  private static let likeFirst: [OperatorRule] =
    [
      "BiasAdd", "BiasGelu", "BiasSoftmax", "BranchwiseRMSNorm", "FastGelu", "GatedAdd",
      "GatedRMSNorm", "Gelu", "HyperConnectionPostMix", "Inverse", "MoE", "QMoE", "QuickGelu",
      "SampleOp", "ScaledSiLU", "Trilu",
    ].map { ElementwiseOperators.sameShape($0) } + [
      OperatorRule("LinearAttentionGate") { context throws(OperatorFault) in
        for (output, input) in [0, 3].enumerated() where context.hasInput(input) {
          let source = try context.input(input)
          context.setOutput(output, source.elementType, source.shape)
        }
      },
      OperatorRule("EngramGate") { context throws(OperatorFault) in
        let key = try context.input(0)
        for output in 0..<2 { context.setOutput(output, key.elementType, key.shape) }
      },
      OperatorRule("NGramRepeatBlock") { context throws(OperatorFault) in
        let scores = try context.input(1)
        context.setOutput(0, scores.elementType, scores.shape)
      },
    ]

  // MARK: Dropout

  private static let dropouts: [OperatorRule] = [
    dropout("BiasDropout", isPacked: false), dropout("BitmaskBiasDropout", isPacked: true),
    dropout("BitmaskDropout", isPacked: true),
  ]

  /// The mask has one truth value for each element, or one bit, packed into words.
  private static func dropout(_ type: String, isPacked: Bool) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(0, x.elementType, x.shape)
      if isPacked {
        context.setOutput(1, .uint32, [try Extents.sum(x.elementCount, 31) / 32])
      } else {
        context.setOutput(1, .bool, x.shape)
      }
    }
  }

  // MARK: Tensors

  private static let tensors: [OperatorRule] = [
    OperatorRule("BiasSplitGelu") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 1)
      var shape = x.shape
      shape[x.rank - 1] /= 2
      context.setOutput(0, x.elementType, shape)
    },
    stretched("ComplexMul"), stretched("ComplexMulConj"),
    OperatorRule("CDist") { context throws(OperatorFault) in
      let (a, b) = (try context.input(0, rank: 2), try context.input(1, rank: 2))
      context.setOutput(0, a.elementType, [a.shape[0], b.shape[0]])
    },
    OperatorRule("ExpandDims", isMonotone: true) { context throws(OperatorFault) in
      let x = try context.input(0)
      let axis = try Extents.axis(try context.integer(1), rank: x.rank + 1)
      var fact = x
      fact.shape.insert(1, at: axis)
      context.setOutput(0, fact)
    },
    OperatorRule("UnfoldTensor") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 1)
      let axis = try Extents.axis(try context.int("dim", default: -1), rank: x.rank)
      guard let size = try context.int("size"), size > 0, size <= x.shape[axis] else {
        throw .attributeValue("size")
      }
      let step = try context.int("step", default: 1)
      guard step > 0 else { throw .attributeValue("step") }
      var shape = x.shape + [size]
      shape[axis] = (x.shape[axis] - size) / step + 1
      context.setOutput(0, x.elementType, shape)
    },
    OperatorRule("TorchEmbedding") { context throws(OperatorFault) in
      let (weight, indices) = (try context.input(0, rank: 2), try context.input(1))
      context.setOutput(0, weight.elementType, indices.shape + [weight.shape[1]])
    },
    OperatorRule("WordConvEmbedding") { context throws(OperatorFault) in
      let words = try context.input(0, rankAtLeast: 1)
      let w = try context.input(1, rankAtLeast: 1)
      context.setOutput(0, w.elementType, [words.shape[0], w.shape[0]])
    },
    IndexingOperators.elements("GatherND"),
    ResamplingOperators.sampling("GridSample"),
    ResamplingOperators.padding("Pad"),
    GeneratorOperators.ranging("Range"),
    OperatorRule("HyperConnectionPreMix") { context throws(OperatorFault) in
      // Streams lie one behind the other, or flattened in the last axis.
      let x = try context.input(0, rankAtLeast: 1)
      var shape = x.shape
      let branches = try context.int("num_branches", default: 0)
      if branches > 0 {
        guard shape[x.rank - 1] % branches == 0 else { throw .attributeValue("num_branches") }
        shape[x.rank - 1] /= branches
      } else {
        guard x.rank >= 2 else { throw .rank(input: 0, shape: shape, needed: "2 axes") }
        shape.remove(at: x.rank - 2)
      }
      context.setOutput(0, x.elementType, shape)
    },
  ]

  private static func stretched(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      context.setOutput(
        0, try context.input(0).elementType, try context.broadcastShape(of: 0..<2))
    }
  }

  // MARK: Fourier transforms

  private static let signals: [OperatorRule] = [
    OperatorRule("Rfft") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 1)
      var shape = x.shape
      if try context.flag("onesided", default: true) {
        shape[x.rank - 1] = shape[x.rank - 1] / 2 + 1
      }
      context.setOutput(0, x.elementType, shape + [2])
    },
    OperatorRule("Irfft") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 2)
      var shape = Array(x.shape.dropLast())
      if try context.flag("onesided", default: true) {
        shape[x.rank - 2] = max(2 * (shape[x.rank - 2] - 1), 0)
      }
      context.setOutput(0, x.elementType, shape)
    },
  ]

  // MARK: Tests, hashes, what data decides

  private static let counts: [OperatorRule] = [
    OperatorRule("IsAllFinite") { context throws(OperatorFault) in
      context.setOutput(0, .bool, [])
    },
    OperatorRule("MurmurHash3") { context throws(OperatorFault) in
      let isPositive = try context.flag("positive", default: true)
      context.setOutput(0, isPositive ? .uint32 : .int32, try context.input(0).shape)
    },
    OperatorRule("Unique") { context throws(OperatorFault) in
      let x = try context.input(0, rank: 1)
      context.setBound(0, x.elementType, x.shape)
      context.setOutput(1, .int64, x.shape)
      context.setBound(2, .int64, x.shape)
    },
    OperatorRule("DynamicTimeWarping") { context throws(OperatorFault) in
      let costs = try context.input(0, rankAtLeast: 2)
      let (rows, columns) = (costs.shape[costs.rank - 2], costs.shape[costs.rank - 1])
      context.setBound(0, .int32, [2, max(rows + columns - 1, 0)])
    },
    OperatorRule("BifurcationDetector") { context throws(OperatorFault) in
      let tokens = try context.input(1, rank: 1)
      // At most all predicted tokens, and one more that follows them, are added.
      let added = try context.hasInput(3) ? context.input(3, rank: 1).shape[0] : 0
      context.setBound(0, tokens.elementType, [tokens.shape[0] + added])
      let last = try context.input(2)
      context.setOutput(1, last.elementType, last.shape)
    },
    OperatorRule("QuantizeBFP") { context throws(OperatorFault) in
      // The blocks' own format decides the bytes of result 0, which the file has to state.
      let rank = try context.input(0).rank
      context.setOutput(1, .int64, [rank])
      context.setOutput(2, .int64, [rank])
    },
    OperatorRule("DequantizeBFP") { context throws(OperatorFault) in
      context.setOutput(
        0, try context.elementType("dtype") ?? .float32, try ShapeOperators.extents(of: 1, context))
    },
  ]
}
