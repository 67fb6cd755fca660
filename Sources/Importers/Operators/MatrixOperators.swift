// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Matrix products and what is built of them.
enum MatrixOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("MatMul") { context throws(OperatorFault) in
      let (a, b) = (try context.input(0), try context.input(1))
      context.setOutput(0, a.elementType, try product(a.shape, b.shape, context))
    },
    OperatorRule("MatMulInteger") { context throws(OperatorFault) in
      let (a, b) = (try context.input(0), try context.input(1))
      context.setOutput(0, .int32, try product(a.shape, b.shape, context))
    },
    OperatorRule("QLinearMatMul") { context throws(OperatorFault) in
      let (a, b) = (try context.input(0), try context.input(3))
      let type = context.optional(7)?.elementType ?? a.elementType
      context.setOutput(0, type, try product(a.shape, b.shape, context))
    },
    gemm("Gemm"),
    OperatorRule("Det") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 2)
      context.setOutput(0, x.elementType, Array(x.shape.dropLast(2)))
    },
    OperatorRule("Einsum") { context throws(OperatorFault) in
      var shapes: [[Int]] = []
      for index in context.inputs.indices { shapes.append(try context.input(index).shape) }
      let equation = try context.string("equation", default: "")
      context.setOutput(
        0, try context.input(0).elementType, try EinsumEquation(equation).shape(of: shapes))
    },
  ]

  /// The rule of the product of two matrices, turned where attributes say so, plus a third.
  ///
  /// - Parameters:
  ///   - b: The input that is the right operand.
  ///   - c: The input that is added, if it is there.
  ///   - elementType: The type of the result; that of operand 0 if left out.
  static func gemm(
    _ type: String, b: Int = 1, c: Int = 2,
    elementType: (@Sendable (OperatorContext) throws(OperatorFault) -> ElementType)? = nil
  ) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let left = try matrix(context.input(0, rank: 2).shape, isTransposed: context.flag("transA"))
      let right = try matrix(context.input(b, rank: 2).shape, isTransposed: context.flag("transB"))
      guard left.columns == right.rows || context.hasBounds else {
        throw .extents(
          [left.rows, left.columns], [right.rows, right.columns],
          reason: "the inner extents differ")
      }
      let shape = [left.rows, right.columns]
      if let c = context.optional(c), !context.hasBounds,
        try Extents.broadcast(shape, c.shape) != shape
      {
        throw .notBroadcastable(shape, c.shape)
      }
      var type = try context.input(0).elementType
      if let elementType { type = try elementType(context) }
      context.setOutput(0, type, shape)
    }
  }

  private static func matrix(
    _ shape: [Int], isTransposed: Bool
  ) -> (rows: Int, columns: Int) {
    isTransposed ? (shape[1], shape[0]) : (shape[0], shape[1])
  }

  /// The shape of a product of stacks of matrices: leading axes broadcast, a vector on the left is
  /// a row, one on the right a column, and its axis goes away.
  static func product(
    _ a: [Int], _ b: [Int], _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    guard !a.isEmpty else { throw .rank(input: 0, shape: a, needed: "at least 1 axis") }
    guard !b.isEmpty else { throw .rank(input: 1, shape: b, needed: "at least 1 axis") }
    let left = a.count == 1 ? [1] + a : a
    let right = b.count == 1 ? b + [1] : b
    guard left[left.count - 1] == right[right.count - 2] || context.hasBounds else {
      throw .extents(a, b, reason: "the inner extents differ")
    }
    var shape = try Extents.broadcast(
      Array(left.dropLast(2)), Array(right.dropLast(2)), areBounds: context.hasBounds)
    if a.count > 1 { shape.append(left[left.count - 2]) }
    if b.count > 1 { shape.append(right[right.count - 1]) }
    return shape
  }
}
