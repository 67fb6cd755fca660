// SPDX-License-Identifier: Apache-2.0
public import Cancellation

/// Asks several planners, in order, and keeps the lowest layout; stops as soon as a layout is
/// proven optimal.
///
/// Every layout is checked by `LayoutValidator` before it counts.
public struct LayoutPortfolio: Sendable {
  /// The planners, in the order they are asked.
  public var members: [any LayoutPlanner]

  /// The work each member may do, in elementary steps: the only thing that ends a member early, so
  /// that the same problem always gets the same answer.
  public var workPerMember: Int

  /// When searches end at the latest; nil lets work alone decide.
  public var deadline: ContinuousClock.Instant?

  /// Whoever may end the work from outside.
  public var cancellation: CancellationFlag?

  /// A height that is good enough, in bytes; nil asks for the least one.
  public var capacity: Int?

  /// A portfolio of planners, without arguments the standard one.
  public init(
    members: [any LayoutPlanner] = LayoutPortfolio.standardMembers,
    workPerMember: Int = 1_000_000_000, deadline: ContinuousClock.Instant? = nil,
    cancellation: CancellationFlag? = nil, capacity: Int? = nil
  ) {
    self.members = members
    self.workPerMember = workPerMember
    self.deadline = deadline
    self.cancellation = cancellation
    self.capacity = capacity
  }

  /// Planners for every problem, with searches that end after some tenths of a second.
  public static var standardMembers: [any LayoutPlanner] { members(searchWork: 30_000_000) }

  /// The constructive planners that together reach the bound most often on real graphs, those most
  /// often right first; then the searches, and the programs for small parts and windows.
  ///
  /// - Parameter searchWork: the most elementary steps of a search, near a nanosecond each; up to ten
  ///   times as many of the one that finds most where many buffers live at once.
  public static func members(searchWork: Int) -> [any LayoutPlanner] {
    let most = 2_000_000_000
    var core = CorePlanner(work: min(searchWork, most))
    core.patience = min(10, most / max(1, core.work))
    return constructiveMembers + [
      core,
      ValleyPlanner(work: searchWork),
      ProgramPlanner(),
      WindowPlanner(),
    ]
  }

  /// The planners that go through the buffers once.
  public static let constructiveMembers: [any LayoutPlanner] = [
    SkylinePlanner(order: .load),
    SkylinePlanner(order: .size),
    SkylinePlanner(order: .area),
    SkylinePlanner(order: .width),
    GapFitPlanner(fit: .first, order: .size),
    GapFitPlanner(fit: .best, order: .loadSize),
    GapFitPlanner(fit: .best, order: .loadWidth),
    ChronologicalPlanner(),
    TwoEndedPlanner(),
    ActivationStackingPlanner(),
  ]

  /// The best layout that the members find.
  ///
  /// - Throws: `brokenPlanner` where a member's layout breaks a rule, `brokenProof` where its bound
  ///   is above a layout, `cancelled` where the flag was set before the end.
  public func report(for problem: LayoutProblem) throws(LayoutError) -> LayoutReport {
    var best: LayoutSolution?
    var winner: String?
    var lowerBound = problem.lowerBound
    var results: [LayoutReport.Member] = []
    for member in members {
      if let cancellation, cancellation.isCancelled { throw .cancelled }
      func note(_ result: LayoutReport.Member.Result) {
        results.append(LayoutReport.Member(name: member.name, result: result))
      }
      if let best, best.height <= max(lowerBound, capacity ?? 0) || lowerBound > capacity ?? .max {
        note(.notNeeded)
        continue
      }
      if let deadline, best != nil, ContinuousClock.now >= deadline {
        note(.skipped(.workLimit))
        continue
      }
      let limits = LayoutLimits(
        work: workPerMember, incumbent: best, deadline: deadline,
        cancellation: cancellation, capacity: capacity)
      switch member.attempt(problem, within: limits) {
      case .skipped(let reason):
        note(.skipped(reason))
      case .layout(let solution, let provenBound):
        if let violation = LayoutValidator.violations(in: solution, of: problem).first {
          throw .brokenPlanner(member.name, violation)
        }
        note(.height(solution.height))
        if solution.height < best?.height ?? .max {
          best = solution
          winner = member.name
        }
        // A bound above a valid layout proves only that something is wrong.
        if let provenBound, let best, provenBound > best.height {
          throw .brokenProof(member.name, bound: provenBound, height: best.height)
        }
        lowerBound = max(lowerBound, provenBound ?? 0)
      }
    }
    if let cancellation, cancellation.isCancelled { throw .cancelled }
    let solution = best ?? Self.stacked(problem)
    return LayoutReport(
      solution: solution, winner: winner, lowerBound: lowerBound, members: results)
  }

  /// Everything on top of each other, above what is fixed: what is left where no member could.
  private static func stacked(_ problem: LayoutProblem) -> LayoutSolution {
    var offsets = [Int](repeating: 0, count: problem.buffers.count)
    var floor = 0
    for member in problem.fixedMembers {
      let buffer = problem.buffers[Int(member)]
      offsets[Int(member)] = buffer.fixedOffset ?? 0
      floor = max(floor, offsets[Int(member)] + buffer.size)
    }
    let groups = problem.groups
    var bases = [Int?](repeating: nil, count: groups.count)
    for member in problem.members where problem.buffers[Int(member)].fixedOffset == nil {
      let index = Int(member)
      if let group = problem.movingGroup(of: index) {
        let base = bases[group] ?? groups.base(of: group, atLeast: floor)
        if bases[group] == nil { floor = base + groups.height[group] }
        bases[group] = base
        offsets[index] = base + groups.distance[index]
      } else {
        offsets[index] = problem.alignedOffset(floor, for: index)
        floor = offsets[index] + problem.buffers[index].size
      }
    }
    return LayoutSolution(offsets: offsets, for: problem)
  }
}
