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
    model.describe(graph)

    let resident = map.totalBytes(in: .resident) + bodies.residentBytes
    let lifetimes = arrangement.lifetimes
    let (arena, peak) = (arrangement.arenaBytes, lifetimes.peakBytes)
    let summary = PlanSummary(
      fits: nil, budgetBytes: nil, totalBytes: resident + arena, residentBytes: resident,
      externalBytes: map.totalBytes(in: .external), arenaBytes: arena, peakBytes: peak,
      peakStep: lifetimes.peakStep, lowerBoundBytes: 0,
      floorBytes: resident + WorkingSet.floor(of: problem), secondBytes: 0, price: PlanPrice(),
      orderGap: 0, fragmentation: ExecutionPlan.excess(of: arena, over: peak), provenOptimal: false,
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
        storage: nil, op: operators[graph[node].kind.index], inputs: list(graph.inputs(of: node)),
        outputs: list(graph.outputs(of: node)), recomputeFlops: 0,
        liveBytes: arrangement.lifetimes.liveBytes[step],
        workspaceBytes: map.workspaces[node.index],
        workspaceOffset: arrangement.workspaceOffsets[step], bodies: bodies.ofNode[node])
    }
  }

  private func tensors(_ names: [String]) -> [PlannedTensor] {
    let uses = TensorUses(of: graph, along: arrangement.schedule.order.map(LadderAction.run))
    let sources = SharedSources(of: problem, carriers: arrangement.lifetimes.carriers)
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

extension PlannedModel {
  /// Takes what a plan says of its model from the graph.
  mutating func describe(_ graph: Graph) {
    fingerprint = ExecutionPlan.text(ofFingerprint: graph.fingerprint)
    nodes = graph.nodes.count
    inputs = graph.inputs.map { graph.name(of: $0) }
    outputs = graph.outputs.map { graph.name(of: $0) }
  }
}
