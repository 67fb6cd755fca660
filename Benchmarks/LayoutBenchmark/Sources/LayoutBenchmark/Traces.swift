// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Training traces: each planner alone, and the portfolio.
enum Traces {
  static func run(_ files: Files) {
    line("\n## traces: the SOMAS problems\n")
    head("file", "buffers", "planner", "of the load", "s", "MiB so far")
    for (name, problem) in files.traces {
      let planners =
        constructivePlanners + [CorePlanner(work: 1_000_000_000), ValleyPlanner(work: 300_000_000)]
      for planner in planners {
        let (attempt, seconds) = timed { planner.attempt(problem, within: LayoutLimits()) }
        let height = attempt.solution.map { fixed(ratio(checked($0, problem), problem), 5) }
        row(
          name, "\(problem.buffers.count)", planner.name, height ?? "nothing", fixed(seconds, 4),
          "\(residentMebibytes())")
      }
      let (report, seconds) = timed { portfolioReport(problem, LayoutPortfolio()) }
      row(
        name, "\(problem.buffers.count)", "whole portfolio (\(report.winner ?? "nobody"))",
        fixed(ratio(report.solution.height, problem), 5), fixed(seconds, 4),
        "\(residentMebibytes())")
    }
  }
}

/// The members of the standard portfolio that search nothing.
var constructivePlanners: [any LayoutPlanner] {
  LayoutPortfolio.standardMembers.filter {
    !($0 is CorePlanner) && !($0 is ValleyPlanner) && !($0 is ProgramPlanner)
      && !$0.name.hasPrefix("ilp")
  }
}

/// What a portfolio says; a broken planner ends the program.
func portfolioReport(_ problem: LayoutProblem, _ portfolio: LayoutPortfolio) -> LayoutReport {
  do {
    return try portfolio.report(for: problem)
  } catch {
    print("\(error)")
    exit(70)
  }
}
