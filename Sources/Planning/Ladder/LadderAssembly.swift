// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// Writes a schedule that recomputes or spills down as a plan.
struct LadderAssembly {
  let problem: SchedulingProblem
  let model: LadderModel
  let arrangement: LadderArrangement
  let costs: CostModel
  /// The plans of the graphs that nodes run.
  var bodies = BodyPlans()

  /// The plan without its proof, budget, baselines and passes.
  ///
  /// - Complexity: O(graph + actions).
  func plan(model planned: PlannedModel, options: PlanOptions) -> ExecutionPlan {
    let (graph, map) = (problem.graph, problem.storages)
    var planned = planned
    planned.describe(graph)
    let residencies = arrangement.residencies
    let (arena, peak) = (arrangement.arenaBytes, residencies.peakBytes)
    let steps = steps()
    let resident = model.residentBytes + bodies.residentBytes
    let summary = PlanSummary(
      fits: nil, budgetBytes: nil, totalBytes: resident + arena,
      residentBytes: resident, externalBytes: map.totalBytes(in: .external),
      arenaBytes: arena, peakBytes: peak, peakStep: residencies.peakStep, lowerBoundBytes: 0,
      floorBytes: resident + model.floorBytes, secondBytes: arrangement.secondBytes,
      price: price(of: steps), orderGap: 0,
      fragmentation: ExecutionPlan.excess(of: arena, over: peak), provenOptimal: false,
      baselines: [:])
    return ExecutionPlan(
      model: planned, options: options, summary: summary,
      witness: PlanWitness(node: nil, step: nil, boundBytes: 0, proof: .workingSet, tensors: []),
      steps: steps, tensors: tensors(), residencies: stays(), passes: [])
  }

  private func steps() -> [PlanStep] {
    let graph = problem.graph
    let operators = graph.operatorKinds.map(\.description)
    func list(_ tensors: some Sequence<TensorID>) -> [String] {
      tensors.map { $0.isAbsent ? "" : graph.name(of: $0) }
    }
    return arrangement.actions.enumerated().map { step, action in
      let live = arrangement.residencies.liveBytes[step]
      switch action {
      case .run(let node), .recompute(let node):
        // What is applied again is read, and not made.
        let mask = action.kind == .recompute ? StoredMask.tensor(of: node, in: graph) : nil
        let inputs = Array(graph.inputs(of: node)) + (mask.map { [$0] } ?? [])
        let outputs = graph.outputs(of: node).map { $0 == mask ? TensorID.absent : $0 }
        return PlanStep(
          index: step, kind: action.kind, node: graph.name(of: node), nodeIndex: node.index,
          storage: nil, op: operators[graph[node].kind.index],
          inputs: list(inputs), outputs: list(outputs),
          recomputeFlops: action.kind == .recompute ? costs.flops[node.index] : 0, liveBytes: live,
          workspaceBytes: model.workspaces[node.index],
          workspaceOffset: arrangement.workspaceOffsets[step],
          bodies: action.kind == .run ? bodies.ofNode[node] : nil)
      case .spill(let storage), .fetch(let storage):
        let name = graph.name(of: model.map.roots[storage.index])
        let isSpill = action.kind == .spill
        return PlanStep(
          index: step, kind: action.kind, node: name, nodeIndex: nil, storage: storage.index,
          op: isSpill ? "Spill" : "Fetch", inputs: isSpill ? [name] : [],
          outputs: isSpill ? [] : [name], recomputeFlops: 0, liveBytes: live, workspaceBytes: 0,
          workspaceOffset: nil)
      }
    }
  }

  private func price(of steps: [PlanStep]) -> PlanPrice {
    var price = PlanPrice()
    for step in steps {
      let bytes = step.storage.map { model.copiedBytes[$0] } ?? 0
      switch step.kind {
      case .run: break
      case .recompute:
        price.recomputeSteps += 1
        price.recomputeFlops = price.recomputeFlops.addingClamped(step.recomputeFlops)
      case .spill: price.spillBytes += bytes
      case .fetch: price.fetchBytes += bytes
      }
    }
    price.compulsoryBytes = model.compulsoryBytes
    price.seconds = costs.seconds(of: price)
    return price
  }

  private func tensors() -> [PlannedTensor] {
    let (graph, map) = (problem.graph, problem.storages)
    let uses = TensorUses(of: graph, along: arrangement.actions)
    let sources = SharedSources(of: problem, carriers: map.roots.indices.map { StorageID($0) })
    return graph.tensorIDs.map { tensor in
      let record = graph[tensor]
      let storage = map.storageOfTensor[tensor.index].index
      let space = model.isStreamed[storage] ? MemorySpace.second : map.spaces[storage]
      let isHome = space == .resident || space == .second
      return PlannedTensor(
        name: graph.name(of: tensor), elementType: record.elementType.name,
        shape: Array(graph.shape(of: tensor)), bytes: record.bytes.value,
        role: record.role.rawValue, space: space.rawValue, offset: nil,
        firstStep: uses.first[tensor.index],
        lastStep: isHome ? uses.lastStep : uses.last[tensor.index], storage: storage,
        aliasOf: sources.viewed[tensor.index].map { graph.name(of: $0) },
        inPlaceOf: sources.overwritten[tensor.index].map { graph.name(of: $0) }, sliceOf: nil,
        upperBound: record.isUpperBound)
    }
  }

  private func stays() -> [PlanResidency] {
    let residencies = arrangement.residencies
    var result: [PlanResidency] = []
    for (index, stay) in residencies.stays.enumerated() {
      result.append(
        PlanResidency(
          storage: stay.storage, space: MemorySpace.arena.rawValue,
          offset: arrangement.offsets[index], bytes: model.bytes[stay.storage],
          firstStep: stay.first, lastStep: stay.last,
          takesOver: stay.takesOver.map { residencies.stays[$0].storage }))
    }
    for storage in 0..<model.storageCount {
      let stay = residencies.second[storage]
      guard !stay.isEmpty, let offset = arrangement.secondOffsets[storage] else { continue }
      result.append(
        PlanResidency(
          storage: storage, space: MemorySpace.second.rawValue, offset: offset,
          bytes: model.bytes[storage], firstStep: stay.lowerBound, lastStep: stay.upperBound - 1))
    }
    return result.sorted {
      ($0.storage, $0.space, $0.firstStep) < ($1.storage, $1.space, $1.firstStep)
    }
  }
}

extension Int {
  /// The sum, or the largest number where it does not fit.
  func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// The product, or the largest number where it does not fit.
  func multipliedClamped(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
