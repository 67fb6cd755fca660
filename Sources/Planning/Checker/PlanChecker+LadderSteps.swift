// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Plans that recompute or spill: their steps, tensors and stays by themselves. What follows from all of
// them together is simulated in `PlanChecker+Replay.swift`.
extension PlanChecker {
  /// Plans without stays may not have what only stays can explain.
  mutating func checkIsPlain() {
    let price = plan.summary.price
    if plan.summary.secondBytes != 0 {
      report(.wrongSum(what: "secondBytes", planned: plan.summary.secondBytes, expected: 0))
    }
    if price != PlanPrice() { report(.wrongVerdict(what: "a price that nothing is paid for")) }
    for step in plan.steps where step.storage != nil || step.recomputeFlops != 0 {
      report(.stepMismatch(step: step.index, what: "storage or cost"))
    }
  }

  mutating func checkLadderSteps() {
    stepOfNode = [Int](repeating: -1, count: graph.nodes.count)
    var isControlled = [Bool](repeating: false, count: graph.nodes.count)
    for dependency in graph.controlDependencies {
      isControlled[dependency.before.index] = true
      isControlled[dependency.after.index] = true
    }
    for (position, step) in plan.steps.enumerated() {
      if step.index != position { report(.stepMismatch(step: position, what: "number")) }
      switch step.kind {
      case .run, .recompute: checkNode(of: step, at: position, isControlled)
      case .spill, .fetch: checkCopy(step, at: position)
      }
    }
    for node in stepOfNode.indices where stepOfNode[node] < 0 {
      report(.missingStep(node: graph.name(of: NodeID(node))))
    }
    guard violations.isEmpty else { return }
    for dependency in graph.controlDependencies {
      let (before, after) = (
        stepOfNode[dependency.before.index], stepOfNode[dependency.after.index]
      )
      if before >= after { report(.controlOrder(step: after, before: before)) }
    }
  }

  private mutating func checkNode(
    of step: PlanStep, at position: Int, _ isControlled: [Bool]
  ) {
    guard let index = step.nodeIndex, graph.nodes.indices.contains(index), step.storage == nil,
      (stepOfNode[index] < 0) == (step.kind == .run)
    else { return report(.notANode(step: position)) }
    let node = NodeID(index)
    if step.kind == .run {
      stepOfNode[index] = position
      if step.recomputeFlops != 0 { report(.stepMismatch(step: position, what: "cost")) }
    } else if isControlled[index] {
      report(.mayNotRepeat(step: position, reason: "a control dependency names it"))
    } else if let reason = reasonAgainstRepeating(node) {
      report(.mayNotRepeat(step: position, reason: reason))
    }
    checkOperands(of: step, running: node, at: position)
  }

  /// The step's text says of the node what the graph does.
  mutating func checkOperands(of step: PlanStep, running node: NodeID, at position: Int) {
    let graph = graph
    func isList(_ names: [String], of tensors: [TensorID]) -> Bool {
      names.count == tensors.count
        && zip(names, tensors).allSatisfy { name, tensor in
          tensor.isAbsent ? name.isEmpty : graph.hasName(name, tensor)
        }
    }
    let mask = step.kind == .recompute ? maskApplied(by: node) : nil
    let inputs = Array(graph.inputs(of: node)) + (mask.map { [$0] } ?? [])
    let outputs = graph.outputs(of: node).map { $0 == mask ? TensorID.absent : $0 }
    func disagrees(_ what: String) { report(.stepMismatch(step: position, what: what)) }
    if step.node != graph.name(of: node) { disagrees("node") }
    if step.op != graph.kind(of: node).description { disagrees("operator") }
    if !isList(step.inputs, of: inputs) { disagrees("list of inputs") }
    if !isList(step.outputs, of: outputs) { disagrees("list of outputs") }
    if step.workspaceBytes != rounded(graph[node].workspace.value) { disagrees("workspace") }
  }

  /// Why a node may not run twice: by its name, its effects, or what is not known of it. Of random
  /// operators those are turned away whose names say so, wherever they come from.
  private func reasonAgainstRepeating(_ node: NodeID) -> String? {
    let kind = graph.kind(of: node)
    if graph.effects(of: node).contains(where: { $0.kind == .mustOverwrite }) {
      return "it updates what it reads"
    }
    if ["If", "Loop", "Scan", "SequenceMap"].contains(kind.type) { return "it has a body" }
    let name = kind.type.lowercased()
    let isGradient = name.hasSuffix("grad") || name.contains("backward")
    let words = ["random", "rand", "dropout", "bernoulli", "multinomial", "poisson", "uniform"]
    if !isGradient, words.contains(where: { name.contains($0) }), maskApplied(by: node) == nil {
      return "it is random"
    }
    return nil
  }

