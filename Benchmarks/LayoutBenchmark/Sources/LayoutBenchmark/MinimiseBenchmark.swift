// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// The least height within a time: `minimise SECONDS FILE...`.
enum MinimiseBenchmark {
  static func run(_ arguments: [String]) {
    let seconds = Double(arguments[0]) ?? 1
    for file in arguments.dropFirst() {
      let problem = problem(at: file)
      let start = processorSeconds()
      let deadline = ContinuousClock.now.advanced(by: .milliseconds(Int(seconds * 1000)))
      let attempt = ValleyPlanner().attempt(problem, within: LayoutLimits(deadline: deadline))
      let time = processorSeconds() - start
      guard case .layout(let solution, let bound) = attempt else {
        print("\(fileName(file)): \(attempt)")
        continue
      }
      let valid = LayoutValidator.violations(in: solution, of: problem).isEmpty
      print(
        "\(fileName(file)): height \(solution.height) = "
          + "\(fixed(Double(solution.height) / Double(problem.lowerBound), 4)) of the load, "
          + "bound \(bound ?? problem.lowerBound), \(valid ? "valid" : "INVALID"), "
          + "\(fixed(time, 3)) s")
    }
  }
}
