// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// The core-first planner alone: `core WORK FILE...`.
enum CoreBenchmark {
  static func run(_ arguments: [String]) {
    for file in arguments.dropFirst() {
      let problem = problem(at: file)
      for thresholds in [[0.95, 0.8, 0.5, 0], [0.95], [0.8], [0.5], [0]] {
        let planner = CorePlanner(work: Int(arguments[0]) ?? .max, thresholds: thresholds)
        let start = processorSeconds()
        let attempt = planner.attempt(problem, within: LayoutLimits())
        let time = processorSeconds() - start
        let ratio = attempt.solution.map {
          fixed(Double($0.height) / Double(problem.lowerBound), 5)
        }
        print("\(fileName(file)) \(thresholds): \(ratio ?? "nothing") in \(fixed(time, 4)) s")
      }
    }
  }
}