  /// What a dropout that runs again reads in place of drawing: its second result, the mask of its run,
  /// if it has it and the mask is a storage of its own.
  func maskApplied(by node: NodeID) -> TensorID? {
    let name = graph.kind(of: node).type.lowercased()
    let isGradient = name.hasSuffix("grad") || name.contains("backward")
    let outputs = Array(graph.outputs(of: node))
    guard name.contains("dropout"), !isGradient, outputs.count == 2,
      outputs.allSatisfy({ !$0.isAbsent && family[$0.index] == $0.index })
    else { return nil }
    return outputs[1]
  }

  private mutating func checkCopy(_ step: PlanStep, at position: Int) {
    let isSpill = step.kind == .spill
    func disagrees(_ what: String) { report(.stepMismatch(step: position, what: what)) }
    guard step.nodeIndex == nil, let storage = step.storage, let root = rootOfStorage[storage]
    else {
      return report(.notACopy(step: position))
    }
    let tensor = entry(root)
    if step.op != (isSpill ? "Spill" : "Fetch") { disagrees("operator") }
    if step.inputs != (isSpill ? [tensor.name] : []) { disagrees("list of inputs") }
    if step.outputs != (isSpill ? [] : [tensor.name]) { disagrees("list of outputs") }
    if step.node != tensor.name { disagrees("node") }
    if step.workspaceBytes != 0 || step.workspaceOffset != nil { disagrees("workspace") }
    if step.recomputeFlops != 0 { disagrees("cost") }
  }

  /// No tensor is where another was for its own sake: that is said by stays. Residents may be in the
  /// second memory where the options say so.
  mutating func checkLadderSpaces() {
    if plan.options.slices, plan.tensors.contains(where: { $0.sliceOf != nil }) {
      report(.wrongVerdict(what: "parts of tensors in a plan that recomputes or spills"))
    }
    var isCallers: [Int: Bool] = [:]
    for tensor in 0..<graph.tensors.count where isInput[tensor] || isOutput[tensor] {
      isCallers[entry(tensor).storage] = true
    }
    for tensor in 0..<graph.tensors.count {
      let entry = entry(tensor)
      guard let root = rootOfStorage[entry.storage] else {
        report(.illegalAlias(name(tensor), of: "nothing"))
        continue
      }
      if family[tensor] != root { report(.illegalAlias(name(tensor), of: name(root))) }
      let isResident = graph[TensorID(root)].role.isResident
      let expected: MemorySpace =
        if isResident {
          plan.options.spill == SpillChoice.weights.rawValue && entry.space == "second"
            ? .second : .resident
        } else if plan.options.io == IOPlacement.external.rawValue, isCallers[entry.storage] == true
        {
          .external
        } else { .arena }
      if entry.space != expected.rawValue {
        report(.wrongSpace(entry.name, planned: entry.space, expected: expected.rawValue))
      } else if entry.offset != nil {
        report(.wrongOffset(entry.name))
      } else if entry.space != self.entry(root).space {
        report(.splitStorage(entry.name, name(root)))
      }
    }
  }

  /// Each stay by itself: of a storage that can have it, of its size, in order, apart in time from the
  /// storage's others in the same space.
  mutating func checkStays() {
    var previous: PlanResidency?
    for stay in plan.residencies {
      guard let root = rootOfStorage[stay.storage] else {
        report(.unknownStay(storage: stay.storage, space: stay.space))
        continue
      }
      let home = entry(root).space
      let isArena = stay.space == MemorySpace.arena.rawValue
      guard isArena || stay.space == MemorySpace.second.rawValue,
        home == MemorySpace.arena.rawValue || home == MemorySpace.second.rawValue
      else {
        report(.unknownStay(storage: stay.storage, space: stay.space))
        continue
      }
      if stay.bytes != rounded(entry(root).bytes) {
        report(
          .wrongSize(name(root), planned: stay.bytes, expected: rounded(entry(root).bytes)))
      }
      if stay.firstStep > stay.lastStep || stay.lastStep > lastStep {
        report(.wrongStay(name(root), space: stay.space, step: stay.firstStep))
      }
      if let previous, previous.storage == stay.storage, previous.space == stay.space {
        if stay.firstStep <= previous.lastStep || !isArena {
          report(.wrongStay(name(root), space: stay.space, step: stay.firstStep))
        }
      } else if let previous,
        (previous.storage, previous.space) > (stay.storage, stay.space)
      {
        report(.wrongStay(name(root), space: stay.space, step: stay.firstStep))
      }
      if !isArena, stay.takesOver != nil {
        report(.wrongStay(name(root), space: stay.space, step: stay.firstStep))
      }
      previous = stay
    }
  }
}
