// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Pooling over windows, whole feature maps and regions.
enum PoolingOperators {
  static let rules: [OperatorRule] = [
    pooling("AveragePool"), pooling("LpPool"), pooling("MaxPool"),
    global("GlobalAveragePool"), global("GlobalMaxPool"), global("GlobalLpPool"),
    unpooling("MaxUnpool"),
    // Of onnxruntime's training: the gradient of what was pooled, whose places are an operand.
    OperatorRule("MaxPoolGrad") { context throws(OperatorFault) in
      let (gradient, places) = (try context.input(0), try context.input(1))
      guard let pooled = places.elements.first else {
        throw .unsupported("indices that no MaxPool of the graph makes")
      }
      context.setOutput(0, gradient.elementType, pooled.shape)
    },
    OperatorRule("MaxRoiPool") { context throws(OperatorFault) in
      let (x, regions) = (try context.input(0, rank: 4), try context.input(1, rank: 2))
      guard let pooled = try context.ints("pooled_shape"), pooled.count == 2,
        pooled.allSatisfy({ $0 >= 0 })
      else { throw .attributeValue("pooled_shape") }
      context.setOutput(0, x.elementType, [regions.shape[0], x.shape[1]] + pooled)
    },
    OperatorRule("RoiAlign") { context throws(OperatorFault) in
      let (x, regions) = (try context.input(0, rank: 4), try context.input(1, rank: 2))
      let height = try context.int("output_height", default: 1)
      let width = try context.int("output_width", default: 1)
      guard height >= 0, width >= 0 else { throw .attributeValue("output_height") }
      context.setOutput(0, x.elementType, [regions.shape[0], x.shape[1], height, width])
    },
  ]

  private static func kernel(
    _ context: OperatorContext, rank: Int
  ) throws(OperatorFault) -> [Int] {
    guard let kernel = try context.ints("kernel_shape") else {
      throw .missingAttribute("kernel_shape")
    }
    guard kernel.count == rank - 2 else { throw .attributeValue("kernel_shape") }
    return kernel
  }

  /// Pooling over windows; the second output, of MaxPool alone, holds positions.
  static func pooling(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 2)
      let window = try SlidingWindow(kernel: try kernel(context, rank: x.rank), context)
      let space = window.pooledPositions(
        over: Array(x.shape[2...]), roundsUp: try context.flag("ceil_mode"))
      let shape = Array(x.shape[..<2]) + space
      context.setOutput(0, x.elementType, shape)
      var places = ValueFact(.int64, shape)
      places.elements = [ValueFact(x.elementType, x.shape)]
      context.setOutput(1, places)
    }
  }

  /// The rule of pooling over all of space.
  static func global(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 2)
      let shape = x.shape[..<2] + Array(repeating: 1, count: x.rank - 2)
      context.setOutput(0, x.elementType, Array(shape))
    }
  }

  /// The rule of the inverse of pooling, which puts elements back to where they were largest.
  static func unpooling(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 2)
      if context.hasInput(2) {
        context.setOutput(0, x.elementType, try ShapeOperators.extents(of: 2, context))
        return
      }
      let window = try SlidingWindow(kernel: try kernel(context, rank: x.rank), context)
      let extra = Array(repeating: 0, count: x.rank - 2)
      let space = try window.cover(of: Array(x.shape[2...]), extra: extra)
      context.setOutput(0, x.elementType, Array(x.shape[..<2]) + space)
    }
  }
}
