// SPDX-License-Identifier: Apache-2.0

import IntegerProgramming
import MemoryLayout

/// What the branching callback is worth: GLPK alone on cut arenas, with it and without.
///
/// The limit is of wall time; the processor time is what is counted.
enum Branching {
  private static let problemsPerCount = 8
  private static let seconds = 10

  static func run(_ files: Files) {
    line("\n## branching: GLPK alone, with the branching callback and without\n")
    head(
      "buffers", "pairs", "branching", "solved in 1 s", "in \(seconds) s", "median s", "nodes")
    for size in [10, 20, 30, 40, 60, 80] {
      let problems = openArenas(problemsPerCount, of: size)
      for guided in [true, false] { measure(problems, size, guided) }
    }
  }

  private static func measure(
    _ problems: [(LayoutProblem, LayoutSolution)], _ size: Int, _ guided: Bool
  ) {
    var times: [Double] = []
    var counts = (nodes: 0, quick: 0, solved: 0)
    for (problem, known) in problems {
      let counter = CountingSolver(guided: guided)
      let planner = ProgramPlanner(
        solver: counter, memberLimit: .max, pairLimit: .max, nodeLimit: .max, iterationLimit: .max)
      let (attempt, time) = timed {
        planner.attempt(
          problem,
          within: LayoutLimits(
            incumbent: known, deadline: ContinuousClock.now.advanced(by: .seconds(seconds))))
      }
      times.append(time)
      counts.nodes += counter.nodes.value
      if case .layout(let solution, let bound?) = attempt, checked(solution, problem) == bound {
        counts.solved += 1
        if time <= 1 { counts.quick += 1 }
      }
    }
    let pairs = problems.map(\.0.pairCount).sorted()
    row(
      "\(size)", "\(pairs[0])-\(pairs[pairs.count - 1])", guided ? "callback" : "GLPK's own",
      "\(counts.quick) of \(problems.count)", "\(counts.solved)", fixed(quantile(times, 0.5), 3),
      "\(counts.nodes / problems.count)")
  }
}

/// Cut arenas whose constructive layouts are not optimal, with the best of those.
func openArenas(_ count: Int, of size: Int) -> [(LayoutProblem, LayoutSolution)] {
  let constructive = LayoutPortfolio(members: LayoutPortfolio.constructiveMembers)
  var problems: [(LayoutProblem, LayoutSolution)] = []
  var seed: UInt64 = 0
  while problems.count < count {
    let problem = Family.cut.problem(size, seed: seed)
    seed += 1
    let report = portfolioReport(problem, constructive)
    if report.outcome != .optimal { problems.append((problem, report.solution)) }
  }
  return problems
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

extension LayoutProblem {
  /// How many pairs of buffers live together, by comparing all: for small problems.
  fileprivate var pairCount: Int {
    var count = 0
    for (index, buffer) in buffers.enumerated() {
      for other in buffers[..<index]
      where buffer.lower < other.upper && other.lower < buffer.upper { count += 1 }
    }
    return count
  }
}
