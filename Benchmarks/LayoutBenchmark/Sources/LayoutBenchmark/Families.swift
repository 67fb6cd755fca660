// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// Every family of generated problems with the standard portfolio, and with searches that may take
/// some seconds: the height over the bound, and how late the end is.
enum Families {
  private static let allowed = Duration.seconds(4)

  static func run(_ files: Files) {
    line("\n## families: harder generated problems\n")
    head(
      "family", "buffers", "standard portfolio", "by", "s", "within 4 s", "by", "processor s",
      "wall s too late")
    for family in Family.allCases {
      for count in [2000, 20_000, 60_000, 100_000] { measure(family, count) }
    }
    line("\nMost memory: \(residentMebibytes()) MiB.")
  }

  private static func measure(_ family: Family, _ count: Int) {
    let problem = family.problem(count, seed: 1)
    let quick = timed { portfolioReport(problem, LayoutPortfolio()) }
    let deadline = ContinuousClock.now + allowed
    let patient = LayoutPortfolio(
      members: LayoutPortfolio.members(searchWork: .max), workPerMember: .max, deadline: deadline)
    let long = timed { portfolioReport(problem, patient) }
    let late = deadline.duration(to: ContinuousClock.now) / .seconds(1)
    row(
      family.rawValue, "\(problem.buffers.count)",
      fixed(ratio(quick.value.solution.height, problem), 5), quick.value.winner ?? "nobody",
      fixed(quick.seconds, 2), fixed(ratio(long.value.solution.height, problem), 5),
      long.value.winner ?? "nobody", fixed(long.seconds, 2), late > 0 ? fixed(late, 2) : "")
  }
}
