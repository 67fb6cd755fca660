// SPDX-License-Identifier: Apache-2.0

/// Betters an order by the least cuts at its hottest operators: what the cut has run before runs
/// first, then the operator, then the rest, each part in the order it had.
struct Restacking {
  /// The whole model.
  let model: OrderModel
  /// The order; never worse than the one at the start.
  private(set) var order: [Int]

  init(_ model: OrderModel, order: [Int]) {
    self.model = model
    self.order = order
  }

  /// Betters the order until a cut does not help.
  ///
  /// - Complexity: one least cut and one simulation a round.
  mutating func run(bound: Int, rounds: Int, deadline: Deadline) {
    var state = measure(order)
    for _ in 0..<rounds where state.peak > bound && !deadline.isOver {
      let hottest = order[state.step]
      guard let cut = CutBound(at: hottest, in: model, visitLimit: 20_000_000),
        cut.bytes < state.peak
      else { return }
      let next =
        order.filter { cut.downset[$0] } + [hottest]
        + order.filter { !cut.downset[$0] && $0 != hottest }
      let found = measure(next)
      guard (found.peak, found.count) < (state.peak, state.count) else { return }
      (order, state) = (next, found)
    }
  }

  /// The peak, how often it is reached, and where first.
  private func measure(_ order: [Int]) -> (peak: Int, count: Int, step: Int) {
    let profile = model.profile(of: order)
    let peak = profile.max() ?? 0
    return (
      max(peak, model.initialBytes), profile.count { $0 == peak },
      profile.firstIndex(of: peak) ?? 0
    )
  }
}
