// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that reduce axes, accumulate along one, or pick positions along one.
enum ReductionOperators {
  static let rules: [OperatorRule] = [
    reduction("ReduceSum", .sum, isMonotone: true),
    reduction("ReduceProd", .product, isMonotone: true),
    reduction("ReduceMax", .largest, isMonotone: true),
    reduction("ReduceMin", .smallest, isMonotone: true),
    reduction("ReduceMean", .mean),
    reduction("ReduceL1"), reduction("ReduceL2"), reduction("ReduceLogSum"),
    reduction("ReduceLogSumExp"), reduction("ReduceSumSquare"),
    position("ArgMax"), position("ArgMin"),
    accumulation("CumSum", .init(integer: { $0 &+ $1 }, real: { $0 + $1 })),
    accumulation("CumProd", .init(integer: { $0 &* $1 }, real: { $0 * $1 })),
    OperatorRule("TopK") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 1)
      let axis = try Extents.axis(try context.int("axis", default: -1), rank: x.rank)
      var fact = ValueFact(x.elementType, x.shape)
      do throws(OperatorFault) {
        // Version 1 states it as an attribute.
        var k = try context.int("k") ?? 0
        if context.attribute("k") == nil { k = try context.integer(1) }
        // Asking for more than there is cannot run; the most it could give is all.
        fact.shape[axis] = min(try Extents.extent(Int64(k), input: 1), x.shape[axis])
      } catch .unknownValue {
        fact.isUpperBound = true
        fact.leastShape = fact.shape
        fact.leastShape?[axis] = 0
        context.prefersStated = true
      }
      context.setOutput(0, fact)
      fact.elementType = .int64
      context.setOutput(1, fact)
    },
  ]

  // MARK: Reduce...

  /// What the elements are reduced to, where that is evaluated.
  enum Reduction: Sendable { case sum, product, largest, smallest, mean, none }

  /// The rule of reducing axes that an attribute or operand names.
  static func reduction(
    _ type: String, _ reduction: Reduction = .none, isMonotone: Bool = false
  ) -> OperatorRule {
    OperatorRule(type, isMonotone: isMonotone) { context throws(OperatorFault) in
      let x = try context.input(0)
      var axes: [Int]
      do throws(OperatorFault) {
        axes = try context.axes(input: 1, rank: x.rank) ?? []
      } catch .unknownValue {
        try setBound(&context)
        return
      }
      if axes.isEmpty {
        if try context.flag("noop_with_empty_axes") {
          context.setOutput(0, x)
          return
        }
        axes = Array(x.shape.indices)
      }
      var isReduced = [Bool](repeating: false, count: x.rank)
      for axis in axes { isReduced[axis] = true }
      let shape = shape(
        of: x.shape, without: axes, keeping: try context.flag("keepdims", default: true))
      context.setOutput(
        0, x.elementType, shape, value: reduced(x, isReduced: isReduced, reduction))
      context.setSpan(0, span(of: x, axes, reduction))
    }
  }

  /// What results lie within where that is known of every element.
  private static func span(
    of x: ValueFact, _ axes: [Int], _ reduction: Reduction
  ) -> ClosedRange<Int64>? {
    guard x.elementType.isIntegral, let span = x.elementSpan else { return nil }
    switch reduction {
    case .largest, .smallest: return span
    case .sum:
      // As many elements as there can be, or none.
      let count = axes.reduce(1) { $0.multipliedReportingOverflow(by: x.shape[$1]).partialValue }
      let (low, lowOverflow) = span.lowerBound.multipliedReportingOverflow(by: Int64(count))
      let (high, highOverflow) = span.upperBound.multipliedReportingOverflow(by: Int64(count))
      guard !lowOverflow, !highOverflow, x.elementType.wrapped(high) == high,
        x.elementType.wrapped(low) == low
      else { return nil }
      return min(low, 0)...max(high, 0)
    default: return nil
    }
  }

  /// The shape without the reduced axes, or with extents of 1 there.
  static func shape(of shape: [Int], without axes: [Int], keeping keeps: Bool) -> [Int] {
    var isReduced = [Bool](repeating: false, count: shape.count)
    for axis in axes { isReduced[axis] = true }
    return shape.indices.compactMap { isReduced[$0] ? (keeps ? 1 : nil) : shape[$0] }
  }

  /// Sets a bound of the result where which axes are reduced is known only when the model runs.
  private static func setBound(_ context: inout OperatorContext) throws(OperatorFault) {
    let x = try context.input(0)
    let count = try context.input(1).elementCount
    guard count <= x.rank else {
      throw .inputValue(input: 1, reason: "there are more of them than axes")
    }
    let keeps = try context.flag("keepdims", default: true)
    // An axis that is empty has one sum, too.
    var shape = x.shape.map { max($0, 1) }
    if count == 0, try !context.flag("noop_with_empty_axes") {
      shape = keeps ? Array(repeating: 1, count: x.rank) : []
    } else if !keeps {
      // Each axis that is left is one of those at, or up to `count` behind, its place.
      shape = (0..<(x.rank - count)).map { shape[$0...($0 + count)].max() ?? 1 }
    }
    context.setBound(0, x.elementType, shape)
    context.prefersStated = true
  }

  private static func reduced(
    _ x: ValueFact, isReduced: [Bool], _ reduction: Reduction
  ) -> KnownValue? {
    guard let value = x.value, reduction != .none, value.count > 0 else { return nil }
    // A negative factor turns an upper bound into a lower one.
    if reduction == .product, x.isUpperBound, x.range.low?.isAbove(-1) != true { return nil }
    // Each element's place in the result, whose reduced axes have no extent.
    let kept = x.shape.indices.map { isReduced[$0] ? 1 : x.shape[$0] }
    let strides = Extents.strides(of: kept)
    let places = Extents.positions(
      in: x.shape, strides: x.shape.indices.map { isReduced[$0] ? 0 : strides[$0] })
    let count = kept.reduce(1, *)
    let size = value.count / count
    switch value {
    case .integers(let values):
      guard
        let folded = folded(
          values, places, count,
          { (a: Int64, b: Int64) -> Int64? in
            switch reduction {
            case .sum, .mean: exact(a.addingReportingOverflow(b), x.elementType)
            case .product: exact(a.multipliedReportingOverflow(by: b), x.elementType)
            case .largest: max(a, b)
            case .smallest: min(a, b)
            case .none: nil
            }
          })
      else { return nil }
      return .integers(reduction == .mean ? folded.map { $0 / Int64(size) } : folded)
    case .reals(let values):
      // Sums in another order round otherwise; only what is exact is kept.
      guard reduction == .largest || reduction == .smallest else { return nil }
      guard
        let folded = folded(
          values, places, count,
          { (a: Double, b: Double) -> Double? in
            reduction == .largest ? max(a, b) : min(a, b)
          })
      else { return nil }
      return .reals(folded)
    }
  }

  /// A result that fits its type; what runtimes make of others differs.
  private static func exact(
    _ result: (partialValue: Int64, overflow: Bool), _ type: ElementType
  ) -> Int64? {
    guard !result.overflow, type.wrapped(result.partialValue) == result.partialValue else {
      return nil
    }
    return result.partialValue
  }

  private static func folded<Element>(
    _ values: [Element], _ places: [Int], _ count: Int, _ combine: (Element, Element) -> Element?
  ) -> [Element]? {
    var result = [Element?](repeating: nil, count: count)
    for (value, place) in zip(values, places) {
      if let known = result[place] {
        guard let next = combine(known, value) else { return nil }
        result[place] = next
      } else {
        result[place] = value
      }
    }
    return result.compactMap { $0 }
  }

  // MARK: ArgMax, CumSum

  private static func position(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 1)
      let axis = try Extents.axis(try context.int("axis", default: 0), rank: x.rank)
      var shape = x.shape
      if try context.flag("keepdims", default: true) {
        shape[axis] = 1
      } else {
        shape.remove(at: axis)
      }
      context.setOutput(0, .int64, shape)
      context.setSpan(0, 0...Int64(max(x.shape[axis], 1) - 1))
    }
  }

  private static func accumulation(
    _ type: String, _ function: KnownValue.Binary
  ) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(
        0, x.elementType, x.shape, value: try accumulated(x, context, function))
    }
  }

  private static func accumulated(
    _ x: ValueFact, _ context: OperatorContext, _ function: KnownValue.Binary
  ) throws(OperatorFault) -> KnownValue? {
    guard case .integers(let values)? = x.value, x.rank == 1, let combine = function.integer,
      context.optional(1)?.integers != nil,
      try !context.flag("exclusive"), try !context.flag("reverse")
    else { return nil }
    var total: Int64?
    return KnownValue.integers(values) { value in
      total = total.map { combine($0, value) } ?? value
      return total.flatMap(x.elementType.wrapped)
    }
  }
}
