// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// Writes an arrangement down as a plan.
struct PlanAssembly {
  let problem: SchedulingProblem
  let arrangement: Arrangement
  let bodies: BodyPlans
  private var graph: Graph { problem.graph }
  private var map: StorageMap { problem.storages }

  init(
    problem: SchedulingProblem, arrangement: Arrangement, bodies: BodyPlans = BodyPlans()
  ) {
    self.problem = problem
    self.arrangement = arrangement
    self.bodies = bodies
  }

  /// The plan without its proof, budget and baselines.
  ///
  /// - Complexity: O(graph).
  func plan(model: PlannedModel, options: PlanOptions) -> ExecutionPlan {
    let names = graph.tensorIDs.map { graph.name(of: $0) }
    var model = model
    model.fingerprint = ExecutionPlan.text(ofFingerprint: graph.fingerprint)
    model.nodes = graph.nodes.count
    model.inputs = graph.inputs.map { names[$0.index] }
    model.outputs = graph.outputs.map { names[$0.index] }

    let resident = map.totalBytes(in: .resident) + bodies.residentBytes
    let lifetimes = arrangement.lifetimes
    let (arena, peak) = (arrangement.arenaBytes, lifetimes.peakBytes)
    let summary = PlanSummary(
      fits: nil, budgetBytes: nil, totalBytes: resident + arena, residentBytes: resident,
      externalBytes: map.totalBytes(in: .external), arenaBytes: arena, peakBytes: peak,
      peakStep: lifetimes.peakStep, lowerBoundBytes: 0, orderGap: 0,
      fragmentation: ExecutionPlan.excess(of: arena, over: peak), provenOptimal: false,
      baselines: [:])
    return ExecutionPlan(
      model: model, options: options, summary: summary,
      witness: PlanWitness(
        node: nil, step: nil, boundBytes: 0, proof: .workingSet, tensors: []),
      steps: steps(names), tensors: tensors(names), passes: [])
  }

  private func steps(_ names: [String]) -> [PlanStep] {
    let operators = graph.operatorKinds.map(\.description)
    func list(_ tensors: ArraySlice<TensorID>) -> [String] {
      tensors.map { $0.isAbsent ? "" : names[$0.index] }
    }
    return arrangement.schedule.order.enumerated().map { step, node in
      PlanStep(
        index: step, kind: .run, node: graph.name(of: node), nodeIndex: node.index,
        op: operators[graph[node].kind.index], inputs: list(graph.inputs(of: node)),
        outputs: list(graph.outputs(of: node)), liveBytes: arrangement.lifetimes.liveBytes[step],
        workspaceBytes: map.workspaces[node.index],
        workspaceOffset: arrangement.workspaceOffsets[step], bodies: bodies.ofNode[node])
    }
  }

  private func tensors(_ names: [String]) -> [PlannedTensor] {
    let uses = TensorUses(of: graph, under: arrangement.schedule)
    let sources = SharedSources(of: problem, arrangement)
    return graph.tensorIDs.map { tensor in
      let record = graph[tensor]
      let storage = map.storageOfTensor[tensor.index]
      let carrier = arrangement.lifetimes.carriers[storage.index]
      let space = map.spaces[storage.index]
      return PlannedTensor(
        name: names[tensor.index], elementType: record.elementType.name,
        shape: Array(graph.shape(of: tensor)), bytes: record.bytes.value,
        role: record.role.rawValue, space: space.rawValue,
        offset: arrangement.offsets[carrier.index], firstStep: uses.first[tensor.index],
        lastStep: space == .resident ? uses.lastStep : uses.last[tensor.index],
        storage: sources.number[map.rootOfTensor[tensor.index].index],
        aliasOf: sources.viewed[tensor.index].map { names[$0.index] },
        inPlaceOf: sources.overwritten[tensor.index].map { names[$0.index] },
        sliceOf: sources.sliced[tensor.index].map { names[$0.index] },
        upperBound: record.isUpperBound)
    }
  }
}

