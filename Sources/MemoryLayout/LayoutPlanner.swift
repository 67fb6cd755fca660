// SPDX-License-Identifier: Apache-2.0
public import Cancellation
public import IntegerProgramming

/// Something that places buffers.
///
/// A planner is a pure function of the problem and the limits: no clock and no thread decides
/// anything, so the same input gives the same offsets.
public protocol LayoutPlanner: Sendable {
  /// What reports and the command line call it: lower case, words joined by hyphens.
  var name: String { get }

  /// Tries to place all buffers of `problem`.
  ///
  /// - Returns: a valid layout, or why there is none. Honours fixed offsets or says that it
  ///   cannot.
  func attempt(_ problem: LayoutProblem, within limits: LayoutLimits) -> LayoutAttempt
}

/// How far a planner may go, and what is known already.
public struct LayoutLimits: Hashable, Sendable {
  /// The greatest number of elementary steps (comparisons of two buffers, visits of a tree's node)
  /// that a planner may take, near a nanosecond each.
  public var work: Int

  /// The best layout so far, which a planner may start from.
  public var incumbent: LayoutSolution?

  /// When to stop at the latest, for a person who waits: with it, and only with it, the time that a
  /// machine takes decides how good a layout is. Planners that take milliseconds may ignore it.
  public var deadline: ContinuousClock.Instant?

  /// Whoever may end a planner's work from outside; what it found by then does not count.
  public var cancellation: CancellationFlag?

  /// A height, in bytes, that is as good as the least one; nil where only the least one is.
  public var capacity: Int?

  /// Limits; without arguments, none.
  public init(
    work: Int = .max, incumbent: LayoutSolution? = nil, deadline: ContinuousClock.Instant? = nil,
    cancellation: CancellationFlag? = nil, capacity: Int? = nil
  ) {
    self.work = work
    self.incumbent = incumbent
    self.deadline = deadline
    self.cancellation = cancellation
    self.capacity = capacity
  }

  /// When to stop before the work is done.
  var stop: StopCondition { StopCondition(deadline: deadline, cancellation: cancellation) }
}

/// What came of a planner's attempt.
public enum LayoutAttempt: Hashable, Sendable {
  /// A layout. Where the planner proved a bound on every layout's height, the second value is it.
  case layout(LayoutSolution, provenBound: Int? = nil)
  /// No layout, and the reason.
  case skipped(LayoutSkip)

  /// The layout, if there is one.
  public var solution: LayoutSolution? {
    if case .layout(let solution, _) = self { solution } else { nil }
  }
}

/// Why a planner gave no layout.
public enum LayoutSkip: Hashable, Sendable {
  /// It cannot honour fixed offsets.
  case fixedOffsets
  /// It cannot honour ties.
  case ties
  /// The problem has more members, or more pairs that live together, than it takes on.
  case tooLarge
  /// The allowed work did not suffice.
  case workLimit
  /// Its solver found no layout within its limits, or none that is better.
  case noSolution
  /// Its solver failed.
  case solver(SolverError)
}

extension LayoutSkip: CustomStringConvertible {
  public var description: String {
    switch self {
    case .fixedOffsets: "it cannot honour fixed offsets"
    case .ties: "it cannot honour ties"
    case .tooLarge: "the problem is too large for it"
    case .workLimit: "the work it was allowed did not suffice"
    case .noSolution: "its solver found nothing better within its limits"
    case .solver(let error): "its solver failed: \(error)"
    }
  }
}
