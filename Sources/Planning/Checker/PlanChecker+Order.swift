// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Which tensors there are, what runs when, and whether everything is there when it is needed.
extension PlanChecker {
  mutating func checkTensors() {
    let known = TensorsByName(of: graph)
    entryOfTensor = [Int](repeating: -1, count: graph.tensors.count)
    liesInArena = [Bool](repeating: false, count: graph.tensors.count)
    for position in plan.tensors.indices {
      let name = plan.tensors[position].name
      guard let tensor = known[name] else {
        report(.unknownTensor(name))
        continue
      }
      guard entryOfTensor[tensor] < 0 else {
        report(.duplicateTensor(name))
        continue
      }
      entryOfTensor[tensor] = position
      liesInArena[tensor] = plan.tensors[position].space == MemorySpace.arena.rawValue
      for violation in mismatches(plan.tensors[position], TensorID(tensor)) { report(violation) }
    }
    for tensor in entryOfTensor.indices where entryOfTensor[tensor] < 0 {
      report(.missingTensor(name(tensor)))
    }
    isInput = [Bool](repeating: false, count: graph.tensors.count)
    for tensor in graph.inputs { isInput[tensor.index] = true }
    isOutput = [Bool](repeating: false, count: graph.tensors.count)
    for tensor in graph.outputs { isOutput[tensor.index] = true }
  }

  /// What the plan says of a tensor and the graph does not.
  private func mismatches(_ entry: PlannedTensor, _ tensor: TensorID) -> [PlanViolation] {
    let record = graph[tensor]
    var found: [PlanViolation] = []
    func disagrees(_ what: String) { found.append(.tensorMismatch(entry.name, what: what)) }
    if entry.elementType != record.elementType.name { disagrees("element type") }
    if !entry.shape.elementsEqual(graph.shape(of: tensor)) { disagrees("shape") }
    if entry.role != record.role.rawValue { disagrees("role") }
    if entry.upperBound != record.isUpperBound { disagrees("upper-bound mark") }
    if entry.bytes != record.bytes.value {
      found.append(.wrongSize(entry.name, planned: entry.bytes, expected: record.bytes.value))
    }
    return found
  }

  mutating func checkSteps() {
    stepOfNode = [Int](repeating: -1, count: graph.nodes.count)
    for (position, step) in plan.steps.enumerated() {
      guard let index = step.nodeIndex, graph.nodes.indices.contains(index), step.kind == .run,
        stepOfNode[index] < 0
      else {
        report(.notANode(step: position))
        continue
      }
      stepOfNode[index] = position
      if step.index != position { report(.stepMismatch(step: position, what: "number")) }
      checkOperands(of: step, running: NodeID(index), at: position)
    }
    for node in stepOfNode.indices where stepOfNode[node] < 0 {
      report(.missingStep(node: graph.name(of: NodeID(node))))
    }
  }

  /// Walks the plan: everything read was made before, and notes when each tensor is used last.
  mutating func checkUses() {
    madeAt = [Int](repeating: -1, count: graph.tensors.count)
    lastUse = [Int](repeating: 0, count: graph.tensors.count)
    for (position, step) in plan.steps.enumerated() {
      guard let index = step.nodeIndex else { continue }
      let node = NodeID(index)
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        if graph[tensor].producer != nil, madeAt[tensor.index] < 0 {
          report(.usedBeforeMade(step: position, tensor: graph.name(of: tensor)))
        }
        lastUse[tensor.index] = position
      }
      for tensor in graph.outputs(of: node) where !tensor.isAbsent {
        madeAt[tensor.index] = position
        lastUse[tensor.index] = position
      }
    }
    for tensor in graph.outputs { lastUse[tensor.index] = lastStep }
    for dependency in graph.controlDependencies {
      let (before, after) = (
        stepOfNode[dependency.before.index], stepOfNode[dependency.after.index]
      )
      if before >= after { report(.controlOrder(step: after, before: before)) }
    }
  }
}
