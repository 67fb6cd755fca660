// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Harder generated problems: `families [SECONDS [BUFFERS...]]`. Each with the standard portfolio, and
/// with a search that may take some seconds: height against the bound, and how late it ends.
enum FamilyBenchmark {
  static func run(_ arguments: [String]) {
    let seconds = Double(arguments.first ?? "") ?? 2
    let counts = arguments.dropFirst().compactMap { Int($0) }
    print(
      "| family | buffers | bound | standard | by | s | in \(fixed(seconds, 0)) s | by "
        + "| processor s | late, wall s | MiB |\n"
        + "|---|---|---|---|---|---|---|---|---|---|---|")
    for family in Family.allCases {
      for count in counts.isEmpty ? [2000, 20_000, 60_000, 100_000] : counts {
        measure(family, count, seconds)
      }
    }
  }

  private static func measure(_ family: Family, _ count: Int, _ seconds: Double) {
    let buffers = family.buffers(count, seed: 1)
    do {
      let problem = try LayoutProblem(buffers: buffers)
      let ratio = { (height: Int) in fixed(Double(height) / Double(problem.lowerBound), 5) }
      var start = processorSeconds()
      let quick = try LayoutPortfolio().report(for: problem)
      let quickTime = processorSeconds() - start

      start = processorSeconds()
      let deadline = ContinuousClock.now.advanced(by: .milliseconds(Int(seconds * 1000)))
      let long = try LayoutPortfolio(
        members: LayoutPortfolio.members(searchWork: .max), workPerMember: .max,
        deadline: deadline
      ).report(for: problem)
      let late = ContinuousClock.now.duration(to: deadline) / .seconds(-1)
      print(
        "| \(family.rawValue) | \(buffers.count) | \(problem.lowerBound) "
          + "| \(ratio(quick.solution.height)) | \(quick.winner ?? "nobody") "
          + "| \(fixed(quickTime, 2)) | \(ratio(long.solution.height)) "
          + "| \(long.winner ?? "nobody") | \(fixed(processorSeconds() - start, 2)) "
          + "| \(late > 0 ? fixed(late, 2) : "") | \(residentMebibytes()) |")
      fflush(nil)
    } catch {
      print("\(family.rawValue): \(error)")
      exit(70)
    }
  }
}
