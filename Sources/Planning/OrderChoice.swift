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

  /// The order chosen, with its bound.
  ///
  /// - Throws: What the scheduler throws.
  func choose(
    for problem: SchedulingProblem, limits: SearchLimits
  ) throws(OrderingError) -> ChosenOrder {
    switch self {
    case .auto:
      let result = try BestOfAll(limits: limits).result(for: problem)
      return ChosenOrder(
        schedule: result.schedule, winner: result.winner, outcome: result.outcome.rawValue,
        bound: result.bound)
    case .named(let name):
      guard let scheduler = Self.schedulers.first(where: { type(of: $0).name == name }) else {
        preconditionFailure("a named order is one of the list")
      }
      return ChosenOrder(
        schedule: try scheduler.schedule(for: problem), winner: name, outcome: "as asked",
        bound: WorkingSetBound.bound(of: problem))
    }
  }
}

/// An order, where it comes from, and what no order stays below.
struct ChosenOrder {
  let schedule: Schedule
  let winner: String
  let outcome: String
  let bound: LowerBound
}
