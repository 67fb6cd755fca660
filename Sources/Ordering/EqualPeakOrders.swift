// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// Other orders of a peak: for a layout that stays above it, since another order of the same peak
/// has other lifetimes, which may fit together.
///
/// The candidates of ``BestOfAll`` come first, then budget greedies that may use the whole peak, by
/// every rule, backwards and forwards.
public struct EqualPeakOrders: Sendable {
  /// The most orders that are given.
  public var limit: Int
  /// How many costs each greedy may look at.
  private static let greedyWork = 5_000_000

  /// - Parameter limit: The most orders that are given.
  public init(limit: Int = 2) { self.limit = limit }

  /// Orders whose peak is no higher than that of a schedule; each another one, and none the schedule.
  ///
  /// - Throws: What a candidate throws.
  /// - Complexity: That of the candidates and of eight greedies.
  public func orders(
    like schedule: Schedule, of problem: SchedulingProblem
  ) throws(OrderingError) -> [Schedule] {
    var simulator = LivenessSimulator(map: problem.storages)
    let peak = simulator.peak(of: schedule.order)
    var found: [Schedule] = []
    func add(_ other: Schedule) -> Bool {
      if other != schedule, !found.contains(other), simulator.peak(of: other.order) <= peak {
        found.append(other)
      }
      return found.count >= limit
    }
    if limit < 1 { return [] }
    for candidate in [FileOrder()] + BestOfAll.standardCandidates {
      if add(try candidate.schedule(for: problem)) { return found }
    }
    let reduced = ReducedModel(OrderModel(problem))
    for rule in BudgetGreedy.Rule.allCases {
      for isBackward in [true, false] {
        var greedy = BudgetGreedy(
          isBackward ? reduced.model.reversed() : reduced.model, rule: rule)
        // The limit is a peak that is of no use any more: the first one above.
        guard
          let order = greedy.order(
            under: peak, below: peak + 1, workLimit: Self.greedyWork,
            deadline: .never)
        else { continue }
        let expanded = reduced.expanded(isBackward ? order.reversed() : order)
        if add(Schedule(expanded.map { NodeID($0) })) { return found }
      }
    }
    return found
  }
}
