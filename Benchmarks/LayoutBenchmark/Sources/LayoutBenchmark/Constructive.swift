// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// Each constructive planner alone on many buffers.
enum Constructive {
  static func run(_ files: Files) {
    line("\n## constructive: each planner alone on many buffers\n")
    head("family", "buffers", "planner", "height / load", "s")
    for family in [Family.training, .cut, .mixture] {
      for count in [10_000, 100_000] { measure(family, count) }
    }
  }

  private static func measure(_ family: Family, _ count: Int) {
    let problem = family.problem(count, seed: 1)
    for planner in LayoutPortfolio.constructiveMembers {
      let (attempt, time) = timed {
        planner.attempt(problem, within: LayoutLimits(work: 20_000_000_000))
      }
      let height = attempt.solution.map { fixed(ratio(checked($0, problem), problem), 5) }
      row(
        family.rawValue, "\(problem.buffers.count)", planner.name, height ?? "given up",
        fixed(time, 3))
    }
  }
}
