// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming
import MemoryLayout
import Testing

@Suite struct WindowPlannerTests {
  /// Tight problems with the best constructive layout, where that is not optimal.
  private static func hard(
    pieces: Int, seeds: Range<Int>
  ) throws -> [(problem: LayoutProblem, known: LayoutSolution)] {
    var found: [(LayoutProblem, LayoutSolution)] = []
    for seed in seeds {
      let problem = try LayoutProblem(
        buffers: RandomBuffers.fullArena(
          pieces: pieces, steps: 2 * pieces, bytes: 256, seed: seed))
      let report = try LayoutPortfolio(members: LayoutPortfolio.constructiveMembers)
        .report(for: problem)
      if report.outcome != .optimal { found.append((problem, report.solution)) }
    }
    return found
  }

  @Test func `windows lower what constructive planners leave`() throws {
    var gained = 0
    var lost = 0
    for (problem, known) in try Self.hard(pieces: 40, seeds: 0..<8) {
      let attempt = WindowPlanner().attempt(problem, within: LayoutLimits(incumbent: known))
      lost += known.height - problem.lowerBound
      guard let solution = attempt.solution else { continue }
      #expect(LayoutValidator.violations(in: solution, of: problem) == [])
      #expect(solution.height < known.height)
      gained += known.height - solution.height
    }
    #expect(gained > 0, "\(gained) of \(lost) bytes")
  }

  @Test func `what may not move stays`() throws {
    // The highest buffer is fixed: there is nothing to repair.
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 4, lifetime: 0..<4, fixedOffset: 20),
      LayoutBuffer(size: 4, lifetime: 0..<4), LayoutBuffer(size: 4, lifetime: 0..<4),
    ])
    let known = LayoutSolution(offsets: [20, 4, 8], height: 24)
    let limits = LayoutLimits(incumbent: known)
    #expect(WindowPlanner().attempt(problem, within: limits) == .skipped(.noSolution))
  }

  @Test func `a failing solver is a reason, not a crash`() throws {
    struct Failing: IntegerProgramSolver {
      func solve(
        _ program: IntegerProgram, options: SolveOptions
      ) throws(SolverError) -> Solution {
        throw .numericalFailure
      }
    }
    let (problem, known) = try #require(try Self.hard(pieces: 40, seeds: 0..<9).first)
    #expect(
      WindowPlanner(solver: Failing()).attempt(problem, within: LayoutLimits(incumbent: known))
        == .skipped(.solver(.numericalFailure)))
  }

  @Test func `a layout that is none is not repaired`() throws {
    let (problem, _) = try #require(try Self.hard(pieces: 30, seeds: 0..<9).first)
    let broken = LayoutSolution(
      offsets: problem.buffers.map { _ in 0 }, height: problem.lowerBound + 1)
    let attempt = WindowPlanner().attempt(problem, within: LayoutLimits(incumbent: broken))
    #expect(attempt.solution == nil)
  }
}
