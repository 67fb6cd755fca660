// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's operators on quantized tensors, each with scales and zero points beside it;
/// convolutions and products are with their families.
enum MicrosoftQuantizedOperators {
  static let rules: [OperatorRule] =
    elementwise + conversions + [
      OperatorRule("QLinearConcat") { context throws(OperatorFault) in
        var parts: [ValueFact] = []
        // The result's scale and zero point come first, then every part with both of its own.
        for index in stride(from: 2, to: context.inputs.count, by: 3) {
          parts.append(try context.input(index))
        }
        guard let axis = try context.int("axis") else { throw .missingAttribute("axis") }
        let whole = try SlicingOperators.concatenation(of: parts, axis: axis)
        context.setOutput(0, try context.input(1).elementType, whole.shape)
      },
      reduction("QLinearReduceMean") { $0 },
      reduction("ReduceSumInteger") { $0 == .uint8 ? .uint32 : .int32 },
      OperatorRule("GatherBlockQuantized") { context throws(OperatorFault) in
        let (data, indices) = (try context.input(0, rankAtLeast: 1), try context.input(1))
        let axis = try Extents.axis(try context.int("gather_axis", default: 0), rank: data.rank)
        var shape = Array(data.shape[..<axis]) + indices.shape + Array(data.shape[(axis + 1)...])
        let bits = try context.int("bits", default: 4)
        if data.elementType == .uint8, axis < data.rank - 1 {
          // Elements narrower than a byte lie in bytes along the last axis.
          guard [2, 4, 8].contains(bits) else { throw .attributeValue("bits") }
          shape[shape.count - 1] = try Extents.product(shape[shape.count - 1], 8 / bits)
        }
        context.setOutput(0, try context.input(2).elementType, shape)
      },
    ]

  // MARK: Element by element

  private static let elementwise: [OperatorRule] =
    [
      "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", "QOrderedGelu",
      "QOrderedLayerNormalization",
    ].map { ElementwiseOperators.sameShape($0) } + [
      stretched("QLinearAdd", [0, 3]), stretched("QLinearMul", [0, 3]),
      stretched("QLinearWhere", [1, 4, 0]),
      stretched("MulInteger", [0, 2], type: .int32),
    ]

  /// The rule of operands stretched to each other; the type is that of the first of them.
  private static func stretched(
    _ name: String, _ operands: [Int], type: ElementType? = nil
  ) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let first = try context.input(operands[0]).elementType
      context.setOutput(0, type ?? first, try context.broadcastShape(of: operands))
    }
  }

  /// The rule of reducing the axes that an attribute names.
  private static func reduction(
    _ name: String, type: @escaping @Sendable (ElementType) -> ElementType
  ) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let x = try context.input(0)
      guard let stated = try context.ints("axes") else { throw .missingAttribute("axes") }
      let axes = try Extents.axes(stated, rank: x.rank)
      let shape = ReductionOperators.shape(
        of: x.shape, without: axes, keeping: try context.flag("keepdims", default: true))
      context.setOutput(0, type(x.elementType), shape)
    }
  }

  // MARK: To and from

  private static let conversions: [OperatorRule] = [
    CastingOperators.quantize("QuantizeLinear"), CastingOperators.dequantize("DequantizeLinear"),
    OperatorRule("QuantizeWithOrder") { context throws(OperatorFault) in
      context.setOutput(0, .int8, try context.input(0).shape)
    },
    OperatorRule("DequantizeWithOrder") { context throws(OperatorFault) in
      guard let type = try context.elementType("to") else { throw .missingAttribute("to") }
      context.setOutput(0, type, try context.input(0).shape)
    },
  ]
}
