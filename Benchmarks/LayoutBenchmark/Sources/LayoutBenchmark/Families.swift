// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Every family of generated problems with the standard portfolio, and with searches that may take
/// some seconds: the height over the bound, and how much processor time goes by after the deadline, on
/// a machine on which the wall clock says more about its other users.
enum Families {
  private static let allowed = Duration.seconds(4)

  static func run(_ files: Files) {
    line("\n## families: harder generated problems\n")
    head(
      "family", "buffers", "standard portfolio", "by", "s", "within 4 s", "by", "processor s",
      "processor s too late", "wall s too late")
    for family in Family.allCases {
      for count in [2000, 20_000, 60_000, 100_000] { measure(family, count) }
    }
    line("\nMost memory: \(residentMebibytes()) MiB.")
  }

  private static func measure(_ family: Family, _ count: Int) {
    let problem = family.problem(count, seed: 1)
    let quick = timed { portfolioReport(problem, LayoutPortfolio()) }
    var timer = itimerval()
    timer.it_value.tv_sec = Int(allowed.components.seconds)
    processorSecondsAtDeadline = .infinity
    signal(SIGALRM) { _ in processorSecondsAtDeadline = processorSeconds() }
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    let deadline = ContinuousClock.now + allowed
    let patient = LayoutPortfolio(
      members: LayoutPortfolio.members(searchWork: .max), workPerMember: .max, deadline: deadline)
    let long = timed { portfolioReport(problem, patient) }
    let processorLate = processorSeconds() - processorSecondsAtDeadline
    timer.it_value.tv_sec = 0
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    let late = deadline.duration(to: ContinuousClock.now) / .seconds(1)
    row(
      family.rawValue, "\(problem.buffers.count)",
      fixed(ratio(quick.value.solution.height, problem), 5), quick.value.winner ?? "nobody",
      fixed(quick.seconds, 2), fixed(ratio(long.value.solution.height, problem), 5),
      long.value.winner ?? "nobody", fixed(long.seconds, 2),
      late > 0 ? fixed(max(0, processorLate), 2) : "", late > 0 ? fixed(late, 2) : "")
  }
}

/// Written by the alarm, read after it.
private nonisolated(unsafe) var processorSecondsAtDeadline = Double.infinity
