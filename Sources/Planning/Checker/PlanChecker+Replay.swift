// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A plan that recomputes or spills, step by step: which storages are in the arena and in the second
/// memory, and in which version, where nodes update them in place.
private struct Replay {
  /// The stays of each storage in the arena, as positions in the plan's list, by first step.
  var stays: [Int: [Int]] = [:]
  /// The stay of each storage in the second memory.
  var second: [Int: Int] = [:]
  /// The next stay in the arena to begin, by storage, as a position in its list.
  var next: [Int: Int] = [:]
  /// The stay that a storage is in, as a position in the plan's list.
  var current: [Int: Int] = [:]
  /// How many updates what is in the arena has seen.
  var version: [Int: Int] = [:]
  /// How many updates what is in the second memory has seen.
  var secondVersion: [Int: Int] = [:]
  /// The last step that needs each stay.
  var lastNeed: [Int]
  /// The nodes that update each storage, in file order.
  var writers: [Int: [Int]] = [:]

  /// How many updates of a storage come before a node in the file.
  func updates(of storage: Int, before node: Int) -> Int {
    writers[storage].map { list in list.count { $0 < node } } ?? 0
  }
}

extension PlanChecker {
  /// Executes the plan without its numbers: whatever a step needs must be there in the version that
  /// the file's order gives it, and every stay begins and ends exactly where the steps say.
  ///
  /// - Complexity: O(steps · operands · log).
  mutating func checkReplay() {
    var replay = Replay(lastNeed: plan.residencies.map(\.firstStep))
    stayEnds = [[Int]](repeating: [], count: lastStep + 1)
    for (index, stay) in plan.residencies.enumerated() {
      if stay.space == MemorySpace.arena.rawValue {
        stayEnds[stay.lastStep].append(index)
        replay.stays[stay.storage, default: []].append(index)
      } else {
        replay.second[stay.storage] = index
      }
    }
    for node in graph.nodeIDs {
      let written = Set(
        graph.effects(of: node).filter { $0.kind == .mustOverwrite }.map {
          entry(graph.operands(of: $0, at: node).output.index).storage
        })
      for storage in written { replay.writers[storage, default: []].append(node.index) }
    }
    placeFirst(&replay)
    madeAt = [Int](repeating: -1, count: graph.tensors.count)
    lastUse = [Int](repeating: 0, count: graph.tensors.count)
    for (position, step) in plan.steps.enumerated() {
      switch step.kind {
      case .run, .recompute:
        if let index = step.nodeIndex { run(NodeID(index), step.kind, at: position, &replay) }
      case .spill:
        if let storage = step.storage { spill(storage, at: position, &replay) }
      case .fetch:
        if let storage = step.storage { fetch(storage, at: position, &replay) }
      }
      if !violations.isEmpty { return }
      end(&replay, at: position)
    }
    finish(&replay)
  }

  private func isArena(_ storage: Int) -> Bool {
    rootOfStorage[storage].map { entry($0).space == MemorySpace.arena.rawValue } ?? false
  }

  private func isAtHomeElsewhere(_ storage: Int) -> Bool {
    rootOfStorage[storage].map { entry($0).space == MemorySpace.second.rawValue } ?? false
  }

  /// The name of a storage's root.
  private func storageName(_ storage: Int) -> String {
    rootOfStorage[storage].map { name($0) } ?? "storage \(storage)"
  }

  /// Graph inputs are in the arena from the start, streamed residents in the second memory.
  private mutating func placeFirst(_ replay: inout Replay) {
    for tensor in graph.inputs where isArena(entry(tensor.index).storage) {
      let storage = entry(tensor.index).storage
      guard replay.current[storage] == nil else { continue }
      begin(storage, at: 0, version: 0, &replay)
    }
    for storage in rootOfStorage.keys.sorted() where isAtHomeElsewhere(storage) {
      guard let index = replay.second[storage], plan.residencies[index].firstStep == 0 else {
        report(.wrongStay(storageName(storage), space: "second", step: 0))
        continue
      }
      replay.secondVersion[storage] = 0
      replay.lastNeed[index] = lastStep
    }
  }

