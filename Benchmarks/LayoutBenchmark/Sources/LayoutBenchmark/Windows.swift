// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// What windows around the top gain on cut arenas, from the best constructive layout on.
enum Windows {
  private static let problemsPerCount = 20

  static func run(_ files: Files) {
    line("\n## windows: programs around the top of constructive layouts of cut arenas\n")
    head("buffers", "height / load before", "after", "at the load", "s")
    for size in [30, 50, 100, 200, 400] {
      var sums = (before: 0.0, after: 0.0, time: 0.0)
      var solved = 0
      let problems = openArenas(problemsPerCount, of: size)
      for (problem, known) in problems {
        let (attempt, time) = timed {
          WindowPlanner().attempt(problem, within: LayoutLimits(incumbent: known))
        }
        let height = attempt.solution.map { checked($0, problem) } ?? known.height
        sums.before += ratio(known.height, problem)
        sums.after += ratio(height, problem)
        sums.time += time
        if height == problem.lowerBound { solved += 1 }
      }
      let count = Double(problems.count)
      row(
        "\(size)", fixed(sums.before / count, 4), fixed(sums.after / count, 4),
        "\(solved) of \(problems.count)", fixed(sums.time / count, 3))
    }
  }
}
