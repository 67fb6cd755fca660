// SPDX-License-Identifier: Apache-2.0

import GraphIR

// The proof: the witness adds up to the bound, and each of its storages is live there in *every*
// order.
extension PlanChecker {
  mutating func checkWitness() {
    let witness = plan.witness
    func broken(_ what: String) { report(.brokenWitness(what: what)) }
    guard witness.boundBytes == plan.summary.lowerBoundBytes else {
      return broken("its bound is not the plan's")
    }
    var units: Set<Int> = []
    var total = 0
    let known = TensorsByName(of: graph)
    for item in witness.tensors {
      guard let tensor = known[item.name] else {
        return broken("no tensor is '\(item.name)'")
      }
      guard let unit = unit(of: family[tensor], at: item.offset) else {
        return broken("no part of '\(item.name)' starts there")
      }
      guard units.insert(unit).inserted else { return broken("'\(item.name)' is in it twice") }
      guard isInArena(unit) else { return broken("'\(item.name)' is not in the arena") }
      guard item.bytes == size(unit) else { return broken("the size of '\(item.name)'") }
      total += item.bytes
    }
    guard let step = witness.step else {
      // The very first or last moment, when all inputs or all outputs are live.
      guard units.isSubset(of: inputUnits) || units.isSubset(of: outputUnits) else {
        return broken("without a node it must be inputs or outputs only")
      }
      return checkTotal(total)
    }
    guard plan.steps.indices.contains(step), witness.node == plan.steps[step].node,
      let index = plan.steps[step].nodeIndex
    else { return broken("its node is not the one of its step") }
    let node = NodeID(index)
    switch witness.proof {
    case .workingSet, .forced: checkForced(units, at: node)
    case .minimumCut: checkCut(at: node)
    case .inputs: checkEnd(isFirst: true)
    case .outputs: checkEnd(isFirst: false)
    case .search: break
    }
    checkTotal(total + plan.steps[step].workspaceBytes)
  }

  /// What a search has proven is explained in part; all else to the byte.
  private mutating func checkTotal(_ total: Int) {
    let bound = plan.witness.boundBytes
    if total != bound, plan.witness.proof != .search || total > bound {
      report(.brokenWitness(what: "its sizes do not add up to its bound"))
    }
  }

  /// The unit that starts so many bytes from the start of a family.
  private func unit(of family: Int, at offset: Int) -> Int? {
    let units = units(of: family)
    guard units != [family] else { return offset == 0 ? family : nil }
    let start = units.first.map { slices[$0].offset } ?? 0
    return units.first { slices[$0].offset - start == offset }
  }

  /// The units of all that is marked.
  func units(_ isMarked: [Bool]) -> Set<Int> {
    Set(family.indices.filter { isMarked[$0] }.flatMap { units(of: family[$0]) })
  }

  /// Each unit has a toucher that always runs before the node or is it, and one after it or it;
  /// and whatever takeovers happen at the node, that many bytes are left.
  private mutating func checkForced(_ units: Set<Int>, at node: NodeID) {
    let requirements = NodeRequirements(of: graph, family: family)
    let before = requirements.reachable(from: node.index, upstream: true)
    let after = requirements.reachable(from: node.index, upstream: false)
    var (early, late) = (inputUnits, outputUnits)
    for other in graph.nodeIDs where before[other.index] || after[other.index] {
      for root in touched[other] {
        if before[other.index] { early.insert(root) }
        if after[other.index] { late.insert(root) }
      }
    }
    for unit in units.sorted() where !early.contains(unit) || !late.contains(unit) {
      report(.brokenWitness(what: "'\(familyName(unit))' need not be live there"))
    }
    // All that the node touches is live as well, less what takeovers may save.
    let others = units.subtracting(touched[node]).reduce(0) { $0 + size($1) }
    checkBound(isAtMost: others + atRun(of: node) - saved(by: takeovers(at: node)))
  }

  /// Whatever ran before the node, that many bytes are live while it runs: by a flow of that value
  /// through the storages, which no set of nodes that could have run can cut for less.
  private mutating func checkCut(at node: NodeID) {
    let own = Set(touched[node])
    let requirements = NodeRequirements(of: graph, family: family)
    var network = CutNetwork(around: node.index, requirements: requirements)
    let count = slices.base + slices.units.count
    var touchers = [[Int]](repeating: [], count: count)
    for other in graph.nodeIDs where other != node {
      for root in touched[other] where isInArena(root) {
        touchers[root].append(other.index)
      }
    }
    for unit in 0..<count
    where isUnit(unit) && !own.contains(unit) && isInArena(unit) {
      network.addStorage(
        bytes: size(unit), touchers: touchers[unit], isThereBefore: inputUnits.contains(unit),
        isThereAfter: outputUnits.contains(unit))
    }
    let after = requirements.reachable(from: node.index, upstream: false)
    let ends = Set(touchers.indices.filter { root in touchers[root].contains { after[$0] } })
    let possible = takeovers(at: node).filter { !ends.contains($0.taken) }
    let certain = atRun(of: node) - saved(by: possible)
    if let only = possible.first, possible.count == 1 {
      network.addSaving(bytes: size(only.made), needs: touchers[only.taken])
    }
    checkBound(isAtMost: certain + network.flow(upTo: plan.witness.boundBytes - certain))
  }

