// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that make tensors from attributes and sizes: constants, ranges, random numbers, windows.
enum GeneratorOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("Constant") { context throws(OperatorFault) in
      context.setOutput(0, try constant(context))
    },
    OperatorRule("ConstantOfShape") { context throws(OperatorFault) in
      var fill = ValueFact(.float32, [1], value: .reals([0]))
      if let stored = context.attribute("value") {
        guard case .tensor(let tensor) = stored else { throw .attributeKind("value") }
        fill = try context.constants.fact(of: tensor)
        guard fill.elementCount == 1 else { throw .attributeValue("value") }
      }
      context.setOpen(fill.elementType, axesOfInput: 0)
      let shape = try ShapeOperators.extents(of: 0, context)
      try ShapeOperators.checkCount(shape)
      let count = shape.reduce(1, *)
      let value = count <= KnownValue.elementLimit ? fill.value?.repeated(count) : nil
      context.setOutput(0, fill.elementType, shape, value: value)
    },
    ranging("Range"),
    OperatorRule("EyeLike") { context throws(OperatorFault) in
      let like = try context.input(0, rank: 2)
      let type = try context.elementType("dtype") ?? like.elementType
      context.setOutput(0, type, like.shape)
    },
    random("RandomNormal"), random("RandomUniform"),
    randomLike("RandomNormalLike"), randomLike("RandomUniformLike"), randomLike("Bernoulli"),
    OperatorRule("Multinomial") { context throws(OperatorFault) in
      let rows = try context.input(0, rank: 2).shape[0]
      let samples = try context.int("sample_size", default: 1)
      guard samples >= 0 else { throw .attributeValue("sample_size") }
      context.setOutput(0, try context.elementType("dtype") ?? .int32, [rows, samples])
    },
    window("HannWindow"), window("HammingWindow"), window("BlackmanWindow"),
    OperatorRule("MelWeightMatrix") { context throws(OperatorFault) in
      let type = try context.elementType("output_datatype") ?? .float32
      context.setOpen(0, type, [nil, nil])
      let bins = try Extents.extent(Int64(try context.integer(0)), input: 0)
      let length = try Extents.extent(Int64(try context.integer(1)), input: 1)
      context.setOutput(0, type, [length / 2 + 1, bins])
    },
  ]

  /// The rule of numbers at equal distances, one if no operand states it.
  static func ranging(_ type: String) -> OperatorRule {
    OperatorRule(type, hasRanges: true) { context throws(OperatorFault) in
      context.setOpen(0, try context.input(0).elementType, [nil])
      try inferRange(&context)
    }
  }

  // MARK: Constant

  private static func constant(_ context: OperatorContext) throws(OperatorFault) -> ValueFact {
    for attribute in context.attributes {
      switch (attribute.name, attribute.value) {
      case ("value", .tensor(let tensor)): return try context.constants.fact(of: tensor)
      case ("sparse_value", .sparseTensor(let tensor)):
        return ValueFact(
          try context.constants.fact(of: tensor.values).elementType, tensor.dimensions)
      case ("value_int", .int(let value)):
        return ValueFact(.int64, [], value: .integers([value]))
      case ("value_ints", .ints(let values)):
        return ValueFact(.int64, [values.count], value: small(.integers(values)))
      case ("value_float", .float(let value)):
        return ValueFact(.float32, [], value: .reals([Double(value)]))
      case ("value_floats", .floats(let values)):
        return ValueFact(.float32, [values.count], value: small(.reals(values.map(Double.init))))
      case ("value_string", .string), ("value_string", .largeString):
        return ValueFact(.string, [])
      case ("value_strings", .strings(let values)): return ValueFact(.string, [values.count])
      default: continue
      }
    }
    throw .missingAttribute("value")
  }

  private static func small(_ value: KnownValue) -> KnownValue? {
    value.count <= KnownValue.elementLimit ? value : nil
  }

  // MARK: Range

  private static func inferRange(_ context: inout OperatorContext) throws(OperatorFault) {
    let type = try context.input(0).elementType
    var operands: [KnownValue.Bounds] = []
    for index in 0..<3 {
      guard index < 2 || context.hasInput(2) else {
        let one = type.isIntegral ? KnownValue.integers([1]) : .reals([1])
        operands.append((one, one))
        break
      }
      let range = try context.input(index).range
      guard (range.high ?? range.low)?.count ?? 1 == 1 else {
        throw .inputValue(input: index, reason: "one is needed")
      }
      operands.append(range)
    }
    let (start, limit, step) = (operands[0], operands[1], operands[2])
    guard let delta = step.high, delta == step.low else { throw .unknownValue(input: 2) }
    func range(from start: KnownValue, to limit: KnownValue) throws(OperatorFault) -> ValueFact {
      if case (.integers(let start), .integers(let limit), .integers(let delta)) = (
        start, limit, delta
      ) {
        return try integerRange(type, from: start[0], to: limit[0], by: delta[0])
      }
      return try realRange(
        type, from: start.reals[0], to: limit.reals[0], by: delta.reals[0])
    }
    // The longest range starts and ends as far apart as can be.
    let isRising = delta.reals[0] > 0
    let (first, last) = isRising ? (start.low, limit.high) : (start.high, limit.low)
    guard let first else { throw .unknownValue(input: 0) }
    guard let last else { throw .unknownValue(input: 1) }
    let longest = try range(from: first, to: last)
    if start.low == start.high, limit.low == limit.high {
      context.setOutput(0, longest)
      return
    }
    var least = 0
    let (late, early) = isRising ? (start.high, limit.low) : (start.low, limit.high)
    if let late, let early { least = try range(from: late, to: early).shape[0] }
    context.setBound(0, type, longest.shape, least: [least])
  }

  private static func integerRange(
    _ type: ElementType, from start: Int64, to limit: Int64, by delta: Int64
  ) throws(OperatorFault) -> ValueFact {
    guard delta != 0 else { throw .inputValue(input: 2, reason: "the step is 0") }
    let (distance, overflow) = limit.subtractingReportingOverflow(start)
    guard !overflow else { throw .tooLarge }
    let isEmpty = delta > 0 ? distance <= 0 : distance >= 0
    let count =
      isEmpty ? 0 : (distance.magnitude - 1) / delta.magnitude + 1
    guard count <= UInt64(OperatorContext.extentLimit) else { throw .tooLarge }
    let value =
      count <= KnownValue.elementLimit
      ? KnownValue.integers((0..<Int64(count)).map { start &+ $0 &* delta }) : nil
    return ValueFact(type, [Int(count)], value: value)
  }

  /// The number of elements comes from a division in the range's own type.
  private static func realRange(
    _ type: ElementType, from start: Double, to limit: Double, by delta: Double
  ) throws(OperatorFault) -> ValueFact {
    guard delta != 0 else { throw .inputValue(input: 2, reason: "the step is 0") }
    let count =
      type == .float64
      ? ((limit - start) / delta).rounded(.up)
      : Double(((Float(limit) - Float(start)) / Float(delta)).rounded(.up))
    guard count.isFinite, count <= Double(OperatorContext.extentLimit) else { throw .tooLarge }
    let extent = count > 0 ? Int(count) : 0
    let value =
      extent <= KnownValue.elementLimit
      ? KnownValue.reals(0..<extent) { type.rounded(start + Double($0) * delta) } : nil
    return ValueFact(type, [extent], value: value)
  }

  // MARK: Random numbers, windows

  private static func random(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      guard let stated = try context.ints("shape") else { throw .missingAttribute("shape") }
      guard stated.allSatisfy({ $0 >= 0 }) else { throw .attributeValue("shape") }
      context.setOutput(0, try context.elementType("dtype") ?? .float32, stated)
    }
  }

  private static func randomLike(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let like = try context.input(0)
      context.setOutput(0, try context.elementType("dtype") ?? like.elementType, like.shape)
    }
  }

  private static func window(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let type = try context.elementType("output_datatype") ?? .float32
      context.setOpen(0, type, [nil])
      let size = try Extents.extent(Int64(try context.integer(0)), input: 0)
      context.setOutput(0, type, [size])
    }
  }
}
