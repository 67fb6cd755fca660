// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that change spatial extents without a window: resizing, padding, cropping, and moving
/// elements between channels and space.
enum ResamplingOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("Upsample") { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOpen(like: x)
      let scales: [Float]
      if context.version >= 9 || context.hasInput(1) {
        scales = try context.reals(1).map { Float($0) }
      } else if case .floats(let values) = context.attribute("scales") {
        scales = values
      } else {
        // Version 1 scales the last two axes.
        scales =
          Array(repeating: 1, count: max(x.rank - 2, 0)) + [
            try context.float("height_scale", default: 1),
            try context.float("width_scale", default: 1),
          ]
      }
      context.setOutput(0, x.elementType, try scaled(x.shape, by: scales, input: 1))
    },
    resizing("Resize"),
    padding("Pad"),
    OperatorRule("CenterCropPad") { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOpen(like: x)
      let target = try ShapeOperators.extents(of: 1, context)
      let axes =
        try context.ints("axes").map { axes throws(OperatorFault) in
          try Extents.axes(axes, rank: x.rank)
        } ?? Array(x.shape.indices)
      guard axes.count == target.count else {
        throw .inputValue(input: 1, reason: "it has not one element for each axis")
      }
      var shape = x.shape
      for (axis, extent) in zip(axes, target) { shape[axis] = extent }
      context.setOutput(0, x.elementType, shape)
    },
    depthToSpace("DepthToSpace"),
    spaceToDepth("SpaceToDepth"),
    sampling("GridSample"),
    OperatorRule("AffineGrid") { context throws(OperatorFault) in
      let theta = try context.input(0, rank: 3)
      context.setOpen(theta.elementType, axesOfInput: 1)
      let size = try ShapeOperators.extents(of: 1, context)
      guard size.count >= 3 else { throw .inputValue(input: 1, reason: "4 or 5 are needed") }
      context.setOutput(
        0, theta.elementType, [size[0]] + Array(size[2...]) + [size.count - 2])
    },
    OperatorRule("Col2Im") { context throws(OperatorFault) in
      let x = try context.input(0, rank: 3)
      context.setOpen(0, x.elementType)
      let image = try ShapeOperators.extents(of: 1, context)
      let block = try Extents.product(try ShapeOperators.extents(of: 2, context))
      guard block > 0, x.shape[1] % block == 0 else {
        throw .extents(x.shape, [block], reason: "the second axis holds no whole blocks")
      }
      context.setOutput(0, x.elementType, [x.shape[0], x.shape[1] / block] + image)
    },
  ]

  /// The rule of resizing by scales or to sizes.
  static func resizing(_ type: String) -> OperatorRule {
    OperatorRule(type, isMonotone: true) { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOpen(like: x)
      context.setOutput(0, x.elementType, try resized(x.shape, context))
    }
  }

  /// The rule of adding to the ends of axes, or of cropping them.
  static func padding(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOpen(like: x)
      context.setOutput(0, try padded(x, context))
    }
  }

  /// The rule of moving channels into blocks of space.
  static func depthToSpace(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rank: 4)
      let block = try blockSize(context)
      let (area, height, width) = (
        try Extents.product(block, block), try Extents.product(x.shape[2], block),
        try Extents.product(x.shape[3], block)
      )
      guard x.shape[1] % area == 0 else { throw .attributeValue("blocksize") }
      context.setOutput(0, x.elementType, [x.shape[0], x.shape[1] / area, height, width])
    }
  }

  /// The rule of moving blocks of space into channels.
  static func spaceToDepth(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rank: 4)
      let block = try blockSize(context)
      guard x.shape[2] % block == 0, x.shape[3] % block == 0 else {
        throw .attributeValue("blocksize")
      }
      let channels = try Extents.product([x.shape[1], block, block])
      context.setOutput(
        0, x.elementType, [x.shape[0], channels, x.shape[2] / block, x.shape[3] / block])
    }
  }

  /// The rule of sampling at the points of a grid.
  static func sampling(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (x, grid) = (try context.input(0, rankAtLeast: 3), try context.input(1, rankAtLeast: 3))
      guard grid.rank == x.rank else {
        throw .rank(input: 1, shape: grid.shape, needed: "\(x.rank) axes")
      }
      context.setOutput(
        0, x.elementType, Array(x.shape[..<2]) + Array(grid.shape[1..<(grid.rank - 1)]))
    }
  }

  private static func blockSize(_ context: OperatorContext) throws(OperatorFault) -> Int {
    guard let block = try context.int("blocksize") else { throw .missingAttribute("blocksize") }
    guard block >= 1, block <= 1 << 31 else { throw .attributeValue("blocksize") }
    return block
  }

  // MARK: Resize

  /// Extents times scales, multiplied and cut off as floats, as runtimes do.
  private static func scaled(
    _ shape: [Int], by scales: [Float], input: Int
  ) throws(OperatorFault) -> [Int] {
    guard scales.count == shape.count else {
      throw .inputValue(input: input, reason: "it has not one scale for each axis of \(shape)")
    }
    var result: [Int] = []
    for (extent, scale) in zip(shape, scales) {
      result.append(try scaled(extent, by: scale, input: input))
    }
    return result
  }

  private static func scaled(
    _ extent: Int, by scale: Float, input: Int
  ) throws(OperatorFault) -> Int {
    guard scale.isFinite, scale >= 0 else {
      throw .inputValue(input: input, reason: "\(scale) is no scale")
    }
    let product = (Float(extent) * scale).rounded(.down)
    guard product <= Float(OperatorContext.extentLimit) else { throw .tooLarge }
    return Int(product)
  }

  private static func resized(
    _ shape: [Int], _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    guard context.version >= 11 else {
      return try scaled(shape, by: try context.reals(1).map { Float($0) }, input: 1)
    }
    let axes =
      try context.ints("axes").map { axes throws(OperatorFault) in
        try Extents.axes(axes, rank: shape.count)
      } ?? Array(shape.indices)
    // An empty list stands for one left out.
    if context.hasInput(3), try context.input(3).elementCount > 0 {
      let sizes = try ShapeOperators.extents(of: 3, context)
      return try resized(shape, axes: axes, to: sizes, context)
    }
    guard context.hasInput(2) else { throw .missingInput(2) }
    let scales = try context.reals(2).map { Float($0) }
    guard scales.count == axes.count else {
      throw .inputValue(input: 2, reason: "it has not one scale for each axis")
    }
    var result = shape
    for (index, axis) in axes.enumerated() {
      // Runtimes take no account here of the region that tf_crop_and_resize cuts out.
      result[axis] = try scaled(shape[axis], by: scales[index], input: 2)
    }
    return result
  }

  private static func resized(
    _ shape: [Int], axes: [Int], to sizes: [Int], _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    guard sizes.count == axes.count else {
      throw .inputValue(input: 3, reason: "it has not one size for each axis")
    }
    let ratios = zip(axes, sizes).map { Float($1) / Float(shape[$0]) }
    let ratio: Float?
    switch try context.string("keep_aspect_ratio_policy", default: "stretch") {
    case "stretch": ratio = nil
    case "not_larger": ratio = ratios.min()
    case "not_smaller": ratio = ratios.max()
    default: throw .attributeValue("keep_aspect_ratio_policy")
    }
    var result = shape
    for (axis, size) in zip(axes, sizes) {
      guard let ratio else {
        result[axis] = size
        continue
      }
      let extent = (ratio * Float(shape[axis])).rounded(.toNearestOrAwayFromZero)
      guard extent.isFinite, extent <= Float(OperatorContext.extentLimit) else { throw .tooLarge }
      result[axis] = Int(extent)
    }
    return result
  }

  // MARK: Pad

  /// Paddings may be negative, which crops.
  private static func padded(
    _ x: ValueFact, _ context: OperatorContext
  ) throws(OperatorFault) -> ValueFact {
    let name = context.version < 2 ? "paddings" : "pads"
    guard let pads = try context.integers(attribute: name, input: 1) else {
      throw .missingInput(1)
    }
    let axes = try context.axes(input: 3, rank: x.rank) ?? Array(x.shape.indices)
    guard pads.count == 2 * axes.count else {
      throw .inputValue(input: 1, reason: "it has not two paddings for each axis")
    }
    var shape = x.shape
    for (index, axis) in axes.enumerated() {
      shape[axis] = try Extents.sum(shape[axis], Int(pads[index]))
      shape[axis] = try Extents.sum(shape[axis], Int(pads[axes.count + index]))
      guard shape[axis] >= 0 else {
        throw .inputValue(input: 1, reason: "they crop axis \(axis) by more than there is")
      }
    }
    try ShapeOperators.checkCount(shape)
    return ValueFact(x.elementType, shape, value: try paddedValue(x, shape, pads, axes, context))
  }

  /// The elements of a constant padding of a short list, as exporters use for paddings themselves.
  private static func paddedValue(
    _ x: ValueFact, _ shape: [Int], _ pads: [Int64], _ axes: [Int], _ context: OperatorContext
  ) throws(OperatorFault) -> KnownValue? {
    guard x.rank == 1, axes == [0], case .integers(let values)? = x.value,
      shape[0] <= KnownValue.elementLimit,
      try context.string("mode", default: "constant") == "constant",
      context.version >= 11
    else { return nil }
    var fill: Int64 = 0
    if context.hasInput(2) {
      guard let given = context.optional(2)?.integers?.first else { return nil }
      fill = given
    }
    let before = Int(pads[0])
    return .integers(
      (0..<shape[0]).map { index in
        values.indices.contains(index - before) ? values[index - before] : fill
      })
  }
}
