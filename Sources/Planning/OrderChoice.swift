// SPDX-License-Identifier: Apache-2.0

public import Ordering

/// Which order a plan takes: the best of all, or a named one.
public enum OrderChoice: Hashable, Sendable {
  /// The best that all schedulers find.
  case auto
  /// The one of this name among ``schedulers``.
  case named(String)

  /// Every order that can be asked for, file order first.
  public static let schedulers: [any Scheduler] = [FileOrder()] + BestOfAll.standardCandidates

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
  func result(
    for problem: SchedulingProblem, limits: SearchLimits
  ) throws(OrderingError) -> OrderingResult {
    switch self {
    case .auto: return try BestOfAll(limits: limits).result(for: problem)
    case .named(let name):
      guard let scheduler = Self.schedulers.first(where: { type(of: $0).name == name }) else {
        preconditionFailure("a named order is one of the list")
      }
      return try OrderingResult.single(scheduler, for: problem)
    }
  }
}
