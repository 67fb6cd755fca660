// SPDX-License-Identifier: Apache-2.0

/// What is known about a layout's height.
public enum LayoutOutcome: Hashable, Sendable {
  /// No layout is lower: the height equals a proven bound.
  case optimal
  /// The layout is valid; the gap is (height - bound) / bound.
  case feasible(gap: Double)
}

/// What is known about a capacity.
public enum CapacityVerdict: String, Hashable, Sendable {
  /// The layout is not higher.
  case fits
  /// No layout is that low: proven.
  case infeasible
  /// None that low was found, and none is excluded.
  case stopped
}

/// The answer of a portfolio: a layout, what is known about it, and what every member did.
public struct LayoutReport: Hashable, Sendable {
  /// One member of the portfolio.
  public struct Member: Hashable, Sendable {
    /// What a member did.
    public enum Result: Hashable, Sendable {
      /// It found a valid layout of this height, in bytes.
      case height(Int)
      /// It gave no layout.
      case skipped(LayoutSkip)
      /// It was not asked, since an optimal layout was there already.
      case notNeeded
    }

    /// The planner's name.
    public let name: String
    /// What it did.
    public let result: Result

    /// One line of a report.
    public init(name: String, result: Result) {
      self.name = name
      self.result = result
    }
  }

  /// The lowest layout found, the first among equals.
  public let solution: LayoutSolution

  /// The member that found it, or nil where nobody was needed or able.
  public let winner: String?

  /// No layout is lower than this, in bytes.
  public let lowerBound: Int

  /// All members, in the order they were asked.
  public let members: [Member]

  /// A report as a portfolio makes it.
  public init(
    solution: LayoutSolution, winner: String?, lowerBound: Int, members: [Member]
  ) {
    self.solution = solution
    self.winner = winner
    self.lowerBound = lowerBound
    self.members = members
  }

  /// What is known about the height.
  public var outcome: LayoutOutcome {
    guard solution.height > lowerBound else { return .optimal }
    return .feasible(gap: Double(solution.height - lowerBound) / Double(max(1, lowerBound)))
  }

  /// The outcome in one word: `optimal` or `feasible` for a layout that is wanted, and where a
  /// capacity is asked for that it exceeds, `infeasible` where none can be that low and `stopped`
  /// where that is open.
  ///
  /// - Parameter capacity: bytes; nil where the least height is asked for.
  public func outcomeName(capacity: Int?) -> String {
    if let capacity, solution.height > capacity { return verdict(capacity: capacity).rawValue }
    return outcome == .optimal ? "optimal" : "feasible"
  }

  /// Whether there is a layout of at most `capacity` bytes, as far as is known.
  public func verdict(capacity: Int) -> CapacityVerdict {
    if solution.height <= capacity { return .fits }
    return lowerBound > capacity ? .infeasible : .stopped
  }
}
