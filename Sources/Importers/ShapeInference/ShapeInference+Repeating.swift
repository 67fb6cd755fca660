// SPDX-License-Identifier: Apache-2.0
import GraphIR

// The operators that run a graph several times.
extension ShapeInference {
  /// Loop: so often as its first operand says, or until its body says that there is no other turn.
  mutating func inferLoop(_ use: inout BodyUse) throws(BodyFault) {
    let body = try structure(of: use.body("body"))
    var initial: [ValueFact] = []
    for index in use.inputs.indices.dropFirst(2) { initial.append(try use.input(index)) }
    let results = body.graph.outputs.count
    guard results >= initial.count + 1 else {
      throw .here(.unsupported("a body with fewer results than the loop carries"))
    }
    guard results - 1 >= use.outputs.count else {
      throw .here(.tooManyOutputs(use.outputs.count))
    }
    var loop = RepeatedBody(
      structure: body, initial: initial, limit: nil, isExact: true, hasCondition: true,
      parameters: Self.loopParameters(of: body))
    if let count = use.inputs.first ?? nil {
      loop.isExact = !count.isUpperBound
      if let value = count.integers?.first {
        // Loops that only a condition ends have the largest number there is.
        loop.limit = value > OperatorContext.extentLimit ? nil : max(0, Int(value))
      }
    }
    if use.inputs.count > 1, let condition = use.inputs[1] {
      switch condition.isUpperBound ? nil : condition.integers?.first {
      case 0: loop.limit = 0
      case nil: loop.isStartKnown = false
      default: break
      }
    }
    if loop.limit == nil {
      loop.openReason =
        (use.inputs.first ?? nil).map { $0.integers == nil } == true
        ? .unknownValue(input: 0)
        : .unsupported("a loop that only a condition ends, nobody knows after how many turns,")
    }
    guard let found = try repetition(of: loop, &use) else { return }
    try finish(&use, found) { index throws(OperatorFault) in try found.gathered(index) }
    if use.outputs.contains(where: { $0 == nil }), use.reason == nil {
      use.reason = loop.openReason
    }
  }

  /// The number of the turn, the condition, which holds in every turn that there is, and the state.
  private static func loopParameters(
    of body: GraphStructure
  ) -> (Int?, [ValueFact]) -> [ValueFact] {
    /// A scalar, or what a body that declares one axis gets.
    func shape(_ position: Int) -> [Int] {
      guard position < body.fedInputs.count,
        case .tensor(_, let shape?) = body.graph.inputs[body.fedInputs[position]].type
      else { return [] }
      return shape.count == 1 ? [1] : []
    }
    let (turnShape, conditionShape) = (shape(0), shape(1))
    return { turn, carried in
      [
        ValueFact(.int64, turnShape, value: turn.map { .integers([Int64($0)]) }),
        ValueFact(.bool, conditionShape, value: .integers([1])),
      ] + carried
    }
  }

  /// Scan: once for each slice of its last operands along an axis.
  mutating func inferScan(_ use: inout BodyUse) throws(BodyFault) {
    let body = try structure(of: use.body("body"))
    guard case .int(let stated)? = use.graph.attribute("num_scan_inputs", of: use.node) else {
      throw .here(.missingAttribute("num_scan_inputs"))
    }
    // Up to version 8 there are lengths first, and a batch around everything.
    let isBatched = use.version < 9
    let first = isBatched ? 1 : 0
    let count = Int(clamping: stated)
    guard count > 0, count <= use.inputs.count - first else {
      throw .here(.attributeValue("num_scan_inputs"))
    }
    let stateCount = use.inputs.count - first - count
    let slicedCount = body.graph.outputs.count - stateCount
    guard slicedCount >= 0, body.graph.outputs.count >= use.outputs.count else {
      throw .here(.tooManyOutputs(use.outputs.count))
    }
    var batch = 1
    func unbatched(_ fact: ValueFact) throws(BodyFault) -> ValueFact {
      guard isBatched else { return fact }
      var fact = fact
      guard !fact.shape.isEmpty else { throw .here(.axis(0, rank: 0)) }
      batch = fact.shape.removeFirst()
      fact.value = nil
      return fact
    }
    var initial: [ValueFact] = []
    for index in 0..<stateCount { initial.append(try unbatched(use.input(first + index))) }
    let axes = try use.ints("scan_input_axes") ?? []
    var slices: [ValueFact] = []
    var (limit, isExact) = (Int.max, true)
    for index in 0..<count {
      var fact = try unbatched(use.input(first + stateCount + index))
      let axis = index < axes.count && !isBatched ? axes[index] : 0
      guard fact.kind == .tensor else {
        throw .here(.valueKind(input: first + stateCount + index, needed: "tensor"))
      }
      let position: Int
      do throws(OperatorFault) {
        position = try Extents.axis(axis, rank: fact.rank)
      } catch { throw .here(error) }
      let extent = fact.shape.remove(at: position)
      fact.value = nil
      if fact.isUpperBound { isExact = false }
      guard limit == Int.max || limit == extent || !isExact else {
        throw .here(
          .extents([limit], [extent], reason: "the inputs that are scanned differ in length"))
      }
      limit = min(limit, extent)
      slices.append(fact)
    }
    if isBatched, use.inputs[0] != nil { isExact = false }
    let loop = RepeatedBody(
      structure: body, initial: initial, limit: limit, isExact: true, hasCondition: false,
      parameters: { _, carried in carried + slices })
    guard var found = try repetition(of: loop, &use) else { return }
    // Short sequences of a batch, and bounds, are padded or fewer; the state is the same.
    if !isExact { found.isExact = false }
    if isBatched {
      found.carried = found.carried.map { fact in
        var fact = fact
        fact.shape.insert(batch, at: 0)
        fact.value = nil
        return fact
      }
    }
    let outputAxes = try use.ints("scan_output_axes") ?? []
    let padded = found.trips
    try finish(&use, found) { index throws(OperatorFault) in
      guard isBatched else {
        return try found.gathered(index, axis: index < outputAxes.count ? outputAxes[index] : 0)
      }
      guard let padded else { return nil }
      var fact = found.slices[index]
      fact.shape = [batch, padded] + fact.shape
      return fact
    }
  }

