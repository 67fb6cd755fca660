// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that cut tensors into pieces and put pieces together.
enum SlicingOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("Concat", isMonotone: true) { context throws(OperatorFault) in
      var parts: [ValueFact] = []
      for index in context.inputs.indices { parts.append(try context.input(index)) }
      let axis = try context.int("axis", default: 1)
      context.setOutput(0, try concatenation(of: parts, axis: axis))
    },
    OperatorRule("Split", isMonotone: true) { context throws(OperatorFault) in
      try setPieces(&context)
    },
    slicing("Slice"),
  ]

  // MARK: Concat

  /// The fact of tensors put behind each other along an axis.
  static func concatenation(
    of parts: [ValueFact], axis: Int
  ) throws(OperatorFault) -> ValueFact {
    guard let first = parts.first else { throw .missingInput(0) }
    let axis = try Extents.axis(axis, rank: first.rank)
    var shape = first.shape
    let areBounds = parts.contains(where: \.isUpperBound)
    var isAlike = true
    for part in parts.dropFirst() {
      let fits =
        part.rank == shape.count
        && shape.indices.allSatisfy { $0 == axis || part.shape[$0] == shape[$0] }
      guard fits || (areBounds && part.rank == shape.count) else {
        throw .extents(
          shape, part.shape, reason: "they may differ only in axis \(axis)")
      }
      if !fits {
        isAlike = false
        for other in shape.indices where other != axis {
          shape[other] = max(shape[other], part.shape[other])
        }
      }
      shape[axis] = try Extents.sum(shape[axis], part.shape[axis])
    }
    return ValueFact(
      first.elementType, shape,
      value: isAlike ? concatenatedValue(of: parts, axis: axis) : nil)
  }

  private static func concatenatedValue(of parts: [ValueFact], axis: Int) -> KnownValue? {
    var values: [KnownValue] = []
    var count = 0
    for part in parts {
      guard let value = part.value else { return nil }
      count += value.count
      guard count <= KnownValue.elementLimit else { return nil }
      values.append(value)
    }
    let outer = parts[0].shape[..<axis].reduce(1, *)
    guard outer > 1, count > 0 else { return KnownValue.joined(values) }
    // Row by row: one stretch of each part in turn.
    guard let joined = KnownValue.joined(values) else { return nil }
    var starts: [Int] = []
    var start = 0
    for value in values {
      starts.append(start)
      start += value.count
    }
    var positions: [Int] = []
    positions.reserveCapacity(count)
    for row in 0..<outer {
      for (part, value) in values.enumerated() {
        let length = value.count / outer
        positions += (starts[part] + row * length)..<(starts[part] + (row + 1) * length)
      }
    }
    return joined.picking(positions)
  }

  // MARK: Split

  /// Sets each output to its piece of input 0.
  static func setPieces(_ context: inout OperatorContext) throws(OperatorFault) {
    let data = try context.input(0, rankAtLeast: 1)
    let axis = try Extents.axis(try context.int("axis", default: 0), rank: data.rank)
    let pieces: [Int]
    do throws(OperatorFault) {
      pieces = try self.pieces(of: data.shape[axis], context)
    } catch .unknownValue {
      // Any piece may be all of it.
      for index in context.outputs.indices {
        context.setBound(index, data.elementType, data.shape)
      }
      context.prefersStated = true
      return
    }
    var start = 0
    for (index, extent) in pieces.enumerated() {
      var shape = data.shape
      shape[axis] = extent
      let value = data.value.map { value in
        let strides = Extents.strides(of: data.shape)
        return value.picking(
          Extents.positions(in: shape, strides: strides, from: start * strides[axis]))
      }
      context.setOutput(index, data.elementType, shape, value: value)
      start += extent
    }
  }

  /// The extents of the pieces: given, or as equal as the version makes them.
  private static func pieces(
    of extent: Int, _ context: OperatorContext
  ) throws(OperatorFault) -> [Int] {
    if let given = try context.integers(attribute: "split", input: 1) {
      guard given.count == context.outputs.count else {
        throw .inputValue(input: 1, reason: "it has not one element for each output")
      }
      if context.optional(1)?.isUpperBound == true {
        // No piece is larger than it can be, or than the whole.
        return try given.map { piece throws(OperatorFault) in
          min(try Extents.extent(piece, input: 1), extent)
        }
      }
      var pieces: [Int] = []
      var rest = extent
      for piece in given {
        pieces.append(try Extents.extent(piece, input: 1))
        rest = try Extents.sum(rest, -pieces[pieces.count - 1])
      }
      guard rest == 0 else {
        throw .extents(pieces, [extent], reason: "the pieces do not add up to the whole")
      }
      return pieces
    }
    let count = try context.int("num_outputs", default: context.outputs.count)
    guard count > 0, count >= context.outputs.count else { throw .attributeValue("num_outputs") }
    guard context.version >= 18 || extent % count == 0 else {
      throw .extents([extent], [count], reason: "the axis cannot be cut into equal pieces")
    }
    let piece = extent == 0 ? 0 : (extent - 1) / count + 1
    return context.outputs.indices.map { index in
      let start = min(piece.multipliedReportingOverflow(by: index).partialValue, extent)
      return min(piece, extent - start)
    }
  }

  // MARK: Slice

  /// The rule of cutting each axis from a start to an end, in steps.
  static func slicing(_ type: String) -> OperatorRule {
    OperatorRule(type, hasRanges: true) { context throws(OperatorFault) in
      let slice = try slice(of: try context.input(0), context)
      context.setOutput(0, slice)
      context.prefersStated = slice.isUpperBound
    }
  }

  /// One axis of a slice: where it starts, how far it steps, how many elements it takes.
  private struct Cut {
    var start: Int
    var step: Int
    var count: Int
  }

  private static func slice(
    of data: ValueFact, _ context: OperatorContext
  ) throws(OperatorFault) -> ValueFact {
    let axes: [Int]?
    do throws(OperatorFault) {
      axes = try context.axes(input: 3, rank: data.rank)
    } catch .unknownValue {
      var fact = ValueFact(data.elementType, data.shape)
      fact.isUpperBound = true
      return fact
    }
    guard let steps = try list("steps", input: 4, count: axes?.count, context),
      let starts = try bounds("starts", input: 1, count: axes?.count, context),
      let ends = try bounds("ends", input: 2, count: axes?.count, context)
    else {
      // What is cut away depends on data; all of it may stay.
      var fact = ValueFact(data.elementType, data.shape)
      fact.isUpperBound = true
      return fact
    }
    guard starts.high.count == ends.high.count, starts.high.count <= data.rank else {
      throw .inputValue(input: 1, reason: "starts, ends and axes do not have one length")
    }
    let least = data.isUpperBound ? data.leastShape ?? data.shape.map { _ in 0 } : data.shape
    var most = data.shape.map { Cut(start: 0, step: 1, count: $0) }
    var fewest = least
    var isExact = !data.isUpperBound || least == data.shape
    for (index, axis) in (axes ?? Array(0..<starts.high.count)).enumerated() {
      let step = steps.isEmpty ? 1 : steps[index]
      guard step != 0 else { throw .inputValue(input: 4, reason: "a step is 0") }
      let (start, end) = (starts.at(index), ends.at(index))
      if let start = start.exact, let end = end.exact {
        most[axis] = cut(extent: data.shape[axis], start: start, end: end, step: step)
        fewest[axis] = cut(extent: least[axis], start: start, end: end, step: step).count
        continue
      }
      isExact = false
      guard step > 0, let start = start.ordered, let end = end.ordered else {
        fewest[axis] = 0
        continue
      }
      most[axis] = cut(
        extent: data.shape[axis], start: start.low, end: end.high, step: step)
      fewest[axis] =
        cut(extent: least[axis], start: start.high, end: end.low, step: step).count
    }
    let shape = most.map(\.count)
    var fact = ValueFact(data.elementType, shape)
    if isExact {
      let picked = { (value: KnownValue?) -> KnownValue? in
        value.map { picking($0, most, shape, of: data.shape) }
      }
      (fact.value, fact.leastValue) = (picked(data.value), picked(data.leastValue))
      fact.isUpperBound = data.isUpperBound
      fact.leastShape = data.isUpperBound ? shape : nil
    } else {
      fact.isUpperBound = true
      fact.leastShape = zip(fewest, shape).map { min($0, $1) }
    }
    return fact
  }

  /// The elements of a slice.
  private static func picking(
    _ value: KnownValue, _ cuts: [Cut], _ shape: [Int], of whole: [Int]
  ) -> KnownValue {
    if shape.contains(0) { return value.picking([]) }
    let strides = Extents.strides(of: whole)
    return value.picking(
      Extents.positions(
        in: shape,
        // A single element needs no step, and its step may be any number.
        strides: shape.indices.map { shape[$0] > 1 ? cuts[$0].step * strides[$0] : 0 },
        from: shape.indices.reduce(0) { $0 + cuts[$1].start * strides[$1] }))
  }

  /// Starts or ends, each from the least that it can be to the most; least ones may be unknown.
  private struct Positions {
    var low: [Int]?
    var high: [Int]

    /// One position: what it is, if that is known; and its range, if the position counts from one
    /// end of the axis throughout it, so that a larger number is a later place.
    func at(_ index: Int) -> (exact: Int?, ordered: (low: Int, high: Int)?) {
      guard let low else { return (nil, nil) }
      let (least, most) = (low[index], high[index])
      return (least == most ? most : nil, least >= 0 || most < 0 ? (least, most) : nil)
    }
  }

  private static func bounds(
    _ name: String, input index: Int, count: Int?, _ context: OperatorContext
  ) throws(OperatorFault) -> Positions? {
    guard let high = try list(name, input: index, count: count, context) else { return nil }
    guard let fact = context.optional(index), fact.isUpperBound else {
      return Positions(low: high, high: high)
    }
    guard case .integers(let low)? = fact.leastValue, low.count == high.count else {
      return Positions(low: nil, high: high)
    }
    return Positions(low: low.map { Int($0) }, high: high)
  }

  /// One of the lists that say what is cut; empty if left out, `nil` if known only at run time.
  private static func list(
    _ name: String, input index: Int, count: Int?, _ context: OperatorContext
  ) throws(OperatorFault) -> [Int]? {
    let values: [Int64]
    do throws(OperatorFault) {
      values = try context.integers(attribute: name, input: index) ?? []
    } catch .unknownValue {
      return nil
    }
    guard values.count == count ?? values.count || (name == "steps" && values.isEmpty) else {
      throw .inputValue(input: index, reason: "it has not one element for each axis")
    }
    return values.map { Int($0) }
  }

  /// Python's slicing: what is out of range is cut to it, negative numbers count from the end.
  private static func cut(extent: Int, start: Int, end: Int, step: Int) -> Cut {
    func position(_ index: Int) -> Int { index < 0 ? max(index, -1 - extent) + extent : index }
    if step > 0 {
      let first = min(max(position(start), 0), extent)
      let last = min(max(position(end), 0), extent)
      let length = max(last - first, 0)
      // (length + step - 1) / step without overflow.
      return Cut(start: first, step: step, count: length == 0 ? 0 : (length - 1) / step + 1)
    }
    let first = min(max(position(start), 0), extent - 1)
    // Going backwards, too, the largest number stands for the far end.
    let isOpen = end == .max || end == Int(Int32.max)
    let last = isOpen ? -1 : min(max(position(end), -1), extent - 1)
    let length = max(first - last, 0)
    guard length > 0 else { return Cut(start: 0, step: step, count: 0) }
    let magnitude = step == .min ? Int.max : -step
    return Cut(start: first, step: step, count: (length - 1) / magnitude + 1)
  }
}
