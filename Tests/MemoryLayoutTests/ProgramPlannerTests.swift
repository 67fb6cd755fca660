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

  @Test(arguments: 0..<30)
  func `nothing false is proven where sizes differ by many magnitudes`(seed: Int) throws {
    // A full arena of a tebibyte with pieces down to single bytes: it can be packed, and with the
    // arena's size over 10^5 pieces no word of the solver may deny it.
    var random = SeededGenerator(seed: seed)
    let magnitudes = (0..<40).map { _ in 1 << Int.random(in: 0...35, using: &random) }
    // Cutting positions stay, their distances change: still a full arena.
    let arena = RandomBuffers.fullArenaWithOffsets(pieces: 12, steps: 16, bytes: 40, seed: seed)
    let stretched = arena.map { piece in
      LayoutBuffer(
        size: piece.bytes.reduce(0) { $0 + magnitudes[$1] }, lifetime: piece.steps)
    }
    let problem = try LayoutProblem(buffers: stretched)
    let least = magnitudes.reduce(0, +)
    #expect(problem.lowerBound == least)
    for capacity in [nil, least] {
      let attempt = planner.attempt(
        problem,
        within: LayoutLimits(
          incumbent: try LayoutPortfolio(members: []).report(for: problem).solution,
          capacity: capacity))
      guard case .layout(let solution, let bound) = attempt else { continue }
      #expect(LayoutValidator.violations(in: solution, of: problem) == [])
      #expect(bound ?? 0 <= least)
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
    // Tight at a megabyte, with one byte more in one buffer: what fits before does not any more.
    var buffers = RandomBuffers.fullArena(pieces: 10, steps: 14, bytes: large, seed: 2)
    buffers.append(LayoutBuffer(size: 1, lifetime: 0..<1))
    let problem = try LayoutProblem(buffers: buffers)
    let stacked = try LayoutPortfolio(members: []).report(for: problem).solution
    let attempt = planner.attempt(problem, within: LayoutLimits(incumbent: stacked))
    if case .layout(let solution, let bound) = attempt {
      #expect(LayoutValidator.violations(in: solution, of: problem) == [])
      #expect(bound == problem.lowerBound)
    }
  }

  @Test func `large problems are left alone`() throws {
    let buffers = RandomBuffers.fullArena(pieces: 41, steps: 60, bytes: 256, seed: 1)
    let problem = try LayoutProblem(buffers: buffers)
    #expect(planner.attempt(problem, within: LayoutLimits()) == .skipped(.tooLarge))
    let (crowded, known) = try hard()
    let pairs = ProgramPlanner(pairLimit: 10)
      .attempt(crowded, within: LayoutLimits(incumbent: known))
    #expect(pairs == .skipped(.tooLarge))
  }

  @Test(arguments: 0..<6)
  func `a large problem is solved in its parts`(seed: Int) throws {
    // Full arenas one after the other, which no buffer crosses.
    var buffers: [LayoutBuffer] = []
    for part in 0..<8 {
      for buffer in RandomBuffers.fullArena(
        pieces: 9, steps: 12, bytes: 64, seed: 10 * seed + part)
      {
        buffers.append(
          LayoutBuffer(
            size: buffer.size, lower: buffer.lower + 12 * part, upper: buffer.upper + 12 * part))
      }
    }
    let (height, bound) = try exactHeight(buffers)
    #expect(height == 64)
    #expect(bound == 64)
  }

  @Test(arguments: 0..<40)
  func `whether a capacity suffices is decided`(seed: Int) throws {
    let buffers = RandomBuffers(steps: 6, sizes: 1...9).buffers(6, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    let least = LayoutOracle.leastHeight(of: buffers)
    let stacked = try LayoutPortfolio(members: []).report(for: problem).solution
    for capacity in [least - 1, least, least + 2] {
      let attempt = planner.attempt(
        problem, within: LayoutLimits(incumbent: stacked, capacity: capacity))
      guard case .layout(let solution, let bound) = attempt else {
        #expect(stacked.height <= least, "\(attempt)")
        continue
      }
      #expect(solution.height <= capacity || bound ?? 0 > capacity)
      #expect(bound ?? 0 <= least)
    }
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

  /// A problem that constructive planners do not solve, and their layout.
  private func hard() throws -> (problem: LayoutProblem, known: LayoutSolution) {
    for seed in 0..<20 {
      let problem = try LayoutProblem(
        buffers: RandomBuffers.fullArena(pieces: 25, steps: 40, bytes: 128, seed: seed))
      let report = try LayoutPortfolio(members: LayoutPortfolio.constructiveMembers)
        .report(for: problem)
      if report.solution.height > problem.lowerBound + 1 { return (problem, report.solution) }
    }
    throw LayoutError.tooManyBuffers(0)
  }

  private func attempt(
    _ answer: @escaping @Sendable (IntegerProgram, SolveOptions) -> Result<Solution, SolverError>
  ) throws -> LayoutAttempt {
    let (problem, known) = try hard()
    return ProgramPlanner(solver: StubSolver(answer: answer))
      .attempt(problem, within: LayoutLimits(incumbent: known))
  }

  @Test func `a failing solver is a reason, not a crash`() throws {
    #expect(
      try attempt { _, _ in .failure(.numericalFailure) }
        == .skipped(.solver(.numericalFailure)))
  }

  @Test func `a solver that denies what is known proves nothing`() throws {
    for status in [SolveStatus.infeasible, .unbounded, .stopped] {
      let answer = try attempt { program, _ in
        // The program of a capacity is cut short, that of the least height denied.
        .success(
          Solution(
            status: program.variables[0].lower == 1 ? .infeasible : status, point: nil,
            bestBound: nil))
      }
      guard case .stopped = status else {
        #expect(answer == .skipped(.noSolution))
        continue
      }
      // Nothing refutes the first answer then.
      let (problem, known) = try hard()
      #expect(answer == .layout(known, provenBound: problem.lowerBound + 1))
    }
  }

  @Test func `a bound above the known layout is not believed`() throws {
    let answer = try attempt { program, _ in
      let values = program.variables.indices.map { _ in 1.0 }
      let point = Solution.Point(values: values, objective: 2)
      return .success(Solution(status: .optimal, point: point, bestBound: 2))
    }
    if case .layout(let solution, let bound) = answer { #expect(bound ?? 0 <= solution.height) }
  }

  @Test func `offsets that make no sense still give a valid layout`() throws {
    let (problem, _) = try hard()
    let solver = StubSolver { program, _ in
      let values = program.variables.indices.map { Double($0 * 7 % 5) }
      let point = Solution.Point(values: values, objective: values[0])
      return .success(Solution(status: .feasible(gap: 0.5), point: point, bestBound: nil))
    }
    let answer = ProgramPlanner(solver: solver).attempt(problem, within: LayoutLimits())
    let solution = try #require(answer.solution)
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }

  @Test func `the known layout is a point of the program`() throws {
    for seed in 0..<30 {
      let kind = [RandomBuffers.plain, .aligned, .mixed, .fixed][seed % 4]
      let problem = try LayoutProblem(buffers: kind.buffers(8, seed: seed))
      let known = try #require(
        SkylinePlanner(order: .size).attempt(problem, within: LayoutLimits()).solution)
      let model = LayoutProgram(for: problem, notAbove: known)
      let start = try #require(model.start)
      #expect(model.program.firstViolation(by: start, tolerance: 1e-9) == nil)
      #expect(
        abs(
          model.program.objective.value(at: start) * Double(model.unit)
            - Double(known.height)) < 1e-6)
    }
  }
}