/// When each tensor is made and used last under a schedule.
private struct TensorUses {
  var first: [Int]
  var last: [Int]
  let lastStep: Int

  init(of graph: Graph, under schedule: Schedule) {
    first = [Int](repeating: 0, count: graph.tensors.count)
    last = first
    lastStep = max(schedule.order.count - 1, 0)
    for (step, node) in schedule.order.enumerated() {
      for tensor in graph.inputs(of: node) where !tensor.isAbsent { last[tensor.index] = step }
      for tensor in graph.outputs(of: node) where !tensor.isAbsent {
        first[tensor.index] = step
        last[tensor.index] = step
      }
    }
    for tensor in graph.outputs { last[tensor.index] = lastStep }
  }
}

/// For each tensor that shares bytes, the one it views, overwrites or is a part of.
private struct SharedSources {
  var viewed: [TensorID?]
  var overwritten: [TensorID?]
  var sliced: [TensorID?]
  /// The number of the storage, by root.
  var number: [Int]
  private let map: StorageMap
  private let graph: Graph

  init(of problem: SchedulingProblem, _ arrangement: Arrangement) {
    let graph = problem.graph
    let map = problem.storages
    self.map = map
    self.graph = graph
    viewed = [TensorID?](repeating: nil, count: graph.tensors.count)
    overwritten = viewed
    sliced = viewed
    // Several tensors may start on one cell: only the smallest is numbered by it.
    number = graph.tensorIDs.map { tensor in
      let first = map.storageOfTensor[tensor.index].index
      return map.places[first] == nil
        || map.roots[first] == tensor
          && map.storages(of: tensor).count == 1
        ? first : map.roots.count + tensor.index
    }
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) {
        let (output, input) = graph.operands(of: effect, at: node)
        let (made, source) = (map.rootOfTensor[output.index], map.rootOfTensor[input.index])
        switch effect.kind {
        case .mayHold:
          if sliced[input.index] == nil, isPart(input, of: output, at: effect.offset) {
            sliced[input.index] = output
          }
        case .maySlice:
          if isPart(output, of: input, at: effect.offset) { sliced[output.index] = input }
        case .mustOverwrite: overwritten[output.index] = input
        case .alias: viewed[output.index] = input
        case .mayAlias:
          if effect.holds(in: map.model.inPlace), made == source { viewed[output.index] = input }
        case .mayOverwrite:
          guard effect.holds(in: map.model.inPlace), made == output,
            overwritten[output.index] == nil,
            takesOver(output, input, arrangement.lifetimes.carriers)
          else { continue }
          overwritten[output.index] = input
          number[output.index] = number[source.index]
        }
      }
    }
  }

  /// Whether a tensor uses the bytes that another had, of one storage each.
  private func takesOver(_ output: TensorID, _ input: TensorID, _ carriers: [StorageID]) -> Bool {
    let (made, read) = (map.storages(of: output), map.storages(of: input))
    guard made.count == 1, read.count == 1, let made = made.first, let read = read.first else {
      return false
    }
    return carriers[made.index] != made && carriers[made.index] == carriers[read.index]
  }

  /// Whether a tensor lies in another, so many bytes from its start.
  private func isPart(_ part: TensorID, of whole: TensorID, at offset: Int) -> Bool {
    func isAllOfItsRoot(_ tensor: TensorID) -> Bool {
      graph[tensor].bytes == graph[map.rootOfTensor[tensor.index]].bytes
    }
    guard isAllOfItsRoot(part), isAllOfItsRoot(whole),
      let place = map.places[map.storageOfTensor[part.index].index],
      let base = map.places[map.storageOfTensor[whole.index].index]
    else { return false }
    return place.family == base.family && place.offset == base.offset + offset
      && map.rootOfTensor[part.index] != map.rootOfTensor[whole.index]
  }
}
