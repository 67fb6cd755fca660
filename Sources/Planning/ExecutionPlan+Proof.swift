// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

extension ExecutionPlan {
  /// `value / base - 1`, 0 when the value is not above the base or the base is 0.
  static func excess(of value: Int, over base: Int) -> Double {
    value <= base || base == 0 ? 0 : Double(value) / Double(base) - 1
  }

  /// Enters a lower bound, its gap and its witness.
  mutating func setProof(of bound: LowerBound, in problem: SchedulingProblem) {
    let (graph, map) = (problem.graph, problem.storages)
    summary.lowerBoundBytes = bound.bytes
    summary.orderGap = Self.excess(of: summary.peakBytes, over: bound.bytes)
    let bodies = steps.lazy.compactMap(\.bodies).joined()
    summary.provenOptimal =
      !hasResidencies && summary.arenaBytes == bound.bytes
      && bodies.allSatisfy(\.summary.provenOptimal)
    let node = bound.witness.node
    let step = node.flatMap { node in
      steps.firstIndex { $0.kind == .run && $0.nodeIndex == node.index }
    }
    witness = PlanWitness(
      node: node.map { graph.name(of: $0) },
      step: step, boundBytes: bound.bytes,
      proof: Self.name(of: bound.proof),
      // What takes over another's bytes adds none.
      tensors: bound.witness.members.filter { $0.bytes > 0 }.map { member in
        PlanWitness.Item(
          name: graph.name(of: map.roots[member.storage.index]),
          offset: map.offsetInRoot(of: member.storage), bytes: member.bytes,
          why: member.reason.sentence { graph.name(of: $0) })
      })
  }

  /// Enters the budget and whether the plan keeps it.
  mutating func setBudget(_ budget: ByteCount?) {
    summary.budgetBytes = budget?.value
    summary.fits = budget.map { summary.totalBytes <= $0.value }
  }

  private static func name(of proof: LowerBound.Proof) -> PlanWitness.Proof {
    switch proof {
    case .workingSet: .workingSet
    case .inputs: .inputs
    case .outputs: .outputs
    case .forced: .forced
    case .minimumCut: .minimumCut
    case .search: .search
    }
  }
}
