// SPDX-License-Identifier: Apache-2.0

/// Which planners a person asks for, by name.
public struct LayoutChoice: Hashable, Sendable {
  /// The name: `auto`, or that of a planner or a family of planners.
  public let name: String

  /// All planners together.
  public static let auto = LayoutChoice(checked: "auto")

  private init(checked name: String) { self.name = name }

  /// The choice of a name, or nil where there is none.
  public init?(name: String) {
    guard Self.all.contains(where: { $0.name == name }) else { return nil }
    self.name = name
  }

  /// All names, `auto` first.
  public static var names: [String] { all.map(\.name) }

  /// What the choice stands for, in one line.
  public var summary: String { Self.all.first { $0.name == name }?.summary ?? "" }

  /// The planners of the choice.
  ///
  /// - Parameter searchWork: the most elementary steps of a search.
  public func members(searchWork: Int) -> [any LayoutPlanner] {
    Self.all.first { $0.name == name }?.members(searchWork) ?? []
  }

  /// A name, what it stands for, and its planners for a given work.
  private struct Entry: Sendable {
    var name: String
    var summary: String
    var members: @Sendable (Int) -> [any LayoutPlanner]

    init(
      _ name: String, _ summary: String,
      _ members: @escaping @Sendable (Int) -> [any LayoutPlanner]
    ) {
      self.name = name
      self.summary = summary
      self.members = members
    }
  }

  private static let all: [Entry] = portfolios + searches + skylines + fits + others

  private static let portfolios: [Entry] = [
    Entry("auto", "the portfolio: constructive planners, searches, integer programs") {
      LayoutPortfolio.members(searchWork: $0)
    },
    Entry("constructive", "all planners that take milliseconds, without a search") { _ in
      LayoutPortfolio.constructiveMembers
    },
  ]

  private static let searches: [Entry] = [
    Entry("valley", "the exact search over valleys of the skyline") { [ValleyPlanner(work: $0)] },
    Entry("core-first", "the exact search for what meets a nearly full moment, the rest fitted") {
      [CorePlanner(work: $0)]
    },
    Entry("ilp", "an integer program of each part of time, solved by GLPK; small problems only") {
      [ProgramPlanner.patient(work: $0)]
    },
    Entry("ilp-window", "integer programs of some buffers at a time, where the layout is highest") {
      [WindowPlanner(iterationLimit: max(1000, $0 / ProgramPlanner.workPerIteration))]
    },
  ]

  private static let skylines: [Entry] =
    [
      Entry("skyline", "the lowest of the skyline planners") { _ in
        LayoutOrder.allCases.map { SkylinePlanner(order: $0) }
      },
      Entry("llfb", "longest-lived first, best fit: skyline-width by the name in the papers") { _ in
        [SkylinePlanner(order: .width)]
      },
    ]
    + LayoutOrder.allCases.map { order in
      let planner = SkylinePlanner(order: order)
      return Entry(planner.name, "the lowest place first; by \(order.summary)") { _ in [planner] }
    }

  private static let fits: [Entry] =
    [
      Entry("first-fit", "first-fit-size, the rule of TensorFlow Lite Micro") { _ in
        [GapFitPlanner(fit: .first, order: .size)]
      },
      Entry("best-fit", "best-fit-size, the rule of TensorFlow Lite") { _ in
        [GapFitPlanner(fit: .best, order: .size)]
      },
    ]
    + [GapFitPlanner.Fit.first, .best].flatMap { fit in
      LayoutOrder.allCases.map { order in
        let planner = GapFitPlanner(fit: fit, order: order)
        return Entry(planner.name, "\(fit.summary); by \(order.summary)") { _ in [planner] }
      }
    }

  private static let others: [Entry] = [
    Entry("chronological", "what a run-time allocator would do: best fit through time") { _ in
      [ChronologicalPlanner()]
    },
    Entry("two-ended", "the long-lived from the bottom, the short-lived from the top") { _ in
      [TwoEndedPlanner()]
    },
    Entry("roam", "what crosses the turning point stacked by when it is freed, the rest fitted") {
      _ in [ActivationStackingPlanner()]
    },
  ]
}

extension LayoutOrder {
  /// The keys, in words.
  fileprivate var summary: String {
    switch self {
    case .size: "size, then width"
    case .area: "area, then size"
    case .width: "width, then size"
    case .load: "load, then width, then size"
    case .loadSize: "load, then size, then width"
    case .loadWidth: "load, then width, then area"
    }
  }
}

extension GapFitPlanner.Fit {
  /// The rule, in words.
  fileprivate var summary: String {
    switch self {
    case .first: "the lowest gap that is large enough"
    case .best: "the gap that leaves the fewest bytes"
    }
  }
}