  /// A storage comes into the arena at a step; the stay before must have ended.
  private mutating func begin(
    _ storage: Int, at step: Int, version: Int, isMade: Bool = false, _ replay: inout Replay
  ) {
    let position = replay.next[storage] ?? 0
    guard let list = replay.stays[storage], position < list.count,
      plan.residencies[list[position]].firstStep == step, replay.current[storage] == nil,
      isMade || plan.residencies[list[position]].takesOver == nil
    else { return report(.wrongStay(storageName(storage), space: "arena", step: step)) }
    replay.next[storage] = position + 1
    replay.current[storage] = list[position]
    replay.version[storage] = version
    replay.lastNeed[list[position]] = step
  }

  private mutating func run(
    _ node: NodeID, _ kind: PlanStep.Kind, at step: Int, _ replay: inout Replay
  ) {
    let mask = kind == .recompute ? maskApplied(by: node) : nil
    let inputs = Array(graph.inputs(of: node)) + (mask.map { [$0] } ?? [])
    for tensor in inputs where !tensor.isAbsent {
      lastUse[tensor.index] = step
      let storage = entry(tensor.index).storage
      if graph[tensor].producer != nil, madeAt[tensor.index] < 0 {
        report(.usedBeforeMade(step: step, tensor: graph.name(of: tensor)))
        continue
      }
      if isArena(storage) || isAtHomeElsewhere(storage) {
        guard let stay = replay.current[storage] else {
          report(.usedWhileAbsent(step: step, tensor: graph.name(of: tensor)))
          continue
        }
        replay.lastNeed[stay] = step
      }
      if replay.version[storage] ?? 0 != replay.updates(of: storage, before: node.index) {
        report(.staleVersion(step: step, tensor: graph.name(of: tensor)))
      }
    }
    guard violations.isEmpty else { return }
    for tensor in graph.outputs(of: node) where !tensor.isAbsent && tensor != mask {
      let storage = entry(tensor.index).storage
      if kind == .run { madeAt[tensor.index] = step }
      lastUse[tensor.index] = step
      guard family[tensor.index] == tensor.index, isArena(storage) else { continue }
      begin(storage, at: step, version: 0, isMade: true, &replay)
    }
    for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
      let storage = entry(graph.operands(of: effect, at: node).output.index).storage
      replay.version[storage] = replay.updates(of: storage, before: node.index) + 1
    }
    checkTakeovers(of: node, but: mask, at: step, replay)
  }

  private mutating func spill(_ storage: Int, at step: Int, _ replay: inout Replay) {
    guard let stay = replay.current[storage] else {
      return report(.spilledWhileAbsent(step: step, tensor: storageName(storage)))
    }
    guard let index = replay.second[storage],
      plan.residencies[index].firstStep...plan.residencies[index].lastStep ~= step,
      replay.secondVersion[storage] != nil || plan.residencies[index].firstStep == step
    else { return report(.wrongStay(storageName(storage), space: "second", step: step)) }
    replay.lastNeed[stay] = step
    if !isAtHomeElsewhere(storage) { replay.lastNeed[index] = step }
    replay.secondVersion[storage] = replay.version[storage] ?? 0
  }

  private mutating func fetch(_ storage: Int, at step: Int, _ replay: inout Replay) {
    guard let version = replay.secondVersion[storage], let index = replay.second[storage] else {
      return report(.fetchedBeforeSpilled(step: step, tensor: storageName(storage)))
    }
    if !isAtHomeElsewhere(storage) { replay.lastNeed[index] = step }
    begin(storage, at: step, version: version, &replay)
  }

  /// Stays end behind their last step.
  private mutating func end(_ replay: inout Replay, at step: Int) {
    for index in stayEnds[step] {
      let stay = plan.residencies[index]
      if replay.current[stay.storage] == index { replay.current[stay.storage] = nil }
    }
  }

  /// Results are there at the end, updates are written back, and no stay is longer or shorter than
  /// what needs it.
  private mutating func finish(_ replay: inout Replay) {
    for tensor in graph.outputs {
      lastUse[tensor.index] = lastStep
      let storage = entry(tensor.index).storage
      guard isArena(storage) else { continue }
      guard let position = replay.next[storage], let list = replay.stays[storage], position > 0,
        plan.residencies[list[position - 1]].lastStep == lastStep
      else {
        report(.usedWhileAbsent(step: lastStep, tensor: graph.name(of: tensor)))
        continue
      }
      replay.lastNeed[list[position - 1]] = lastStep
      let made = graph[tensor].producer.map { $0.index + 1 } ?? 0
      if replay.version[storage] ?? 0 != replay.updates(of: storage, before: made) {
        report(.staleVersion(step: lastStep, tensor: graph.name(of: tensor)))
      }
    }
    for storage in rootOfStorage.keys.sorted() where isAtHomeElsewhere(storage) {
      if replay.secondVersion[storage] != replay.writers[storage]?.count ?? 0 {
        report(.notWrittenBack(storageName(storage)))
      }
    }
    for (index, stay) in plan.residencies.enumerated() {
      if stay.lastStep != replay.lastNeed[index] {
        report(
          .wrongLifetime(
            storageName(stay.storage), planned: stay.firstStep...stay.lastStep,
            expected: stay.firstStep...max(stay.firstStep, replay.lastNeed[index])))
      }
    }
    for storage in replay.stays.keys.sorted() {
      if let list = replay.stays[storage], replay.next[storage] ?? 0 < list.count {
        let stay = plan.residencies[list[replay.next[storage] ?? 0]]
        report(.wrongStay(storageName(storage), space: "arena", step: stay.firstStep))
      }
    }
    for storage in replay.second.keys.sorted() where replay.secondVersion[storage] == nil {
      report(.wrongStay(storageName(storage), space: "second", step: 0))
    }
  }

  /// A stay overwrites another's bytes only where an effect lets the output overwrite the operand,
  /// and the operand is not needed behind.
  private mutating func checkTakeovers(
    of node: NodeID, but mask: TensorID?, at step: Int, _ replay: Replay
  ) {
    var taken: Set<Int> = []
    for tensor in graph.outputs(of: node)
    where !tensor.isAbsent && tensor != mask && family[tensor.index] == tensor.index {
      let storage = entry(tensor.index).storage
      guard isArena(storage), let index = replay.current[storage],
        let other = plan.residencies[index].takesOver
      else { continue }
      let isAllowed = possibleTakeovers(at: node).contains { made, from in
        made == tensor.index && entry(from).storage == other
      }
      guard isAllowed, taken.insert(other).inserted, let source = replay.current[other],
        plan.residencies[source].lastStep == step,
        plan.residencies[source].offset == plan.residencies[index].offset
      else {
        report(.overwritesLive(name(tensor.index), of: storageName(other)))
        continue
      }
    }
  }

  /// First and last steps of tensors are those of their values, wherever these are meanwhile.
  mutating func checkLadderLifetimes() {
    for tensor in 0..<graph.tensors.count {
      let entry = entry(tensor)
      let isHome =
        entry.space == MemorySpace.resident.rawValue || entry.space == MemorySpace.second.rawValue
      let expected = max(madeAt[tensor], 0)...(isHome ? lastStep : lastUse[tensor])
      if entry.firstStep != expected.lowerBound || entry.lastStep != expected.upperBound {
        let (low, high) = (
          min(entry.firstStep, entry.lastStep), max(entry.firstStep, entry.lastStep)
        )
        report(.wrongLifetime(entry.name, planned: low...high, expected: expected))
      }
    }
  }

  /// What lies in a space: one block a stay and one a workspace. A stay that takes over another's
  /// bytes has them for itself from the next step on.
  func ladderBlocks(in space: MemorySpace) -> [Block] {
    var blocks: [Block] = []
    for stay in plan.residencies where stay.space == space.rawValue {
      let first = stay.firstStep + (stay.takesOver == nil ? 0 : 1)
      guard first <= stay.lastStep else { continue }
      blocks.append(
        Block(
          name: storageName(stay.storage), offset: stay.offset, size: stay.bytes,
          steps: first...stay.lastStep))
    }
    guard space == .arena else { return blocks }
    for step in plan.steps {
      guard let offset = step.workspaceOffset else { continue }
      blocks.append(
        Block(
          name: "workspace of \(step.node)", offset: offset, size: step.workspaceBytes,
          steps: step.index...step.index))
    }
    return blocks
  }

  mutating func checkLadderSums() {
    var price = PlanPrice(
      trafficBoundBytes: plan.summary.price.trafficBoundBytes,
      recomputeBoundFlops: plan.summary.price.recomputeBoundFlops,
      recomputeAnyOrderBoundFlops: plan.summary.price.recomputeAnyOrderBoundFlops,
      boundSeconds: plan.summary.price.boundSeconds,
      anyOrderBoundSeconds: plan.summary.price.anyOrderBoundSeconds,
      rates: plan.summary.price.rates, seconds: plan.summary.price.seconds)
    for step in plan.steps {
      let bytes = step.storage.flatMap { rootOfStorage[$0] }.map { entry($0).bytes } ?? 0
      switch step.kind {
      case .run: break
      case .recompute:
        price.recomputeSteps += 1
        price.recomputeFlops = price.recomputeFlops.addingClamped(step.recomputeFlops)
      case .spill: price.spillBytes += bytes
      case .fetch: price.fetchBytes += bytes
      }
    }
    var isUpdated: Set<Int> = []
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        isUpdated.insert(entry(graph.operands(of: effect, at: node).output.index).storage)
      }
    }
    for storage in rootOfStorage.keys.sorted() where isAtHomeElsewhere(storage) {
      let bytes = rootOfStorage[storage].map { entry($0).bytes } ?? 0
      price.compulsoryBytes += bytes * (isUpdated.contains(storage) ? 2 : 1)
    }
    if plan.summary.price != price { report(.wrongVerdict(what: "the price")) }
    if let bound = price.trafficBoundBytes, price.recomputeSteps == 0,
      bound > price.spillBytes + price.fetchBytes - price.compulsoryBytes
    {
      report(.wrongVerdict(what: "a traffic bound above the traffic"))
    }
    if let bound = price.recomputeBoundFlops, price.spillBytes + price.fetchBytes == 0,
      bound > price.recomputeFlops
    {
      report(.wrongVerdict(what: "a bound of recomputing above what is run again"))
    }
    if let any = price.recomputeAnyOrderBoundFlops, any > price.recomputeBoundFlops ?? -1 {
      report(.wrongVerdict(what: "a bound of recomputing in any order above that of this one"))
    }
    checkCostBounds(of: price)
    let second = ladderBlocks(in: .second).map(\.end).max() ?? 0
    if plan.summary.secondBytes != second {
      report(
        .wrongSum(what: "secondBytes", planned: plan.summary.secondBytes, expected: second))
    }
  }

  /// Bounds of what both cost are below what they cost, at the rates that are told.
  private mutating func checkCostBounds(of price: PlanPrice) {
    guard let rates = price.rates else {
      if price.boundSeconds != nil || price.anyOrderBoundSeconds != nil {
        report(.wrongVerdict(what: "a bound in seconds without rates"))
      }
      return
    }
    guard rates.flopsPerSecond > 0, rates.bytesPerSecond > 0 else {
      report(.numberOutOfRange(what: "rates"))
      return
    }
    let seconds =
      Double(price.recomputeFlops) / rates.flopsPerSecond
      + Double(price.spillBytes) / rates.bytesPerSecond
      + Double(price.fetchBytes) / rates.bytesPerSecond
    guard let bound = price.boundSeconds else {
      report(.wrongVerdict(what: "rates without a bound in seconds"))
      return
    }
    if !(0...seconds * (1 + 1e-9)).contains(bound) {
      report(.wrongVerdict(what: "a bound of the price above it, or below 0"))
    }
    if let any = price.anyOrderBoundSeconds, !(0...max(bound, 0)).contains(any) {
      report(.wrongVerdict(what: "a bound of the price in any order above that of this one"))
    }
  }
}
