// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Ordering

/// Which order a plan takes: the best of all, or a named one.
public enum OrderChoice: Hashable, Sendable {
  /// The best that all schedulers find.
  case auto
  /// The one of this name among ``schedulers``.
  case named(String)

  /// Every order that can be asked for, file order first.
  public static let schedulers: [any Scheduler] =
    [FileOrder()] + BestOfAll.standardCandidates + [ROAMOrder()]

  /// The choice of a name, if there is one: `auto`, or a scheduler's name.
  public init?(name: String) {
    if name == "auto" {
      self = .auto
    } else if Self.names.contains(name) {
      self = .named(name)
    } else {
      return nil
    }
  }

  /// The name, as the command line and plans spell it.
  public var name: String {
    switch self {
    case .auto: "auto"
    case .named(let name): name
    }
  }

  /// The names of all choices.
  public static var names: [String] { ["auto"] + schedulers.map { type(of: $0).name } }

  /// All ``schedulers`` beside each other, and what the searches find.
  ///
  /// - Throws: What a scheduler throws.
  public static func comparison(
    for problem: SchedulingProblem, limits: SearchLimits
  ) throws(OrderingError) -> OrderingResult {
    try BestOfAll(candidates: Array(schedulers.dropFirst()), limits: limits).result(for: problem)
  }

  /// The order chosen, with its peak, and the best bound that the searches prove.
  ///
  /// - Throws: What a scheduler throws; `OrderingError.cancelled`.
  public func order(
    for problem: SchedulingProblem, limits: SearchLimits
  ) throws(OrderingError) -> (order: OrderingResult.Candidate, bound: LowerBound) {
    let chosen = try choose(for: problem, limits: limits)
    var simulator = LivenessSimulator(map: problem.storages)
    let peak = simulator.lifetimes(of: chosen.schedule).peakBytes
    return (
      OrderingResult.Candidate(name: chosen.winner, schedule: chosen.schedule, peakBytes: peak),
      chosen.bound
    )
  }

  /// The order chosen, with the best bound that the searches prove.
  ///
  /// - Parameter start: An order that is likely to be good.
  /// - Throws: What a scheduler throws.
  func choose(
    for problem: SchedulingProblem, limits: SearchLimits, start: Schedule? = nil
  ) throws(OrderingError) -> ChosenOrder {
    let result =
      self == .named(ROAMOrder.name)
      ? try Self.comparison(for: problem, limits: limits)
      : try BestOfAll(limits: limits, start: start).result(for: problem)
    guard case .named(let name) = self, let candidate = result.candidate(named: name) else {
      return ChosenOrder(
        schedule: result.schedule, winner: result.winner, outcome: result.outcome.rawValue,
        bound: result.bound, baselines: Self.baselines(of: result),
        isSettled: start != nil && limits.effort != .candidates && result.searched == nil)
    }
    return ChosenOrder(
      schedule: candidate.schedule, winner: name, outcome: "as asked", bound: result.bound,
      baselines: Self.baselines(of: result))
  }

  /// The orders of other systems that plans show beside theirs, by the names they have there:
  /// PyTorch's inductor takes the best of several.
  private static let others: [(key: String, orders: [String])] = [
    ("inductorBest", [LeastPeakFirst.name, BreadthFirst.name, DepthFirstBySize.name]),
    ("lescea", [LeastLiveAfter.name]), ("xlaList", [MostFreedFirst.name]),
  ]

  private static func baselines(of result: OrderingResult) -> [String: PlanSummary.Baseline] {
    var baselines: [String: PlanSummary.Baseline] = [:]
    for (key, orders) in others {
      let peaks = orders.compactMap { result.candidate(named: $0)?.peakBytes }
      if let peak = peaks.min() { baselines[key] = PlanSummary.Baseline(peakBytes: peak) }
    }
    return baselines
  }
}

/// An order, where it comes from, and what no order stays below.
struct ChosenOrder {
  let schedule: Schedule
  let winner: String
  let outcome: String
  let bound: LowerBound
  /// What other systems' orders need, without their arenas.
  let baselines: [String: PlanSummary.Baseline]
  /// Whether the order that was given was proven good enough, so that nothing else was tried.
  var isSettled = false
}
