// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What no plan that recomputes and does not spill can pay less than, if it runs nodes for the first time
/// in a given order.
///
/// Two bounds, of which the larger one counts. Each leaves out what the other one is about:
///
/// - Behind single moments, makers run again with all that their operands ask for (``RecomputeCut``),
///   and such moments may follow one another (``RecomputeWindows``).
/// - At all steps at once: while a node runs for the first time, each storage that was there and will be
///   read again is in the arena, or is made again before that: at least once for each stretch between two
///   uses over which it is missing. So stretches must be chosen that take off, at each run, what is live
///   above the budget, and their makers run again: the covering rows of spilling with other prices
///   (``SpillGaps``), without what the makers read in turn. Worths of those rows prove the bound
///   (``SpillMultipliers``). A maker's price is shared out among what it makes.
struct RecomputeBound {
  /// Floating-point operations.
  let flops: Int

  /// How many steps the worths make.
  private static let steps = 400

  /// - Parameters:
  ///   - order: First runs.
  ///   - known: Operations of a plan within the budget, which the bound is not above.
  ///   - work: For searches behind single moments.
  /// - Complexity: O(operands + steps · (gaps + rows)), and some cuts.
  init(
    of order: [NodeID], in model: LadderModel, costs: CostModel, within budget: Int, known: Int,
    work: Int = RecomputeWindows.searchWork, by means: LadderMeans = .recomputing
  ) {
    var position = [Int](repeating: .max, count: model.nodeCount)
    for (run, node) in order.enumerated() { position[node.index] = run }
    let gaps = SpillGaps(order.map { .run($0) }, in: model, budget: budget) { storage in
      let maker = means.remaker(of: storage, in: model)
      let copy = means.copyFlops?[storage]
      guard maker >= 0 else { return copy.map { ($0, .max) } }
      // More than this no sum of prices holds.
      let price = min(costs.flops[maker], 1 << 52) / max(1, model.remakes[maker].count)
      if let copy { return (min(price, copy), .max) }
      return (price, model.spoilers[maker].map { position[$0] }.min() ?? .max)
    }
    guard !gaps.rows.isEmpty else {
      flops = 0
      return
    }
    let shortages = gaps.rows.map { RecomputeWindows.Shortage(place: $0.run, bytes: $0.excess) }
    let moments = OrderedMoments(
      RecomputeWindows.places(among: shortages, in: model), of: order, in: model)
    let proved = RecomputeWindows.flops(
      of: moments, in: model, costs: costs, within: budget, known: known, work: work,
      by: means)
    guard proved < known, !gaps.hasLooseStart else {
      flops = proved
      return
    }
    var multipliers = SpillMultipliers(gaps)
    let target = known.addingClamped(gaps.compulsoryBytes)
    multipliers.ascend(towards: target, steps: Self.steps) { _, _ in target }
    flops = min(max(proved, multipliers.provedBytes - gaps.compulsoryBytes), known)
  }
}
