// SPDX-License-Identifier: Apache-2.0

import IntegerProgramming
import MemoryLayout

/// How large a problem GLPK solves: `program PROBLEMS SECONDS SIZE...`, arenas cut into SIZE buffers
/// each, with the branching callback and without.
///
/// The limit is of wall time; the processor time is what is counted.
enum ProgramBenchmark {
  static func run(_ arguments: [String]) {
    let count = Int(arguments.first ?? "") ?? 10
    let seconds = Int(arguments.dropFirst().first ?? "") ?? 10
    print(
      "| buffers | pairs | branching | solved in 1 s | in \(seconds) s | median s | nodes |"
        + "\n|---|---|---|---|---|---|---|")
    for size in arguments.dropFirst(2).compactMap({ Int($0) }) {
      let problems = hardProblems(count, of: size)
      for guided in [true, false] {
        var times: [Double] = []
        var nodes = 0
        var quick = 0
        var solved = 0
        var pairs: [Int] = []
        for (problem, known) in problems {
          let counter = CountingSolver(guided: guided)
          let planner = ProgramPlanner(
            solver: counter, memberLimit: .max, pairLimit: .max, nodeLimit: .max,
            iterationLimit: .max)
          pairs.append(overlappingPairs(of: problem))
          let start = processorSeconds()
          let attempt = planner.attempt(
            problem,
            within: LayoutLimits(
              incumbent: known,
              deadline: ContinuousClock.now.advanced(by: .seconds(seconds))))
          let time = processorSeconds() - start
          times.append(time)
          nodes += counter.nodes.value
          if case .layout(let solution, let bound?) = attempt, solution.height == bound {
            solved += 1
            if time <= 1 { quick += 1 }
          }
        }
        times.sort()
        pairs.sort()
        print(
          "| \(size) | \(pairs[0])-\(pairs[pairs.count - 1]) | \(guided ? "callback" : "GLPK's own") "
            + "| \(quick) of \(problems.count) | \(solved) | \(fixed(times[times.count / 2], 3)) "
            + "| \(nodes / problems.count) |")
      }
    }
  }

  /// What windows gain on arenas of SIZE buffers, from the best constructive layout on:
  /// `window PROBLEMS MEMBERS PAIRS SIZE...`.
  static func runWindows(_ arguments: [String]) {
    let numbers = arguments.compactMap { Int($0) }
    guard numbers.count > 3 else { return }
    print("| buffers | height / load before | after | at the load | s |\n|---|---|---|---|---|")
    for size in numbers.dropFirst(3) {
      var before = 0.0
      var after = 0.0
      var time = 0.0
      var solved = 0
      let problems = hardProblems(numbers[0], of: size)
      for (problem, known) in problems {
        let planner = WindowPlanner(memberLimit: numbers[1], pairLimit: numbers[2])
        let start = processorSeconds()
        let attempt = planner.attempt(problem, within: LayoutLimits(incumbent: known))
        time += processorSeconds() - start
        let height = attempt.solution?.height ?? known.height
        before += Double(known.height) / Double(problem.lowerBound)
        after += Double(height) / Double(problem.lowerBound)
        if height == problem.lowerBound { solved += 1 }
      }
      let count = Double(problems.count)
      print(
        "| \(size) | \(fixed(before / count, 4)) | \(fixed(after / count, 4)) "
          + "| \(solved) of \(problems.count) | \(fixed(time / count, 3)) |")
    }
  }

  /// Arenas whose constructive layouts are not optimal, with the best of those.
  private static func hardProblems(
    _ count: Int, of size: Int
  ) -> [(LayoutProblem, LayoutSolution)] {
    var random = SeededGenerator(state: UInt64(size))
    var problems: [(LayoutProblem, LayoutSolution)] = []
    let constructive = LayoutPortfolio(members: LayoutPortfolio.constructiveMembers)
    while problems.count < count {
      let buffers = GeneratedBenchmark.fullArena(
        pieces: size, steps: 2 * size, bytes: 1 << 14, &random)
      guard let problem = try? LayoutProblem(buffers: buffers),
        let report = try? constructive.report(for: problem)
      else { continue }
      if report.outcome != .optimal { problems.append((problem, report.solution)) }
    }
    return problems
  }

  private static func overlappingPairs(of problem: LayoutProblem) -> Int {
    var pairs = 0
    for (index, buffer) in problem.buffers.enumerated() {
      pairs += problem.buffers[..<index].count {
        $0.lower < buffer.upper && buffer.lower < $0.upper
      }
    }
    return pairs
  }
}

/// A number that a solver adds to.
private final class Counter: @unchecked Sendable {
  // One thread only: the benchmark's.
  var value = 0
}

/// GLPK with the branching callback or without.
private struct CountingSolver: IntegerProgramSolver {
  var guided: Bool
  let nodes = Counter()

  func solve(
    _ program: IntegerProgram, options: SolveOptions
  ) throws(SolverError) -> Solution {
    var options = options
    if !guided { options.branchingOrder = [] }
    let solution = try GLPKSolver().solve(program, options: options)
    nodes.value += solution.nodeCount
    return solution
  }
}