  /// Sets the results of a loop: what is carried out of it, then what its turns add up to.
  private func finish(
    _ use: inout BodyUse, _ found: Repetition,
    _ gathered: (Int) throws(OperatorFault) -> ValueFact?
  ) throws(BodyFault) {
    for (slice, fact) in found.slices.enumerated() where fact.kind == .tensor {
      use.openForms.append(
        OpenForm(
          output: found.carried.count + slice, elementType: fact.elementType,
          extents: [nil] + fact.shape))
    }
    for index in use.outputs.indices {
      if index < found.carried.count {
        use.outputs[index] = found.carried[index]
        continue
      }
      let slice = index - found.carried.count
      guard slice < found.slices.count else { continue }
      do throws(OperatorFault) {
        use.outputs[index] = try gathered(slice)
      } catch { throw .here(error) }
    }
    let kind: BodyOperator =
      use.graph.attribute("num_scan_inputs", of: use.node) == nil
      ? .loop : .scan
    use.inferred = InferredBodies(
      kind: kind, bodies: found.body.map { [$0] } ?? [], trips: found.trips)
  }

  /// SequenceMap: once for each member of its sequences, which is what ``finish(_:_:_:)`` cannot say:
  /// members may differ in shape.
  mutating func inferSequenceMap(_ use: inout BodyUse) throws(BodyFault) {
    let body = try structure(of: use.body("body"))
    guard body.graph.outputs.count >= use.outputs.count else {
      throw .here(.tooManyOutputs(use.outputs.count))
    }
    let sequence = try use.input(0)
    guard sequence.kind == .sequence else {
      throw .here(.valueKind(input: 0, needed: "sequence"))
    }
    var others: [ValueFact] = []
    var isUpperBound = sequence.isUpperBound
    for index in use.inputs.indices.dropFirst() {
      let fact = try use.input(index)
      others.append(fact)
      guard fact.kind == .sequence else { continue }
      if fact.isUpperBound { isUpperBound = true }
      guard fact.elements.count == sequence.elements.count || isUpperBound else {
        throw .here(
          .extents(
            [sequence.elements.count], [fact.elements.count],
            reason: "the sequences differ in length"))
      }
    }
    var members: [[ValueFact]] = Array(repeating: [], count: use.outputs.count)
    var inferred: InferredBody?
    var last: (parameters: [ValueFact], results: [ValueFact])?
    for (index, member) in sequence.elements.enumerated() {
      var parameters = [member]
      for fact in others {
        guard fact.kind == .sequence else {
          parameters.append(fact)
          continue
        }
        guard index < fact.elements.count else { break }
        parameters.append(fact.elements[index])
      }
      guard parameters.count == others.count + 1 else { break }
      if last?.parameters != parameters {
        let run = try run(body, attribute: "body", parameters: parameters)
        guard let results = run.known else {
          use.note(run)
          return
        }
        use.unbounded += run.unbounded
        if inferred == nil { inferred = run.body } else { inferred?.join(run.body) }
        last = (parameters, results)
      }
      for output in use.outputs.indices {
        if let fact = last?.results[output] { members[output].append(fact) }
      }
    }
    for output in use.outputs.indices {
      let type =
        members[output].first?.elementType ?? body.graph.outputs[output].type.elementType
      var fact = ValueFact.sequence(of: type, members[output])
      fact.isUpperBound = isUpperBound || members[output].contains(where: \.isUpperBound)
      use.outputs[output] = fact
    }
    use.inferred = InferredBodies(
      kind: .sequenceMap, bodies: inferred.map { [$0] } ?? [], trips: sequence.elements.count)
  }
}
