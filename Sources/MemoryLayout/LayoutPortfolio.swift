// SPDX-License-Identifier: Apache-2.0

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

  /// A portfolio of planners, without arguments the standard one.
  public init(
    members: [any LayoutPlanner] = LayoutPortfolio.standardMembers,
    workPerMember: Int = 1_000_000_000
  ) {
    self.members = members
    self.workPerMember = workPerMember
  }

  /// The constructive planners that together reach the bound most often on real graphs, those most
  /// often right first; then the exact one, for small problems.
  public static var standardMembers: [any LayoutPlanner] {
    [
      SkylinePlanner(order: .load),
      SkylinePlanner(order: .size),
      SkylinePlanner(order: .area),
      SkylinePlanner(order: .width),
      GapFitPlanner(fit: .first, order: .size),
      GapFitPlanner(fit: .best, order: .loadSize),
      GapFitPlanner(fit: .best, order: .loadWidth),
      ChronologicalPlanner(),
      CorePlanner(work: 100_000_000),
      ValleyPlanner(work: 100_000_000),
      ProgramPlanner(),
    ]
  }

  /// The best layout that the members find.
  ///
  /// - Throws: `brokenPlanner` where a member's layout breaks a rule, `brokenProof` where its bound
  ///   is above a layout.
  public func report(for problem: LayoutProblem) throws(LayoutError) -> LayoutReport {
    var best: LayoutSolution?
    var winner: String?
    var lowerBound = problem.lowerBound
    var results: [LayoutReport.Member] = []
    for member in members {
      func note(_ result: LayoutReport.Member.Result) {
        results.append(LayoutReport.Member(name: member.name, result: result))
      }
      if let best, best.height <= lowerBound {
        note(.notNeeded)
        continue
      }
      let limits = LayoutLimits(work: workPerMember, incumbent: best)
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
    for member in problem.members where problem.buffers[Int(member)].fixedOffset == nil {
      offsets[Int(member)] = problem.alignedOffset(floor, for: Int(member))
      floor = offsets[Int(member)] + problem.buffers[Int(member)].size
    }
    return LayoutSolution(offsets: offsets, for: problem)
  }
}
