// SPDX-License-Identifier: Apache-2.0

/// Which planners a person asks for, by name.
public struct LayoutChoice: Hashable, Sendable {
  /// The name: `auto`, or that of one planner.
  public let name: String

  /// All planners together.
  public static let auto = LayoutChoice(checked: "auto")

  private init(checked name: String) { self.name = name }

  /// The choice of a name, or nil where there is none.
  public init?(name: String) {
    guard Self.names.contains(name) else { return nil }
    self.name = name
  }

  /// All names, `auto` first.
  public static let names: [String] =
    ["auto", "llfb"] + LayoutPortfolio.standardMembers.map(\.name)
    + ["skyline-load-size", "first-fit-area"]

  /// The planners of the choice.
  ///
  /// - Parameter searchWork: the most elementary steps of a search.
  public func members(searchWork: Int) -> [any LayoutPlanner] {
    let all = LayoutPortfolio.members(searchWork: searchWork)
    switch name {
    case "auto": return all
    // The paper's name for the skyline by lifetime.
    case "llfb": return [SkylinePlanner(order: .width)]
    case "skyline-load-size": return [SkylinePlanner(order: .loadSize)]
    case "first-fit-area": return [GapFitPlanner(fit: .first, order: .area)]
    default: return all.filter { $0.name == name }
    }
  }
}
