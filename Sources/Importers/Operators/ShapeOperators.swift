// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that ask for a shape, change it without touching the elements' order, or repeat and
/// permute elements.
enum ShapeOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("Shape", isMonotone: true) { context throws(OperatorFault) in
      let shape = try context.input(0).shape
      func bound(_ axis: Int) -> Int {
        min(max(axis < 0 ? axis + shape.count : axis, 0), shape.count)
      }
      let start = bound(max(try context.int("start", default: 0), -OperatorContext.rankLimit))
      let end = bound(
        max(try context.int("end", default: shape.count), -OperatorContext.rankLimit))
      let extents = start < end ? Array(shape[start..<end]) : []
      context.setOutput(
        0, .int64, [extents.count], value: .integers(extents.map { Int64($0) }))
    },
    OperatorRule("Size", isMonotone: true) { context throws(OperatorFault) in
      let count = try context.input(0).elementCount
      context.setOutput(0, .int64, [], value: .integers([Int64(count)]))
    },
    OperatorRule("Identity", isMonotone: true) { context throws(OperatorFault) in
      guard let fact = context.optional(0) else { throw .missingInput(0) }
      context.setOutput(0, fact)
    },
    OperatorRule("Reshape", isMonotone: true) { context throws(OperatorFault) in
      let data = try context.input(0)
      context.setOpen(data.elementType, axesOfInput: 1)
      guard let target = try context.integers(attribute: "shape", input: 1) else {
        throw .missingInput(1)
      }
      let keepsZeros = try context.flag("allowzero")
      // What is left for -1 of a whole that shrinks with its parts is what is left of the bounds;
      // of an exact one it is the more, the smaller the parts are.
      if !data.isUpperBound, target.contains(-1), context.optional(1)?.isUpperBound == true {
        try inferRest(&context, of: data, target)
        return
      }
      let shape = try reshaped(
        data, to: target, keepsZeros: keepsZeros, areBounds: context.hasBounds)
      context.setOutput(0, data.reshaped(to: shape))
    },
    OperatorRule("Flatten", isMonotone: true) { context throws(OperatorFault) in
      let data = try context.input(0)
      let axis = try context.int("axis", default: 1)
      let split =
        axis == data.rank ? axis : data.rank == 0 ? 0 : try Extents.axis(axis, rank: data.rank)
      let shape = [data.shape[..<split].reduce(1, *), data.shape[split...].reduce(1, *)]
      context.setOutput(0, data.reshaped(to: shape))
    },
    OperatorRule("Squeeze", isMonotone: true) { context throws(OperatorFault) in
      let data = try context.input(0)
      context.setOpen(0, data.elementType)
      let axes =
        try context.axes(input: 1, rank: data.rank)
        ?? data.shape.indices.filter { data.shape[$0] == 1 }
      for axis in axes where data.shape[axis] != 1 && !data.isUpperBound {
        throw .extents(data.shape, [], reason: "axis \(axis) is squeezed but its extent is not 1")
      }
      let shape = data.shape.indices.filter { !axes.contains($0) }.map { data.shape[$0] }
      context.setOutput(0, data.reshaped(to: shape))
    },
    OperatorRule("Unsqueeze", isMonotone: true) { context throws(OperatorFault) in
      let data = try context.input(0)
      context.setOpen(0, data.elementType)
      guard let added = try context.integers(attribute: "axes", input: 1) else {
        throw .missingInput(1)
      }
      let rank = data.rank + added.count
      guard rank <= OperatorContext.rankLimit else { throw .tooLarge }
      let axes = try Extents.axes(added.lazy.map { Int($0) }, rank: rank)
      var rest = data.shape[...]
      let shape = (0..<rank).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 }
      context.setOutput(0, data.reshaped(to: shape))
    },
    OperatorRule("Expand", isMonotone: true) { context throws(OperatorFault) in
      let data = try context.input(0)
      context.setOpen(data.elementType, axesOfInput: 1)
      let target = try extents(of: 1, context)
      let shape = try Extents.broadcast(data.shape, target, areBounds: context.hasBounds)
      try checkCount(shape)
      context.setOutput(
        0, data.elementType, shape, value: data.value?.broadcast(from: data.shape, to: shape))
      context.setSpan(0, data.span)
    },
    OperatorRule("Transpose", isMonotone: true) { context throws(OperatorFault) in
      let data = try context.input(0)
      let order = try context.ints("perm") ?? Array(data.shape.indices.reversed())
      guard order.count == data.rank else { throw .attributeValue("perm") }
      let axes = try Extents.axes(order, rank: data.rank)
      let shape = axes.map { data.shape[$0] }
      let value = data.value.map { value in
        let strides = Extents.strides(of: data.shape)
        return value.picking(Extents.positions(in: shape, strides: axes.map { strides[$0] }))
      }
      context.setOutput(0, data.elementType, shape, value: value)
      context.setSpan(0, data.span)
    },
    OperatorRule("Tile", isMonotone: true) { context throws(OperatorFault) in
      let data = try context.input(0)
      context.setOpen(like: data)
      let repeats = try tiling(of: data, context)
      var shape = data.shape
      for axis in shape.indices { shape[axis] = try Extents.product(shape[axis], repeats[axis]) }
      try checkCount(shape)
      context.setOutput(0, data.elementType, shape, value: tiled(data, to: shape))
    },
  ]

  // MARK: Reshape

  /// Sets the bounds of a whole cut into parts of which only bounds are known.
  private static func inferRest(
    _ context: inout OperatorContext, of data: ValueFact, _ most: [Int64]
  ) throws(OperatorFault) {
    guard let open = most.firstIndex(of: -1),
      case .integers(let least)? =
        context.optional(1)?.range.low, least.count == most.count, least[open] == -1
    else { throw .unknownValue(input: 1) }
    func parts(_ list: [Int64]) throws(OperatorFault) -> [Int] {
      var parts: [Int] = []
      for (axis, part) in list.enumerated() {
        // A part of 0 leaves nothing to divide, so that there is at least 1 of each.
        parts.append(axis == open ? 1 : max(try Extents.extent(max(part, 0), input: 1), 1))
      }
      return parts
    }
    var (high, low) = (try parts(most), try parts(least))
    (high[open], low[open]) = (
      data.elementCount / (try Extents.product(low)),
      data.elementCount / (try Extents.product(high))
    )
    context.setBound(0, data.elementType, high, least: low)
  }

  private static func reshaped(
    _ data: ValueFact, to target: [Int64], keepsZeros: Bool, areBounds: Bool
  ) throws(OperatorFault) -> [Int] {
    guard target.count <= OperatorContext.rankLimit else { throw .tooLarge }
    var shape: [Int] = []
    var open: Int?
    for (axis, extent) in target.enumerated() {
      switch extent {
      case -1:
        guard open == nil else { throw .inputValue(input: 1, reason: "-1 stands there twice") }
        open = axis
        shape.append(1)
      case 0 where !keepsZeros:
        guard axis < data.rank else {
          throw .inputValue(input: 1, reason: "0 copies axis \(axis), which \(data.shape) lacks")
        }
        shape.append(data.shape[axis])
      default: shape.append(try Extents.extent(extent, input: 1))
      }
    }
    let (total, rest) = (data.elementCount, try Extents.product(shape))
    if let open {
      guard rest > 0, total % rest == 0 || data.isUpperBound else {
        throw .extents(data.shape, target.map { Int($0) }, reason: "-1 stands for no whole number")
      }
      shape[open] = total / rest
    } else if total != rest, !areBounds {
      throw .extents(data.shape, shape, reason: "they have different numbers of elements")
    }
    return shape
  }

  // MARK: Expand, Tile

  /// The shape that an input states, element by element.
  static func extents(
    of index: Int, _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    let values = try context.integers(index)
    guard values.count <= OperatorContext.rankLimit else { throw .tooLarge }
    var shape: [Int] = []
    for value in values { shape.append(try Extents.extent(value, input: index)) }
    return shape
  }

  /// Refuses shapes whose elements cannot be counted, before anything is computed from them.
  static func checkCount(_ shape: [Int]) throws(OperatorFault) {
    guard try Extents.product(shape.lazy.map { max($0, 1) }) <= OperatorContext.elementLimit else {
      throw .tooLarge
    }
  }

  /// The number of repetitions along each axis; version 1 names one axis.
  private static func tiling(
    of data: ValueFact, _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    guard context.version >= 6 || !context.hasInput(2) else {
      var repeats = Array(repeating: 1, count: data.rank)
      let axis = try Extents.axis(try context.integer(2), rank: data.rank)
      repeats[axis] = try Extents.extent(Int64(try context.integer(1)), input: 1)
      return repeats
    }
    let repeats = try extents(of: 1, context)
    guard repeats.count == data.rank else {
      throw .inputValue(input: 1, reason: "it has not one element for each axis of \(data.shape)")
    }
    return repeats
  }

  private static func tiled(_ data: ValueFact, to shape: [Int]) -> KnownValue? {
    guard let value = data.value, Extents.hasElements(shape, atMost: KnownValue.elementLimit)
    else { return nil }
    let strides = Extents.strides(of: data.shape)
    let positions = Extents.positions(in: shape, strides: Extents.strides(of: shape))
    let outer = Extents.strides(of: shape)
    return value.picking(
      positions.map { position in
        shape.indices.reduce(0) { sum, axis in
          sum + position / outer[axis] % shape[axis] % data.shape[axis] * strides[axis]
        }
      })
  }
}

extension ValueFact {
  /// The same elements in another shape; not known where the shape has another number of them,
  /// as it may where extents are upper bounds.
  fileprivate func reshaped(to shape: [Int]) -> ValueFact {
    let isSame = value.map { value in (try? Extents.product(shape)) == value.count } ?? false
    var fact = ValueFact(elementType, shape, value: isSame ? value : nil)
    fact.span = span
    return fact
  }
}
