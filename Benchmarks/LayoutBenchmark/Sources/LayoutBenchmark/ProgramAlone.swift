// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// GLPK alone on full arenas cut into few buffers: how far an integer program gets.
enum ProgramAlone {
  private static let problemsPerCount = 8
  private static let seconds = 10.0

  static func run(_ files: Files) {
    line("\n## program: GLPK alone on cut arenas, at most \(fixed(seconds, 0)) s each\n")
    head(
      "buffers", "median pairs", "most pairs", "at the load", "proven optimal", "median s",
      "most s", "worst height", "valley at the load", "its most s")
    let planners = (LayoutChoice(name: "ilp") ?? LayoutChoice(name: "program"))?.members(
      searchWork: .max)
    for count in [8, 12, 16, 20, 25, 30, 40, 50, 75, 100, 200] {
      var pairs: [Double] = []
      var times: [Double] = []
      var valleyTimes: [Double] = []
      var worst = 1.0
      var counts = (reached: 0, proven: 0, valley: 0)
      for seed in 0..<problemsPerCount {
        let problem = Family.cut.problem(count, seed: UInt64(seed))
        pairs.append(Double(problem.pairCount))
        let (report, seconds) = timed {
          portfolioReport(
            problem,
            LayoutPortfolio(
              members: planners ?? [], workPerMember: .max,
              deadline: ContinuousClock.now.advanced(by: .seconds(Int(Self.seconds)))))
        }
        times.append(seconds)
        worst = max(worst, ratio(report.solution.height, problem))
        if report.solution.height == problem.lowerBound { counts.reached += 1 }
        if report.outcome == .optimal { counts.proven += 1 }
        let valley = timed {
          ValleyPlanner(work: 1_000_000_000).search(problem, capacity: problem.lowerBound)
        }
        valleyTimes.append(valley.seconds)
        if valley.value.isSolved(problem, problem.lowerBound) { counts.valley += 1 }
      }
      row(
        "\(count)", fixed(quantile(pairs, 0.5), 0), fixed(quantile(pairs, 1), 0),
        "\(counts.reached) of \(problemsPerCount)", "\(counts.proven)",
        fixed(quantile(times, 0.5), 3), fixed(quantile(times, 1), 2), fixed(worst, 4),
        "\(counts.valley)", fixed(quantile(valleyTimes, 1), 3))
      // Ten times as many are worse still.
      if counts.reached == 0 { break }
    }
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