  /// Whichever node runs first, or last, all inputs, or outputs, are live with what it touches.
  ///
  /// Any nodes may be left out of the argument as idle: it is then about the first or last of the
  /// others, and about the inputs or outputs that one of the others touches or that are both. Nodes
  /// that touch one storage at most, or views, would else stand at every end and prove nothing.
  private mutating func checkEnd(isFirst: Bool) {
    let requirements = NodeRequirements(of: graph, family: family)
    let count = graph.nodeIDs.map { node in touched[node].count { isInArena($0) } }
    let isView = graph.nodeIDs.map { node in
      graph.outputs(of: node).allSatisfy { $0.isAbsent || family[$0.index] != $0.index }
    }
    let isBare = graph.nodeIDs.map { graph[$0].workspace == .zero }
    let choices: [(Int) -> Bool] = [
      { _ in false }, { count[$0] <= 1 && isBare[$0] && isView[$0] },
      { count[$0] <= 1 && isBare[$0] },
      {
        count[$0] <= 1 && isBare[$0]
          && (isFirst ? requirements.needs($0) : requirements.users($0)).isEmpty
      },
    ]
    let bounds = choices.map { isIdle in
      end(isFirst: isFirst, requirements, graph.nodes.indices.map(isIdle))
    }
    checkBound(isAtMost: bounds.max() ?? 0)
  }

  /// The least that is live while the first, or last, of the nodes that are not idle runs.
  private func end(
    isFirst: Bool, _ requirements: NodeRequirements, _ isIdle: [Bool]
  ) -> Int {
    let unitCount = slices.base + slices.units.count
    var isLasting = [Bool](repeating: false, count: unitCount)
    for unit in inputUnits where outputUnits.contains(unit) { isLasting[unit] = true }
    for node in graph.nodeIDs where !isIdle[node.index] {
      for unit in touched[node] { isLasting[unit] = true }
    }
    var isMarked = [Bool](repeating: false, count: unitCount)
    var all = 0
    for unit in isFirst ? inputUnits : outputUnits where isInArena(unit) && isLasting[unit] {
      isMarked[unit] = true
      all += size(unit)
    }
    // Whether one of the others comes before a node in every order, or after it; what a node needs
    // stands before it in the file.
    var isInner = [Bool](repeating: false, count: graph.nodes.count)
    var least = Int.max
    let nodes = Array(graph.nodeIDs)
    for node in isFirst ? nodes : nodes.reversed() {
      let neighbours =
        isFirst ? requirements.needs(node.index) : requirements.users(node.index)
      isInner[node.index] = neighbours.contains { isInner[Int($0)] || !isIdle[Int($0)] }
      guard !isInner[node.index], !isIdle[node.index] else { continue }
      let own = touched[node].reduce(0) { $0 + (isMarked[$1] ? size($1) : 0) }
      least = min(least, atRun(of: node) - saved(by: takeovers(at: node)) - own)
    }
    return least == .max ? all : all + least
  }

  private mutating func checkBound(isAtMost bytes: Int) {
    if plan.witness.boundBytes > bytes {
      report(.brokenWitness(what: "some order may need only \(bytes) bytes there"))
    }
  }

  /// What no plan can do without, whatever it recomputes or spills: no claim of a floor is above it.
  mutating func checkFloor() {
    func bytes(_ units: Set<Int>) -> Int {
      units.reduce(0) { $0 + (isInArena($1) ? size($1) : 0) }
    }
    var floor = max(bytes(inputUnits), bytes(outputUnits))
    for node in graph.nodeIDs {
      var fetched = 0
      if isLadder {
        var streamed: Set<Int> = []
        for tensor in Array(graph.inputs(of: node)) + Array(graph.outputs(of: node))
        where !tensor.isAbsent && entry(tensor.index).space == MemorySpace.second.rawValue {
          streamed.insert(family[tensor.index])
        }
        fetched = streamed.reduce(0) { $0 + rounded(graph[TensorID($1)].bytes.value) }
      }
      floor = max(floor, atRun(of: node) - saved(by: takeovers(at: node)) + fetched)
    }
    let planned = plan.summary.floorBytes
    let expected = plan.summary.residentBytes + floor
    if planned > expected {
      report(.wrongSum(what: "floorBytes", planned: planned, expected: expected))
    }
  }

  /// What a node touches and its workspace.
  private func atRun(of node: NodeID) -> Int {
    touched[node].reduce(rounded(graph[node].workspace.value)) {
      $0 + (isInArena($1) ? size($1) : 0)
    }
  }

  /// Whether a number is that of a unit: a family that does not hang together with others, or a part
  /// of those that do.
  private func isUnit(_ number: Int) -> Bool {
    number >= slices.base || family[number] == number && slices.ofFamily[number] == nil
  }

  /// A fresh result of a node that may overwrite what its operand is of, in some order.
  private struct Takeover {
    var made: Int
    var taken: Int
  }

  /// The takeovers of a node in the order of its effects, by unit.
  private func takeovers(at node: NodeID) -> [Takeover] {
    possibleTakeovers(at: node).compactMap { made, taken in
      guard slices.ofFamily[made] == nil || !slices.isBound.contains(taken) else { return nil }
      guard let makes = onlyUnit(of: made), let takes = onlyUnit(of: taken) else { return nil }
      return Takeover(made: makes, taken: takes)
    }
  }

  /// The most bytes that takeovers save: they are made in the order of the effects, each storage in
  /// one of them, so none saves more where fewer operands die.
  private func saved(by takeovers: [Takeover]) -> Int {
    if takeovers.isEmpty { return 0 }
    var used: Set<Int> = []
    var saved = 0
    for takeover in takeovers
    where !used.contains(takeover.made) && !used.contains(takeover.taken) {
      used.formUnion([takeover.made, takeover.taken])
      saved += size(takeover.made)
    }
    return saved
  }
}
