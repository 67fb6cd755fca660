// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Each constructive planner alone on many buffers: `constructive BUFFERS...`.
enum ConstructiveBenchmark {
  static func run(_ arguments: [String]) {
    print("| problem | buffers | planner | height / load | s |\n|---|---|---|---|---|")
    for count in arguments.compactMap({ Int($0) }) {
      for (name, make) in kinds {
        var random = SeededGenerator(state: UInt64(count))
        let buffers = make(count, &random)
        guard let problem = try? LayoutProblem(buffers: buffers) else { exit(70) }
        for planner in LayoutPortfolio.constructiveMembers {
          let start = processorSeconds()
          let attempt = planner.attempt(problem, within: LayoutLimits(work: 20_000_000_000))
          let time = processorSeconds() - start
          let ratio = attempt.solution.map {
            fixed(Double($0.height) / Double(problem.lowerBound), 5)
          }
          print(
            "| \(name) | \(buffers.count) | \(planner.name) | \(ratio ?? "\(attempt)") "
              + "| \(fixed(time, 3)) |")
        }
      }
    }
  }

  private typealias Maker = @Sendable (Int, inout SeededGenerator) -> [LayoutBuffer]

  private static let kinds: [(String, Maker)] = [
    ("training", { GeneratedBenchmark.training(layers: $0 / 3, &$1) }),
    (
      "cut",
      { GeneratedBenchmark.fullArena(pieces: $0, steps: 2 * $0, bytes: 1 << 40, &$1) }
    ),
    ("random", randomLives),
  ]

  /// Lives of all lengths, short ones more often.
  private static func randomLives(
    _ count: Int, _ random: inout SeededGenerator
  ) -> [LayoutBuffer] {
    (0..<count).map { _ in
      let lower = Int.random(in: 0..<count, using: &random)
      let length = 1 << Int.random(in: 0...14, using: &random)
      return LayoutBuffer(
        size: Int.random(in: 1...4096, using: &random) * 64, lower: lower, upper: lower + length,
        alignment: 64)
    }
  }
}
