// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming
import MemoryLayout
import TestSupport
import Testing

@Suite struct ProgramPlannerTests {
  let planner = ProgramPlanner()

  private func exactHeight(
    _ buffers: [LayoutBuffer]
  ) throws -> (height: Int, bound: Int?) {
    let problem = try LayoutProblem(buffers: buffers)
    guard
      case .layout(let solution, let bound) = planner.attempt(problem, within: LayoutLimits())
    else {
      Issue.record("the planner skipped a small problem")
      return (0, nil)
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    return (solution.height, bound)
  }

  @Test(arguments: [RandomBuffers.plain, .aligned, .fixed], 0..<60)
  func `the optimum is found and proven`(kind: RandomBuffers, seed: Int) throws {
    let buffers = kind.buffers(2 + seed % 5, seed: seed)
    let (height, bound) = try exactHeight(buffers)
    let least = LayoutOracle.leastHeight(of: buffers)
    #expect(try #require(bound) <= least)
    // With several alignments the program is a relaxation: its bound holds, its order may not be
    // the best one.
    if Set(buffers.map(\.alignment)).count == 1 {
      #expect(height == least)
      #expect(bound == least)
    } else {
      #expect(height >= least)
    }
  }

  @Test(arguments: 0..<60)
  func `the bound holds with mixed alignments`(seed: Int) throws {
    let buffers = RandomBuffers.mixed.buffers(2 + seed % 5, seed: seed)
    let (height, bound) = try exactHeight(buffers)
    let least = LayoutOracle.leastHeight(of: buffers)
    #expect(bound ?? 0 <= least)
    #expect(height >= least)
  }

  @Test(arguments: 0..<20)
  func `tight problems are solved where no greedy planner reaches the optimum`(
    seed: Int
  ) throws {
    let buffers = RandomBuffers.fullArena(pieces: 12, steps: 16, bytes: 64, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    #expect(problem.lowerBound == 64)
    let (height, bound) = try exactHeight(buffers)
    #expect(height == 64)
    #expect(bound == 64)
  }

  @Test(arguments: 0..<10)
  func `renumbering changes no height`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let buffers = RandomBuffers(steps: 8, sizes: 1...30).buffers(7, seed: seed)
    let (height, _) = try exactHeight(buffers)
    for _ in 0..<3 {
      #expect(try exactHeight(buffers.shuffled(using: &random)).height == height)
    }
  }

  @Test func `a layout that is already optimal is kept`() throws {
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 3, lifetime: 0..<2), LayoutBuffer(size: 5, lifetime: 0..<2),
    ])
    let known = LayoutSolution(offsets: [5, 0], height: 8)
    let attempt = planner.attempt(problem, within: LayoutLimits(incumbent: known))
    #expect(attempt == .layout(known, provenBound: 8))
  }

  @Test func `sizes too different for doubles are not proven`() throws {
    let large = 1 << 40
    let buffers = [
      LayoutBuffer(size: large + 1, lifetime: 0..<2), LayoutBuffer(size: 1, lifetime: 1..<3),
      LayoutBuffer(size: large, lifetime: 2..<4),
    ]
    let (height, bound) = try exactHeight(buffers)
    #expect(height == LayoutOracle.leastHeight(of: buffers))
    #expect(bound == nil)
  }

  @Test func `large problems are left alone`() throws {
    let buffers = RandomBuffers.plain.buffers(21, seed: 1)
    let problem = try LayoutProblem(buffers: buffers)
    #expect(planner.attempt(problem, within: LayoutLimits()) == .skipped(.tooLarge))
    let together = try LayoutProblem(
      buffers: (0..<20).map { LayoutBuffer(size: $0 + 1, lifetime: 0..<1) })
    #expect(
      ProgramPlanner(pairLimit: 189).attempt(together, within: LayoutLimits())
        == .skipped(.tooLarge))
  }

  // MARK: Solvers that misbehave

  private struct StubSolver: IntegerProgramSolver {
    var answer: @Sendable (IntegerProgram, SolveOptions) -> Result<Solution, SolverError>

    func solve(
      _ program: IntegerProgram, options: SolveOptions
    ) throws(SolverError) -> Solution {
      try answer(program, options).get()
    }
  }

  private func attempt(
    _ answer: @escaping @Sendable (IntegerProgram, SolveOptions) -> Result<Solution, SolverError>
  ) throws -> LayoutAttempt {
    let problem = try LayoutProblem(buffers: RandomBuffers.plain.buffers(6, seed: 5))
    return ProgramPlanner(solver: StubSolver(answer: answer))
      .attempt(problem, within: LayoutLimits())
  }

  @Test func `a failing solver is a reason, not a crash`() throws {
    #expect(
      try attempt { _, _ in .failure(.numericalFailure) }
        == .skipped(.solver(.numericalFailure)))
  }

  @Test func `infeasible is no proof`() throws {
    for status in [SolveStatus.infeasible, .unbounded, .stopped] {
      #expect(
        try attempt { _, _ in
          .success(Solution(status: status, point: nil, bestBound: nil))
        } == .skipped(.noSolution))
    }
  }

  @Test func `offsets that make no sense still give a valid layout`() throws {
    let problem = try LayoutProblem(buffers: RandomBuffers.plain.buffers(6, seed: 5))
    let answer = try attempt { program, _ in
      let values = program.variables.indices.map { Double($0 * 7 % 5) }
      let point = Solution.Point(values: values, objective: values[0])
      return .success(Solution(status: .feasible(gap: 0.5), point: point, bestBound: nil))
    }
    let solution = try #require(answer.solution)
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    #expect(answer == .layout(solution, provenBound: nil))
  }

  @Test func `the known layout is a point of the program`() throws {
    for seed in 0..<30 {
      let kind = [RandomBuffers.plain, .aligned, .mixed, .fixed][seed % 4]
      let problem = try LayoutProblem(buffers: kind.buffers(8, seed: seed))
      let known = try #require(
        SkylinePlanner(order: .size).attempt(problem, within: LayoutLimits()).solution)
      let model = LayoutProgram(for: problem, notAbove: known)
      #expect(model.program.firstViolation(by: model.start, tolerance: 1e-9) == nil)
      #expect(
        abs(
          model.program.objective.value(at: model.start) * Double(model.unit)
            - Double(known.height)) < 1e-6)
    }
  }
}
