// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Convolutions: plain, transposed, deformable, integer and quantized ones.
enum ConvolutionOperators {
  static let rules: [OperatorRule] = [
    convolution("Conv"), quantizedConvolution("QLinearConv"),
    transposedConvolution("ConvTranspose"),
    OperatorRule("ConvInteger") { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(1))
      context.setOutput(0, .int32, try convolved(x, w, context))
    },
    convolution("DeformConv"),
  ]

  /// The rule of a convolution of operand 0 with operand 1.
  static func convolution(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(1))
      context.setOutput(0, x.elementType, try convolved(x, w, context))
    }
  }

  /// The rule of a convolution whose operands have scales and zero points behind them.
  static func quantizedConvolution(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(3))
      let type = context.optional(7)?.elementType ?? x.elementType
      context.setOutput(0, type, try convolved(x, w, context))
    }
  }

  /// The rule of a transposed convolution of operand 0 with operand 1.
  static func transposedConvolution(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(1))
      context.setOutput(0, x.elementType, try transposed(x, w, context))
    }
  }

  /// The shape of a convolution of `x` (batch, channels, space) with `w` (features, channels of a
  /// group, window).
  static func convolved(
    _ x: ValueFact, _ w: ValueFact, _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    guard w.rank == x.rank else {
      throw .rank(input: 1, shape: w.shape, needed: "\(x.rank) axes")
    }
    let groups = try context.int("group", default: 1)
    guard groups >= 1 else { throw .attributeValue("group") }
    guard try Extents.product(w.shape[1], groups) == x.shape[1] else {
      throw .extents(x.shape, w.shape, reason: "the channels are not those of \(groups) groups")
    }
    let window = try SlidingWindow(kernel: try kernel(of: w, context), context)
    return [x.shape[0], w.shape[0]] + (try window.positions(over: Array(x.shape[2...])))
  }

  /// The window's extents: those of the weights, which the attribute may only repeat.
  private static func kernel(
    of w: ValueFact, _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    let extents = Array(w.shape[2...])
    if let stated = try context.ints("kernel_shape"), stated != extents {
      throw .extents(stated, w.shape, reason: "kernel_shape is not that of the weights")
    }
    return extents
  }

  /// The shape of a transposed convolution.
  ///
  /// - Parameter pads: The paddings before, then after, each axis, where no attribute states them.
  static func transposed(
    _ x: ValueFact, _ w: ValueFact, _ context: OperatorContext, pads: [Int]? = nil
  ) throws(OperatorFault) -> [Int] {
    guard w.rank == x.rank else {
      throw .rank(input: 1, shape: w.shape, needed: "\(x.rank) axes")
    }
    guard w.shape[0] == x.shape[1] else {
      throw .extents(x.shape, w.shape, reason: "the channels differ")
    }
    let groups = try context.int("group", default: 1)
    guard groups >= 1 else { throw .attributeValue("group") }
    let features = try Extents.product(w.shape[1], groups)
    let space = x.rank - 2
    if let stated = try context.ints("output_shape"), !stated.isEmpty {
      // Some writers list batch and channels too.
      let extents = Array(stated.suffix(space))
      guard stated.count == space || stated.count == x.rank, extents.allSatisfy({ $0 >= 0 }) else {
        throw .attributeValue("output_shape")
      }
      return [x.shape[0], features] + extents
    }
    let window = try SlidingWindow(kernel: try kernel(of: w, context), pads: pads, context)
    let extra = try context.sizes("output_padding", count: space, least: 0, default: 0)
    return [x.shape[0], features]
      + (try window.cover(of: Array(x.shape[2...]), extra: extra))
  }
}
