// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that change the element type, quantization among them.
enum CastingOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("Cast", isMonotone: true) { context throws(OperatorFault) in
      let x = try context.input(0)
      let type = try target(context)
      context.setOutput(0, type, x.shape, value: x.value?.cast(to: type))
      let span = x.elementSpan
      if let span, type.isIntegral, type != .bool, type.wrapped(span.lowerBound) == span.lowerBound,
        type.wrapped(span.upperBound) == span.upperBound
      {
        context.setSpan(0, span)
      }
    },
    OperatorRule("CastLike", isMonotone: true) { context throws(OperatorFault) in
      let (x, type) = (try context.input(0), try context.input(1).elementType)
      context.setOutput(0, type, x.shape, value: x.value?.cast(to: type))
    },
    OperatorRule("BitCast") { context throws(OperatorFault) in
      guard let type = try context.elementType("to") else { throw .missingAttribute("to") }
      context.setOutput(0, type, try context.input(0).shape)
    },
    quantize("QuantizeLinear"),
    dequantize("DequantizeLinear"),
    OperatorRule("DynamicQuantizeLinear") { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(0, .uint8, x.shape)
      context.setOutput(1, .float32, [])
      context.setOutput(2, .uint8, [])
    },
  ]

  /// The rule of quantizing: the zero point has the type of the result.
  static func quantize(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      let type =
        try context.elementType("output_dtype") ?? context.optional(2)?.elementType ?? .uint8
      context.setOutput(0, type, x.shape)
    }
  }

  /// The rule of dequantizing: the scale has the type of the result.
  static func dequantize(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      let scaleType = try context.input(1).elementType
      context.setOutput(0, try context.elementType("output_dtype") ?? scaleType, x.shape)
    }
  }

  /// The type to convert to: a number, or a name in version 1.
  private static func target(_ context: OperatorContext) throws(OperatorFault) -> ElementType {
    if case .string(let name) = context.attribute("to") {
      guard let type = Self.typesByName[name] else { throw .attributeValue("to") }
      return type
    }
    guard let type = try context.elementType("to") else { throw .missingAttribute("to") }
    return type
  }

  private static let typesByName: [String: ElementType] = [
    "FLOAT": .float32, "UINT8": .uint8, "INT8": .int8, "UINT16": .uint16, "INT16": .int16,
    "INT32": .int32, "INT64": .int64, "STRING": .string, "BOOL": .bool, "FLOAT16": .float16,
    "DOUBLE": .float64, "UINT32": .uint32, "UINT64": .uint64, "COMPLEX64": .complex64,
    "COMPLEX128": .complex128,
  ]
}
