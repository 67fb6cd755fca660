// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// What no plan that recomputes and does not spill can pay less than, whatever its order.
///
/// What a node's ancestors made and its descendants use is in the arena while the node runs for the first
/// time, or made again behind it (``RecomputeCut``). That is so at every node; nodes that depend on one
/// another make a chain of moments (``RecomputeWindows``).
struct AnyOrderRecomputeBound {
  /// Floating-point operations; 0 for graphs above ``Ancestry/nodeLimit``.
  let flops: Int

  /// - Parameter known: Operations of a plan within the budget, which the bound is not above.
  /// - Complexity: O(nodes · (nodes + dependencies) / 64 + storages · nodes), and some cuts.
  init(
    in model: LadderModel, _ dependencies: Dependencies, costs: CostModel, within budget: Int,
    known: Int, by means: LadderMeans = .recomputing
  ) {
    guard model.nodeCount <= Ancestry.nodeLimit, known > 0 else {
      flops = 0
      return
    }
    let ancestry = Ancestry(dependencies, nodes: model.nodeCount)
    let kept = ForcedStorages.bytes(in: model, ancestry) { _ in true }
    let shortages = kept.enumerated().compactMap { node, kept in
      let missing = model.workingSet(of: node) + kept - budget
      return missing > 0 ? RecomputeWindows.Shortage(place: node, bytes: missing) : nil
    }
    let moments = AncestralMoments(
      RecomputeWindows.places(among: shortages, in: model), ancestry, in: model)
    flops = RecomputeWindows.flops(
      of: moments, in: model, costs: costs, within: budget, known: known,
      work: RecomputeWindows.searchWork, by: means)
  }
}
