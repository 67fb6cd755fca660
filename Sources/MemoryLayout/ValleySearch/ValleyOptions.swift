// SPDX-License-Identifier: Apache-2.0

/// Which parts of the valley search are on, and how it restarts.
///
/// All parts are exact: switching one off changes the time, never the answer.
public struct ValleyOptions: Hashable, Sendable {
  /// The section to branch at.
  public enum Rule: String, Hashable, Sendable, CaseIterable {
    /// The fewest cases, divided by one more than the failures seen there.
    case weighted
    /// The lowest floor, then the fewest cases.
    case lowest
    /// The fewest cases, then the lowest floor.
    case fewest
    /// The leftmost section of the leftmost valley, however many cases there are: without
    /// fail-first, to measure what it brings.
    case leftmost
  }

  /// In which order buffers are tried on a valley's floor: keys of descending value.
  public enum Preorder: String, Hashable, Sendable, CaseIterable {
    case loadWidthArea = "load-width-area"
    case sizeWidthLoad = "size-width-load"
    case sectionsSizeLoad = "sections-size-load"
    case loadSizeWidth = "load-size-width"
  }

  /// What follows from a change is followed to the end: floors rise to what can still lie on them,
  /// buffers to the floors under them, until nothing moves. Without it each rise is a node of its own.
  public var propagates = true

  /// Of buffers alike in span, size and alignment only the first is tried in one place.
  public var mergesTwins = true

  /// Buffers that span their whole component go to its floor or ceiling without a choice.
  public var peels = true

  /// What crosses from one section to the next rests at a height that is a sum of sizes on both
  /// sides; where there is none, the state has no solution.
  public var usesStepRule = true

  /// The step rule also lifts what crosses to the least such height.
  public var raisesToSums = true

  /// Parts that no unplaced buffer connects are solved apart, the smallest first.
  public var splitsComponents = true

  /// States without a solution are not searched twice.
  public var remembersFailures = true

  /// The search starts over, with another rule or preorder and more nodes, when it gets nowhere.
  public var restarts = true

  /// The rules and preorders, tried in all combinations, rules outermost.
  public var rules: [Rule] = [.weighted, .lowest, .fewest]
  public var preorders: [Preorder] = [
    .loadWidthArea, .sizeWidthLoad, .sectionsSizeLoad, .loadSizeWidth,
  ]

  /// The factor by which the nodes of a start grow from round to round.
  public var growth = 1.5

  /// How strongly the keys of a preorder are disturbed from the second round on: the standard
  /// deviation of the logarithm, nearly.
  public var noise = 0.3

  /// Determines the noise.
  public var seed: UInt64 = 1

  public init() {}
}
