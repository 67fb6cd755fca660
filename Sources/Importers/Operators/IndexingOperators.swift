// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that read or write elements at given positions, or find positions.
enum IndexingOperators {
  static let rules: [OperatorRule] = gathering + scattering + searching

  // MARK: Reading

  private static let gathering: [OperatorRule] = [
    OperatorRule("Gather", isMonotone: true) { context throws(OperatorFault) in
      let (data, indices) = (try context.input(0, rankAtLeast: 1), try context.input(1))
      let axis = try Extents.axis(try context.int("axis", default: 0), rank: data.rank)
      let shape = Array(data.shape[..<axis]) + indices.shape + Array(data.shape[(axis + 1)...])
      let value = indices.isUpperBound ? nil : try gathered(data, indices, axis: axis)
      context.setOutput(0, data.elementType, shape, value: value)
      context.setSpan(0, data.span)
    },
    OperatorRule("GatherElements") { context throws(OperatorFault) in
      let (data, indices) = (try context.input(0), try context.input(1))
      guard data.rank == indices.rank else {
        throw .rank(input: 1, shape: indices.shape, needed: "\(data.rank) axes")
      }
      context.setOutput(0, data.elementType, indices.shape)
    },
    elements("GatherND"),
  ]

  /// The rule of gathering elements or slices by their coordinates.
  static func elements(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (data, indices) = (
        try context.input(0, rankAtLeast: 1), try context.input(1, rankAtLeast: 1)
      )
      let batch = try context.int("batch_dims", default: 0)
      let depth = indices.shape[indices.rank - 1]
      guard batch >= 0, batch < indices.rank, batch + depth <= data.rank else {
        throw .extents(data.shape, indices.shape, reason: "an index has more parts than axes")
      }
      context.setOutput(
        0, data.elementType,
        Array(indices.shape.dropLast()) + Array(data.shape[(batch + depth)...]))
    }
  }

  /// The known elements of slices of `data` at `indices` along an axis.
  private static func gathered(
    _ data: ValueFact, _ indices: ValueFact, axis: Int
  ) throws(OperatorFault) -> KnownValue? {
    guard let known = data.value, let wanted = indices.integers else { return nil }
    let extent = data.shape[axis]
    let inner = data.shape[(axis + 1)...].reduce(1, *)
    let outer = data.shape[..<axis].reduce(1, *)
    let (rows, tooMany) = outer.multipliedReportingOverflow(by: wanted.count)
    // Where there is nothing to gather, one of the extents may still be huge.
    if wanted.isEmpty || outer == 0 || inner == 0 { return known.picking([]) }
    guard !tooMany, rows <= KnownValue.elementLimit,
      inner <= KnownValue.elementLimit / rows
    else { return nil }
    var positions: [Int] = []
    for row in 0..<outer {
      for index in wanted {
        guard index >= -Int64(extent), index < Int64(extent) else {
          throw .inputValue(input: 1, reason: "\(index) is outside an axis of \(extent)")
        }
        let start = (row * extent + Int(index) + (index < 0 ? extent : 0)) * inner
        positions += start..<start + inner
      }
    }
    return known.picking(positions)
  }

  // MARK: Writing

  private static let scattering: [OperatorRule] = [
    ElementwiseOperators.sameShape("Scatter"),
    ElementwiseOperators.sameShape("ScatterElements"),
    ElementwiseOperators.sameShape("ScatterND"),
    ElementwiseOperators.sameShape("TensorScatter"),
    ElementwiseOperators.sameShape("ReverseSequence"),
    ElementwiseOperators.sameShape("Trilu"),
    OperatorRule("OneHot") { context throws(OperatorFault) in
      let indices = try context.input(0)
      let axis = try Extents.axis(
        try context.int("axis", default: -1), rank: indices.rank + 1)
      var form: [Int?] = indices.shape
      form.insert(nil, at: axis)
      context.setOpen(0, try context.input(2).elementType, form)
      let depth = try depth(context)
      var shape = indices.shape
      shape.insert(depth, at: axis)
      context.setOutput(0, try context.input(2).elementType, shape)
    },
  ]

  /// The extent that OneHot adds, which may be stated as a real number.
  private static func depth(_ context: OperatorContext) throws(OperatorFault) -> Int {
    guard let value = try context.input(1).value else { throw .unknownValue(input: 1) }
    guard case .integers(let values)? = value.cast(to: .int64), values.count == 1 else {
      throw .inputValue(input: 1, reason: "one extent is needed")
    }
    return try Extents.extent(values[0], input: 1)
  }

  // MARK: Finding

  private static let searching: [OperatorRule] = [
    OperatorRule("NonZero") { context throws(OperatorFault) in
      let x = try context.input(0)
      if let value = x.value, !x.isUpperBound {
        context.setOutput(0, nonZero(x, value))
        return
      }
      // A scalar counts as one element of one axis.
      let rank = max(x.rank, 1)
      context.setBound(0, .int64, [rank, x.elementCount], least: [rank, 0])
    },
    OperatorRule("Unique") { context throws(OperatorFault) in
      let x = try context.input(0)
      var shape = [x.elementCount]
      var count = x.elementCount
      if let axis = try context.int("axis") {
        let axis = try Extents.axis(axis, rank: x.rank)
        shape = x.shape
        count = x.shape[axis]
      }
      let least = shape.map { count > 0 && $0 == count ? 1 : $0 }
      context.setBound(0, x.elementType, shape, least: shape.count == 1 ? least : nil)
      for index in [1, 3] {
        context.setBound(index, .int64, [count], least: [min(count, 1)])
      }
      // The inverse has one element for each slice of the operand, no fewer.
      context.setOutput(2, .int64, [count])
    },
    OperatorRule("Compress") { context throws(OperatorFault) in
      let (x, condition) = (try context.input(0), try context.input(1, rank: 1))
      var shape = [x.elementCount]
      var axis = 0
      if let stated = try context.int("axis") {
        axis = try Extents.axis(stated, rank: x.rank)
        shape = x.shape
      }
      shape[axis] = min(shape[axis], condition.shape[0])
      var fact = ValueFact(x.elementType, shape)
      if let choices = condition.integers {
        fact.shape[axis] = choices.prefix(shape[axis]).count { $0 != 0 }
      } else {
        fact.isUpperBound = true
        fact.leastShape = fact.shape
        fact.leastShape?[axis] = 0
      }
      context.setOutput(0, fact)
    },
    OperatorRule("NonMaxSuppression") { context throws(OperatorFault) in
      let (boxes, scores) = (try context.input(0, rank: 3), try context.input(1, rank: 3))
      var perClass = boxes.shape[1]
      if context.hasInput(2) {
        // What is known only at run time may be as many as there are boxes.
        if let limit = context.optional(2)?.integers?.first {
          perClass = min(perClass, max(Int(limit), 0))
        }
      } else {
        perClass = 0
      }
      let classes = try Extents.product(scores.shape[0], scores.shape[1])
      context.setBound(0, .int64, [try Extents.product(classes, perClass), 3], least: [0, 3])
    },
  ]

  private static func nonZero(_ x: ValueFact, _ value: KnownValue) -> ValueFact {
    let hits = value.reals.indices.filter { value.reals[$0] != 0 }
    let strides = Extents.strides(of: x.shape)
    var coordinates: [Int64] = []
    for axis in x.shape.indices {
      for hit in hits { coordinates.append(Int64(hit / strides[axis] % x.shape[axis])) }
    }
    let rank = max(x.rank, 1)
    if x.rank == 0 { coordinates = hits.map { _ in 0 } }
    return ValueFact(
      .int64, [rank, hits.count],
      value: coordinates.count <= KnownValue.elementLimit ? .integers(coordinates) : nil)
  }
}
