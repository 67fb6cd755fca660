// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// Full arenas cut into 50 to 400 buffers, so that a layout without a hole exists.
enum CutArenas {
  /// The most work of one search, in elementary steps.
  private static let work = 500_000_000

  static func problems(_ count: Int) -> [LayoutProblem] {
    var random = SeededGenerator(state: 7)
    return (0..<count).map { index in
      Family.cut.problem(Int.random(in: 50...400, using: &random), seed: UInt64(index))
    }
  }

  static func run(_ files: Files) {
    line("\n## cut: 200 full arenas, cut into 50 to 400 buffers\n")
    head("planner", "solved of 200", "mean height", "worst", "median s", "90 % s", "most s")
    let problems = problems(200)
    for planner in constructivePlanners {
      show(planner.name, problems) { planner.attempt($0, within: LayoutLimits()).solution?.height }
    }
    show("all of these", problems) { problem in
      constructivePlanners.compactMap {
        $0.attempt(problem, within: LayoutLimits()).solution?.height
      }.min()
    }
    show("valley, capacity = load", problems) { problem in
      let search = ValleyPlanner(work: work).search(problem, capacity: problem.lowerBound)
      return search.isSolved(problem, problem.lowerBound) ? problem.lowerBound : nil
    }
    show("valley, least height", problems) { problem in
      ValleyPlanner(work: work).attempt(problem, within: LayoutLimits()).solution.map {
        checked($0, problem)
      }
    }
    if let programs = LayoutChoice(name: "ilp") {
      show("GLPK alone, 2 s of wall time", problems) { problem in
        let report = portfolioReport(
          problem,
          LayoutPortfolio(
            members: programs.members(searchWork: .max), workPerMember: .max,
            deadline: ContinuousClock.now + .seconds(2)))
        return report.winner == nil ? nil : report.solution.height
      }
    }
    show("the standard portfolio", problems) {
      portfolioReport($0, LayoutPortfolio()).solution.height
    }
  }

  private static func show(
    _ name: String, _ problems: [LayoutProblem], _ height: (LayoutProblem) -> Int?
  ) {
    var times: [Double] = []
    var ratios: [Double] = []
    for problem in problems {
      let (height, seconds) = timed { height(problem) }
      times.append(seconds)
      if let height { ratios.append(ratio(height, problem)) }
    }
    let isComplete = ratios.count == problems.count
    row(
      name, "\(ratios.count { $0 == 1 })",
      isComplete ? fixed(ratios.reduce(0, +) / Double(ratios.count), 4) : "",
      isComplete ? fixed(quantile(ratios, 1), 4) : "", fixed(quantile(times, 0.5), 4),
      fixed(quantile(times, 0.9), 4), fixed(quantile(times, 1), 3))
  }
}
