// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Every member alone, and the portfolio: `portfolio FILE|random:COUNT:SEED...`.
enum PortfolioBenchmark {
  static func run(_ arguments: [String]) {
    for file in arguments {
      let problem = problem(at: file)
      print("\(fileName(file)): \(problem.buffers.count) buffers, bound \(problem.lowerBound)")
      for planner in LayoutPortfolio.standardMembers where !planner.name.hasPrefix("ilp") {
        let start = processorSeconds()
        let attempt = planner.attempt(problem, within: LayoutLimits(work: 1_000_000_000))
        let time = processorSeconds() - start
        if case .layout(let solution, _) = attempt {
          let ratio = Double(solution.height) / Double(max(1, problem.lowerBound))
          print("  \(planner.name): \(fixed(ratio, 5)) in \(fixed(time, 4)) s")
        } else {
          print("  \(planner.name): \(attempt) in \(fixed(time, 4)) s")
        }
      }
      let start = processorSeconds()
      do {
        let report = try LayoutPortfolio().report(for: problem)
        let time = processorSeconds() - start
        let ratio = Double(report.solution.height) / Double(max(1, problem.lowerBound))
        print(
          "  all: \(fixed(ratio, 5)) by \(report.winner ?? "nobody"), \(report.outcome), "
            + "\(fixed(time, 4)) s")
      } catch {
        print("  all: \(error)")
        exit(70)
      }
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    print("resident: \(usage.ru_maxrss / 1024) MiB")
  }
}
