// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What to keep and what to make again at the moment of an order at which most bytes are short: the
/// choices of its cut (``RecomputeCut``), as something to begin with.
struct RecomputeAdvice {
  /// None where no bytes are short.
  private(set) var choices: [Choice] = []

  /// A choice.
  struct Choice {
    /// Storages that leave behind a position, until they are made again or fetched.
    var drops: [(storage: Int, position: Int)]
    /// Storages that are there until the moment, since something is made from them behind it.
    var holds: [EvictingRun.Hold]
  }

  /// Arcs that are looked at to find cheap choices, beside the relaxation.
  private static let work = RecomputeWindows.searchWork / 10
  private static let branches = RecomputeWindows.searchBranches / 10

  /// - Complexity: O(operands) and some cuts.
  init(
    for order: [NodeID], in model: LadderModel, costs: CostModel, within budget: Int,
    by means: LadderMeans
  ) {
    let loads = SpillGaps(order.map { .run($0) }, in: model, budget: budget).loads
    guard let run = loads.indices.max(by: { (loads[$0], $1) < (loads[$1], $0) }),
      loads[run] > budget
    else { return }
    let moment = OrderedMoments([run], of: order, in: model).moment(0, until: nil)
    let cut = RecomputeCut(
      at: moment, in: model, costs: costs, within: budget, known: .max, work: Self.work,
      branches: Self.branches, by: means)
    // Where each storage is used last until then.
    var last = [Int](repeating: -1, count: model.storageCount)
    for (position, node) in order[..<run].enumerated() {
      for storage in model.reads[node.index] { last[storage] = position }
      for storage in model.makes[node.index] { last[storage] = position }
    }
    choices = cut.choices.map { choice in
      Choice(
        drops: choice.away.filter { last[$0] >= 0 }.map { ($0, last[$0]) },
        holds: choice.held.map { EvictingRun.Hold(storage: $0, node: moment.node) })
    }
  }
}
