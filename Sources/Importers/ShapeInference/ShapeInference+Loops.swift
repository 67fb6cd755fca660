// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// A body that runs several times, each time with what the time before left.
struct RepeatedBody {
  let attribute = "body"
  let structure: GraphStructure
  /// What is carried into the first turn.
  let initial: [ValueFact]
  /// How often it runs, at most; `nil` where nothing says.
  var limit: Int?
  /// Why the number of turns is not known, if it is not.
  var openReason: OperatorFault?
  /// Whether it runs so often unless a condition ends it.
  var isExact: Bool
  /// Whether the first of the body's results says whether there is another turn.
  let hasCondition: Bool
  /// Whether the first turn is certain, if the limit allows one.
  var isStartKnown = true
  /// The body's inputs in a turn, whose number may not be known, with what is carried into it.
  let parameters: (_ turn: Int?, _ carried: [ValueFact]) -> [ValueFact]

  /// Where the carried values are among the body's results.
  var carriedOutputs: Range<Int> {
    let start = hasCondition ? 1 : 0
    return start..<start + initial.count
  }
}

/// What is known of a repeated body in all of its turns.
struct Repetition {
  /// What is inside, in every turn; `nil` if there is none.
  var body: InferredBody?
  /// What is carried out of the last turn.
  var carried: [ValueFact]
  /// What each turn adds to the other results.
  var slices: [ValueFact]
  /// The elements of those, where each turn's are known.
  var values: [[KnownValue]?]
  var trips: Int?
  var isExact: Bool
  /// What has no bound inside.
  var unbounded: [UnboundedTensor] = []
}

extension ShapeInference {
  /// What is known of a repeated body.
  ///
  /// First in general: a state that holds before every turn, found by starting with what is carried into
  /// the first and widening it by what comes out. Where that ends nowhere, or loses elements that are
  /// known at first, the turns are followed one by one, as far as the budget allows.
  ///
  /// - Returns: `nil` when it cannot be told; then `use` says why.
  mutating func repetition(
    of loop: RepeatedBody, _ use: inout BodyUse
  ) throws(BodyFault) -> Repetition? {
    var (isFollowed, isNeeded) = (false, true)
    var general: Repetition?
    if loop.limit != 0 {
      general = try fixpoint(of: loop, &use)
      let changes =
        general.map { general in
          !general.unbounded.isEmpty
            || zip(general.carried, loop.initial).contains { after, before in
              after.isUpperBound && !before.isUpperBound
            }
        } ?? true
      let losesElements =
        general.map { general in
          zip(general.carried, loop.initial).contains { $0.value == nil && $1.integers != nil }
        } ?? false
      let isOpen = general.map { $0.trips == nil && !$0.slices.isEmpty } ?? false
      let size = loop.structure.graph.nodesInside
      let cost = loop.limit.map { $0.multipliedReportingOverflow(by: size) }
      let isWithin = cost.map { !$0.overflow && $0.partialValue <= bodyBudget.unrolled } ?? true
      let isCheap =
        cost.map { !$0.overflow && $0.partialValue <= BodyBudget.curiosity } ?? true
      isNeeded = changes || isOpen
      isFollowed = isNeeded && isWithin || losesElements && isCheap
      if !isFollowed, general == nil, use.reason == nil, use.unknown.isEmpty {
        use.reason =
          loop.openReason
          ?? .unsupported("a loop that changes the shape of what it carries in that many turns")
      }
    }
    guard loop.limit == 0 || isFollowed else {
      use.unbounded += general?.unbounded ?? []
      return general
    }
    let followed = try followed(loop, isNeeded: isNeeded, &use)
    if let followed {
      (use.reason, use.unknown, use.unbounded) = (nil, [], followed.unbounded)
      return followed
    }
    use.unbounded += general?.unbounded ?? []
    if general == nil, use.reason == nil, use.unknown.isEmpty {
      use.reason =
        loop.openReason ?? .unsupported("a loop whose turns go on too long to be followed")
    }
    return general
  }

