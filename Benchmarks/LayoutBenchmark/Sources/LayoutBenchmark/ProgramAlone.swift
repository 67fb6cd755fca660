// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// GLPK alone on full arenas cut into few buffers: how far an integer program gets.
enum ProgramAlone {
  private static let problemsPerCount = 8
  private static let seconds = 10.0

  static func run(_ files: Files) {
    line(
      "\n## program: GLPK alone on cut arenas that no constructive planner packs, at most "
        + "\(fixed(seconds, 0)) s each\n")
    head(
      "buffers", "median pairs", "most pairs", "taken on", "at the load", "median s", "most s",
      "worst height", "valley at the load", "its most s")
    let planners = (LayoutChoice(name: "ilp") ?? LayoutChoice(name: "program"))?.members(
      searchWork: .max)
    for count in [10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200] {
      let problems = problems(of: count)
      let limit = Duration.seconds(Int(seconds))
      var times: [Double] = []
      var valleyTimes: [Double] = []
      var worst = 1.0
      var counts = (taken: 0, reached: 0, valley: 0)
      for problem in problems {
        let (report, seconds) = timed {
          portfolioReport(
            problem,
            LayoutPortfolio(
              members: planners ?? [], workPerMember: .max, deadline: ContinuousClock.now + limit))
        }
        times.append(seconds)
        if report.winner != nil {
          counts.taken += 1
          worst = max(worst, ratio(report.solution.height, problem))
        }
        if report.solution.height == problem.lowerBound { counts.reached += 1 }
        let valley = timed {
          ValleyPlanner(work: 1_000_000_000).search(problem, capacity: problem.lowerBound)
        }
        valleyTimes.append(valley.seconds)
        if valley.value.isSolved(problem, problem.lowerBound) { counts.valley += 1 }
      }
      let pairs = problems.map { Double($0.pairCount) }
      row(
        "\(count)", fixed(quantile(pairs, 0.5), 0), fixed(quantile(pairs, 1), 0),
        "\(counts.taken) of \(problems.count)", "\(counts.reached)", fixed(quantile(times, 0.5), 3),
        fixed(quantile(times, 1), 2), fixed(worst, 4), "\(counts.valley)",
        fixed(quantile(valleyTimes, 1), 3))
      // Larger ones are worse still.
      if counts.reached == 0 { break }
    }
  }

  /// Arenas on which every constructive planner ends above the load.
  private static func problems(of count: Int) -> [LayoutProblem] {
    var problems: [LayoutProblem] = []
    var seed: UInt64 = 0
    while problems.count < problemsPerCount {
      let problem = Family.cut.problem(count, seed: seed)
      seed += 1
      let isEasy = constructivePlanners.contains {
        $0.attempt(problem, within: LayoutLimits()).solution?.height == problem.lowerBound
      }
      if !isEasy { problems.append(problem) }
    }
    return problems
  }
}

extension LayoutProblem {
  /// How many pairs of buffers live together, by comparing all: for small problems.
  var pairCount: Int {
    var count = 0
    for (index, buffer) in buffers.enumerated() {
      for other in buffers[..<index]
      where buffer.lower < other.upper && other.lower < buffer.upper { count += 1 }
    }
    return count
  }
}
