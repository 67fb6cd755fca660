// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// Writes an arrangement down as a plan.
struct PlanAssembly {
  let problem: SchedulingProblem
  let arrangement: Arrangement
  private var graph: Graph { problem.graph }
  private var map: StorageMap { problem.storages }

  init(problem: SchedulingProblem, arrangement: Arrangement) {
    self.problem = problem
    self.arrangement = arrangement
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

    let resident = map.totalBytes(in: .resident)
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
        workspaceOffset: arrangement.workspaceOffsets[step])
    }
  }

  private func tensors(_ names: [String]) -> [PlannedTensor] {
    let uses = TensorUses(of: graph, under: arrangement.schedule)
    let sources = SharedSources(of: problem, arrangement.lifetimes)
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
        storage: carrier.index, aliasOf: sources.viewed[tensor.index].map { names[$0.index] },
        inPlaceOf: sources.overwritten[tensor.index].map { names[$0.index] },
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

/// For each tensor that shares bytes, the one it views or overwrites.
private struct SharedSources {
  var viewed: [TensorID?]
  var overwritten: [TensorID?]

  init(of problem: SchedulingProblem, _ lifetimes: Lifetimes) {
    let (graph, map) = (problem.graph, problem.storages)
    viewed = [TensorID?](repeating: nil, count: graph.tensors.count)
    overwritten = viewed
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.holds(in: map.model.inPlace) {
        let (output, input) = graph.operands(of: effect, at: node)
        let (made, source) = (
          map.storageOfTensor[output.index], map.storageOfTensor[input.index]
        )
        switch effect.kind {
        case .alias, .mayAlias: if made == source { viewed[output.index] = input }
        case .mustOverwrite: overwritten[output.index] = input
        case .mayOverwrite:
          let carriers = lifetimes.carriers
          guard carriers[made.index] != made, map.roots[made.index] == output,
            carriers[made.index] == carriers[source.index], overwritten[output.index] == nil
          else { continue }
          overwritten[output.index] = input
        }
      }
    }
  }
}