  /// The state that holds before every turn, if it is found soon.
  private mutating func fixpoint(
    of loop: RepeatedBody, _ use: inout BodyUse
  ) throws(BodyFault) -> Repetition? {
    var state = loop.initial
    for _ in 0..<BodyBudget.passes {
      let run = try run(
        loop.structure, attribute: loop.attribute, parameters: loop.parameters(nil, state))
      guard let results = run.known else {
        use.note(run)
        return nil
      }
      var next: [ValueFact] = []
      for (before, after) in zip(state, results[loop.carriedOutputs]) {
        guard let joined = before.joined(with: after) else { return nil }
        next.append(joined)
      }
      guard next == state else {
        state = next
        continue
      }
      // Whoever ends the loop early does so in a turn: then at least that many turns are not known.
      let goesOn = !loop.hasCondition || results[0].isTrue
      var repetition = Repetition(
        body: run.body, carried: state,
        slices: Array(results[loop.carriedOutputs.upperBound...]),
        values: [], trips: loop.limit, isExact: loop.isExact && loop.isStartKnown && goesOn)
      repetition.slices = repetition.slices.map { slice in
        var slice = slice
        slice.value = nil
        return slice
      }
      repetition.unbounded = run.unbounded
      use.statedCount = max(use.statedCount, run.statedCount)
      return repetition
    }
    return nil
  }

  /// The turns one after the other, if they end before the budget does.
  private mutating func followed(
    _ loop: RepeatedBody, isNeeded: Bool, _ use: inout BodyUse
  ) throws(BodyFault) -> Repetition? {
    let elements = budget
    let nodes = isNeeded ? bodyBudget.unrolled : min(bodyBudget.unrolled, 1 << 14)
    do throws(BodyFault) {
      if let result = try unrolled(loop, nodes, &use) { return result }
    } catch {
      // What grows from turn to turn may do so beyond all bounds.
      guard case .inside(.shapes(.operatorFault(_, _, _, .tooLarge))) = error else { throw error }
    }
    budget = elements
    return nil
  }

  /// The turns one after the other.
  ///
  /// - Parameter budget: How many nodes may be inferred.
  private mutating func unrolled(
    _ loop: RepeatedBody, _ budget: Int, _ use: inout BodyUse
  ) throws(BodyFault) -> Repetition? {
    let size = loop.structure.graph.nodesInside
    var budget = budget
    var result = Repetition(
      body: nil, carried: loop.initial, slices: [], values: [], trips: 0, isExact: true)
    // What may come out of the turns after each of which the loop may end.
    var exits: [ValueFact]? = loop.isStartKnown ? nil : loop.initial
    if !loop.isStartKnown || !loop.isExact { result.isExact = false }
    var turn = 0
    func mayEnd(after carried: [ValueFact]) -> Bool {
      guard let known = exits else {
        exits = carried
        return true
      }
      let joined = zip(known, carried).compactMap { $0.joined(with: $1) }
      exits = joined
      return joined.count == carried.count
    }
    if !loop.isExact, loop.limit != nil {
      // The limit is a bound: the loop may end after any turn.
      exits = loop.initial
    }
    while turn != loop.limit {
      // Nothing says that there is an end.
      guard loop.limit != nil || turn < BodyBudget.openTurns else { return nil }
      budget -= size
      bodyBudget.unrolled -= size
      guard budget > 0, bodyBudget.unrolled > 0 else { return nil }
      let run = try run(
        loop.structure, attribute: loop.attribute,
        parameters: loop.parameters(turn, result.carried))
      guard let results = run.known else {
        use.note(run)
        return nil
      }
      use.statedCount = max(use.statedCount, run.statedCount)
      result.unbounded += run.unbounded
      if result.body == nil { result.body = run.body } else { result.body?.join(run.body) }
      result.carried = Array(results[loop.carriedOutputs])
      guard take(Array(results[loop.carriedOutputs.upperBound...]), into: &result, turn) else {
        return nil
      }
      turn += 1
      var isLast = turn == loop.limit
      if loop.hasCondition, !isLast {
        let goesOn = results[0]
        if let value = goesOn.integers?.first, !goesOn.isUpperBound {
          if value == 0 { isLast = true }
        } else {
          result.isExact = false
          guard loop.limit != nil, mayEnd(after: result.carried) else { return nil }
        }
      }
      if !loop.isExact, !isLast {
        guard loop.limit != nil, mayEnd(after: result.carried) else { return nil }
      }
      if isLast { break }
    }
    result.trips = turn
    if exits != nil {
      guard mayEnd(after: result.carried), let exits else { return nil }
      result.carried = exits
    }
    if turn == 0 { try emptySlices(of: loop, into: &result) }
    return result
  }

