// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// The least height within a time, for the files whose load is below their capacity.
enum Minimising {
  private static let limits: [Duration] = [
    .milliseconds(100), .seconds(1), .seconds(5), .seconds(30),
  ]

  static func run(_ files: Files) {
    line("\n## minimise: the least height, valley search alone\n")
    head("file", "wall s allowed", "processor s used", "height", "of the load", "proven bound")
    for (name, problem) in files.hard where ["C", "D", "J"].contains(name) {
      for limit in limits {
        let (attempt, seconds) = timed {
          ValleyPlanner().attempt(
            problem, within: LayoutLimits(deadline: ContinuousClock.now + limit))
        }
        guard case .layout(let solution, let bound) = attempt else { continue }
        let height = checked(solution, problem)
        row(
          name, fixed(limit / .seconds(1), 1), fixed(seconds, 2), "\(height)",
          fixed(ratio(height, problem), 4), height == bound ? "optimal" : "\(bound ?? 0)")
        if height == bound { break }
      }
    }
  }
}
