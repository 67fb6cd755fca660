// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

// What is proven of a plan's price, and what follows for the search.
extension LadderPlanner {
  /// What costs no more than this part of a run, or than this many times the bound, is not annealed.
  private static let (cheapPart, cheapRatio) = (0.001, 1.25)
  /// What is proven to be at least this part of a price is not tried to be made less by other means.
  private static let nearRatio = 0.98

  /// Whether no means that may be used can save more than a little of a plan's price.
  ///
  /// - Parameter found: Learns what is proven.
  func isNearBound(_ found: inout Found?, within arena: Int) -> Bool {
    guard let known = found else { return false }
    let bound = anyOrderSeconds(of: known, within: arena)
    found?.costBound = (bound, bound)
    return bound >= Self.nearRatio * known.seconds
  }

  /// Whether a plan that only recomputes costs hardly anything, or hardly more than it must.
  func isCheap(_ found: Found, within arena: Int) -> Bool {
    let price = Double(costs.flops(of: found.arrangement.actions))
    let run = costs.flops.reduce(0.0) { $0 + Double($1) }
    guard price > run * Self.cheapPart else { return true }
    return price <= Self.cheapRatio * Double(orderBound(of: found, within: arena))
  }

  /// A plan with what is proven of its price.
  func bounded(_ found: Found, within arena: Int) -> Found {
    var found = found
    if maySpill {
      let price = found.seconds
      found.costBound = found.isOptimal ? (price, price) : costBound(of: found, within: arena)
    }
    guard found.recomputesAlone else { return found }
    let known = costs.flops(of: found.arrangement.actions)
    // What is optimal with more means is so with less.
    if found.isOptimal || found.costBound.map({ $0.anyOrder >= found.seconds }) ?? false {
      (found.recomputeBound, found.recomputeAnyOrderBound) = (known, known)
      return found
    }
    let anyOrder = AnyOrderRecomputeBound(
      in: found.model, problem.dependencies, costs: costs, within: arena, known: known
    ).flops
    found.recomputeAnyOrderBound = anyOrder
    found.recomputeBound =
      anyOrder < known
      ? max(anyOrder, orderBound(of: found, within: arena, work: RecomputeWindows.searchWork))
      : known
    return found
  }

  /// What recomputing and spilling, as far as they may be used, cost at least: in a plan's order and in
  /// any, in seconds, compulsory copies included.
  private func costBound(
    of found: Found, within arena: Int
  ) -> (thisOrder: Double, anyOrder: Double) {
    let model = found.model
    let anyOrder = anyOrderSeconds(of: found, within: arena)
    var thisOrder = anyOrder
    if anyOrder < found.seconds {
      let means = LadderMeans(spillingIn: model, costs: costs, mayRecompute: mayRecompute)
      let known = avoidableFlops(of: found)
      let bound = RecomputeBound(
        of: found.arrangement.actions.order, in: model, costs: costs, within: arena, known: known,
        by: means)
      thisOrder = max(thisOrder, seconds(bound.flops, of: found))
    }
    if !mayRecompute, let bound = found.trafficBound {
      let bytes = bound.addingClamped(model.compulsoryBytes)
      thisOrder = max(thisOrder, min(found.seconds, costs.seconds(ofBytes: bytes)))
    }
    return (thisOrder, anyOrder)
  }

  /// What they cost at least in any order; what is known already is not derived again.
  private func anyOrderSeconds(of found: Found, within arena: Int) -> Double {
    if let known = found.costBound { return min(known.anyOrder, found.seconds) }
    let model = found.model
    let means = LadderMeans(spillingIn: model, costs: costs, mayRecompute: mayRecompute)
    let bound = AnyOrderRecomputeBound(
      in: model, problem.dependencies, costs: costs, within: arena,
      known: avoidableFlops(of: found),
      by: means)
    let proved = seconds(bound.flops, of: found)
    guard !mayRecompute else { return proved }
    let bytes = AnyOrderSpillBound(model, problem.dependencies, budget: arena).bytes
    return max(proved, min(found.seconds, costs.seconds(ofBytes: bytes)))
  }

  /// What a plan costs beyond compulsory copies, in operations.
  private func avoidableFlops(of found: Found) -> Int {
    costs.flops(
      inSeconds: found.seconds - costs.seconds(ofBytes: found.model.compulsoryBytes))
  }

  /// What operations that no plan avoids take with compulsory copies: no longer than a plan does.
  private func seconds(_ flops: Int, of found: Found) -> Double {
    guard flops < avoidableFlops(of: found) else { return found.seconds }
    let compulsory = costs.seconds(ofBytes: found.model.compulsoryBytes)
    return min(found.seconds, compulsory + costs.seconds(ofFlops: flops))
  }

  /// What recomputing in a plan's order costs at least.
  private func orderBound(of found: Found, within arena: Int, work: Int = 0) -> Int {
    let actions = found.arrangement.actions
    return RecomputeBound(
      of: actions.order, in: found.model, costs: costs, within: arena,
      known: costs.flops(of: actions), work: work
    ).flops
  }
}