  /// Adds what a turn puts into the other results.
  private func take(_ slices: [ValueFact], into result: inout Repetition, _ turn: Int) -> Bool {
    if turn == 0 {
      result.values = slices.map { $0.isUpperBound ? nil : $0.value.map { [$0] } }
      result.slices = slices.map { slice in
        var slice = slice
        slice.value = nil
        return slice
      }
      return true
    }
    for (index, slice) in slices.enumerated() {
      var slice = slice
      let value = slice.isUpperBound ? nil : slice.value
      slice.value = nil
      guard let joined = result.slices[index].joined(with: slice) else { return false }
      result.slices[index] = joined
      if let value, result.values[index] != nil {
        result.values[index]?.append(value)
      } else {
        result.values[index] = nil
      }
    }
    return true
  }

  /// What a loop without turns would add to the other results, as far as its body tells.
  private mutating func emptySlices(
    of loop: RepeatedBody, into result: inout Repetition
  ) throws(BodyFault) {
    let outputs = loop.structure.graph.outputs
    let slices = outputs[loop.carriedOutputs.upperBound...]
    guard !slices.isEmpty else { return }
    let run: BodyRun?
    do throws(BodyFault) {
      run = try self.run(
        loop.structure, attribute: loop.attribute, parameters: loop.parameters(nil, loop.initial))
    } catch {
      // What never runs need not fit.
      run = nil
    }
    result.slices = slices.indices.map { index in
      var fact = run?.outputs[index] ?? ValueFact(outputs[index].type.elementType, [])
      fact.value = nil
      return fact
    }
    result.values = Array(repeating: nil, count: result.slices.count)
  }
}

extension ValueFact {
  /// Whether the value is known to be true.
  var isTrue: Bool { !isUpperBound && integers?.first.map { $0 != 0 } ?? false }
}

extension Repetition {
  /// The results that gather a slice of each turn, along an axis of their own.
  ///
  /// - Parameter axis: The axis by slice; counts from the end if negative.
  func gathered(_ index: Int, axis: Int = 0) throws(OperatorFault) -> ValueFact? {
    guard let trips, slices[index].kind == .tensor else { return nil }
    var fact = slices[index]
    let position = try Extents.axis(axis, rank: fact.rank + 1)
    (fact.value, fact.leastValue) = (nil, nil)
    if !fact.isUpperBound { fact.leastShape = fact.shape }
    fact.shape.insert(trips, at: position)
    fact.leastShape?.insert(isExact ? trips : 0, at: position)
    if !isExact { fact.isUpperBound = true }
    if !fact.isUpperBound { fact.leastShape = nil }
    if !fact.isUpperBound, position == 0, values.indices.contains(index), let known = values[index],
      fact.elementCount <= KnownValue.elementLimit
    {
      fact.value = KnownValue.joined(known)
      if fact.value?.count != fact.elementCount { fact.value = nil }
    }
    return fact
  }
}

extension ONNXGraph {
  /// The number of nodes here and in bodies.
  var nodesInside: Int {
    var count = nodes.count + 1
    for attribute in attributes {
      switch attribute.value {
      case .graph(let body): count += body.nodesInside
      case .graphs(let bodies): count += bodies.reduce(0) { $0 + $1.nodesInside }
      default: continue
      }
    }
    return count
  }
}
