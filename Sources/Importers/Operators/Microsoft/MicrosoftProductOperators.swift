// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's matrix products: transposed, with activations, with quantized weights.
enum MicrosoftProductOperators {
  static let rules: [OperatorRule] = dense + packed

  // MARK: Both operands as they are

  private static let dense: [OperatorRule] = [
    transposing("FusedMatMul"), transposing("FusedMatMulActivation"),
    transposing("TransposeMatMul"),
    transposing("SparseToDenseMatMul"),
    MatrixOperators.gemm("FusedGemm"),
    MatrixOperators.gemm("GemmFloat8") { context throws(OperatorFault) in
      try context.elementType("dtype") ?? .float32
    },
    MatrixOperators.gemm("QGemm", b: 3, c: 6) { context throws(OperatorFault) in
      // Without a zero point of the result it is not quantized again.
      try context.hasInput(8) ? context.input(8).elementType : .float32
    },
    product("GemmFastGelu", b: 1) { context throws(OperatorFault) in
      try context.input(0).elementType
    },
    product("DynamicQuantizeMatMul", b: 1) { context throws(OperatorFault) in
      try context.input(0).elementType
    },
    product("MatMulIntegerToFloat", b: 1) { context throws(OperatorFault) in
      try context.input(2).elementType
    },
    product("MatMulInteger16", b: 1) { context throws(OperatorFault) in
      try context.input(0).elementType == .uint16 ? .uint32 : .int32
    },
    product("QOrderedMatMul", b: 2) { context throws(OperatorFault) in
      try context.input(0).elementType
    },
  ]

  /// The rule of a product of operand 0 with operand `b`.
  private static func product(
    _ name: String, b: Int,
    type: @escaping @Sendable (OperatorContext) throws(OperatorFault) -> ElementType
  ) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let (x, y) = (try context.input(0), try context.input(b))
      context.setOutput(
        0, try type(context), try MatrixOperators.product(x.shape, y.shape, context))
    }
  }

  private static func transposing(_ name: String) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      // The left operand of a sparse product is no dense tensor, but has a shape.
      guard let a = context.optional(0) else { throw .missingInput(0) }
      let b = try context.input(1)
      let left = try transposed(
        a.shape, matrix: context.flag("transA"), batch: context.flag("transBatchA"))
      let right = try transposed(
        b.shape, matrix: context.flag("transB"), batch: context.flag("transBatchB"))
      context.setOutput(0, b.elementType, try MatrixOperators.product(left, right, context))
    }
  }

  /// Moves the first axis to the end of the stack, then swaps the matrix's axes.
  private static func transposed(
    _ shape: [Int], matrix: Bool, batch: Bool
  ) throws(OperatorFault) -> [Int] {
    var shape = shape
    guard shape.count >= 2 else { return shape }
    if batch { shape.insert(shape.remove(at: 0), at: shape.count - 1) }
    if matrix { shape.swapAt(shape.count - 1, shape.count - 2) }
    return shape
  }

  // MARK: Packed weights, whose columns attributes state

  private static let packed: [OperatorRule] = [
    OperatorRule("MatMulNBits") { context throws(OperatorFault) in
      try setProduct(0, columns: "N", &context)
    },
    OperatorRule("MatMulBnb4") { context throws(OperatorFault) in
      let isTransposed = try context.flag("transB", default: true)
      try setProduct(0, columns: isTransposed ? "N" : "K", &context)
    },
    OperatorRule("MatMulNBitsMlp") { context throws(OperatorFault) in
      try setProduct(0, columns: "N", &context)
      let a = try context.input(0)
      context.setOutput(1, a.elementType, a.shape)
    },
    OperatorRule("MatMulNBitsQkv") { context throws(OperatorFault) in
      for (output, columns) in ["Nq", "Nkv", "Nkv"].enumerated() {
        try setProduct(output, columns: columns, &context)
      }
      let a = try context.input(0)
      context.setOutput(3, a.elementType, a.shape)
    },
    rows("MatMulBlockQuantizedFp4Weight"), rows("MatMulBlockQuantizedFp8Weight"),
    OperatorRule("MatMulFpQ4") { context throws(OperatorFault) in
      let a = try context.input(0)
      let b = try ShapeOperators.extents(of: 2, context)
      context.setOutput(0, a.elementType, try MatrixOperators.product(a.shape, b, context))
    },
  ]

  private static func setProduct(
    _ output: Int, columns name: String, _ context: inout OperatorContext
  ) throws(OperatorFault) {
    let a = try context.input(0, rankAtLeast: 1)
    guard let columns = try context.int(name), columns >= 0 else { throw .attributeValue(name) }
    context.setOutput(output, a.elementType, Array(a.shape.dropLast()) + [columns])
  }

  /// The rule of a product whose weights have a row for each column of the result.
  private static func rows(_ name: String) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let (a, b) = (try context.input(0, rankAtLeast: 1), try context.input(1, rankAtLeast: 1))
      context.setOutput(0, a.elementType, Array(a.shape.dropLast()) + [b.shape[0]])
    }
  }
}
