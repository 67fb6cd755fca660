// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import IntegerProgramming

/// What GLPK does to a process that trusts it, and what is left of it here.
@Suite struct GLPKAbortTests {
  let solver = GLPKSolver()

  @Test func `the process survives a bad index inside GLPK`() throws {
    var arrays = try #require(
      ProgramArrays(
        SamplePrograms.knapsack(weights: [3, 4], values: [1, 1], room: 5), cutoff: nil))
    arrays.entryColumn[1] = 99
    let message = try #require(GLPKSolver.run(arrays, options: SolveOptions()).abortMessage)
    #expect(message.contains("column index out of range"))
    // Nothing of the failed solve is left behind.
    let next = try solver.solve(SamplePrograms.knapsack(weights: [3, 4], values: [1, 1], room: 7))
    #expect(next.point?.objective == 2)
  }

  @Test func `the process survives a row that names a column twice`() throws {
    var arrays = try #require(
      ProgramArrays(
        SamplePrograms.knapsack(weights: [3, 4], values: [1, 1], room: 5), cutoff: nil))
    arrays.entryColumn[1] = 0
    #expect(GLPKSolver.run(arrays, options: SolveOptions()).abortMessage != nil)
  }

  @Test func `GLPK's memory limit is an error`() throws {
    let program = SamplePrograms.marketSplit(seed: 1, variables: 3000, rows: 40)
    let error = #expect(throws: SolverError.self) {
      try solver.solve(program, options: SolveOptions(memoryLimit: 1))
    }
    guard case .aborted(let message) = error else {
      Issue.record("expected an abort, not \(String(describing: error))")
      return
    }
    #expect(message.contains("memory allocation limit exceeded"))
  }

  @Test func `an answer that breaks the program is refused`() throws {
    let program = SamplePrograms.knapsack(weights: [3, 4], values: [1, 1], room: 5)
    #expect(try solver.point(from: [1, 1e-9], of: program).values == [1, 0])
    #expect(throws: SolverError.wrongAnswer(.integrality(VariableID(rawValue: 1)))) {
      try solver.point(from: [1, 0.25], of: program)
    }
    #expect(throws: SolverError.wrongAnswer(.constraint(ConstraintID(rawValue: 0)))) {
      try solver.point(from: [1, 1], of: program)
    }
    #expect(throws: SolverError.wrongAnswer(.bounds(VariableID(rawValue: 0)))) {
      try solver.point(from: [2, 0], of: program)
    }
  }

  @Test func `a denial of the starting point is a failure, not infeasible`() throws {
    // Big-M rows with coefficients of ten magnitudes: GLPK denies programs that are feasible by
    // construction, as stacking everything shows. That is why layouts are in units of their height.
    var denied = 0
    for seed in 0..<12 {
      let (program, start) = SamplePrograms.badlyScaledLayout(seed: seed, buffers: 15)
      #expect(program.firstViolation(by: start, tolerance: 1e-9) == nil)
      var options = SolveOptions(nodeLimit: 150, iterationLimit: 4000)
      if case .success(let solution) = Self.outcome(of: program, options),
        solution.status == .infeasible
      {
        denied += 1
      }
      options.start = start
      switch Self.outcome(of: program, options) {
      case .success(let solution): #expect(solution.status != .infeasible)
      case .failure(let error):
        let isKnown =
          switch error {
          case .numericalFailure, .wrongAnswer, .aborted: true
          default: false
          }
        #expect(isKnown, "\(error)")
      }
    }
    #expect(denied > 0)
  }

  private static func outcome(
    of program: IntegerProgram, _ options: SolveOptions
  ) -> Result<Solution, SolverError> {
    do throws(SolverError) {
      return .success(try GLPKSolver().solve(program, options: options))
    } catch { return .failure(error) }
  }

  @Test func `nothing is written to standard output`() throws {
    // A file in place of stdout, while programs are solved and one aborts.
    let file = try #require(tmpfile())
    defer { fclose(file) }
    fflush(nil)
    let saved = dup(STDOUT_FILENO)
    dup2(fileno(file), STDOUT_FILENO)
    let outcome = Result {
      _ = try solver.solve(SamplePrograms.knapsack(weights: [3, 4], values: [1, 1], room: 5))
      var arrays = try #require(
        ProgramArrays(
          SamplePrograms.knapsack(weights: [3, 4], values: [1, 1], room: 5), cutoff: nil))
      arrays.entryRow[0] = -7
      return try #require(GLPKSolver.run(arrays, options: SolveOptions()).abortMessage)
    }
    fflush(nil)
    dup2(saved, STDOUT_FILENO)
    close(saved)
    #expect(try outcome.get().contains("row index out of range"))
    rewind(file)
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    _ = write(STDOUT_FILENO, bytes, count)  // what other tests reported meanwhile
    // Other tests report to the same place meanwhile, so look for GLPK's words only.
    let output = String(decoding: bytes[..<count], as: UTF8.self)
    #expect(!output.contains("GLPK"))
    #expect(!output.contains("glp_"))
    #expect(!output.contains("Error detected in file"))
  }

  @Test func `eight threads solve at once`() async throws {
    let seeds = 0..<8
    let expected = try seeds.map {
      try solver.solve(RandomProgram(seed: 1000 + $0, variables: 5, rows: 3).program)
    }
    let answers = await withTaskGroup(of: (Int, [Solution?]).self) { group in
      for seed in seeds {
        group.addTask {
          let program = RandomProgram(seed: 1000 + seed, variables: 5, rows: 3).program
          var solutions: [Solution?] = []
          for round in 0..<20 {
            // Every other thread aborts in between; its neighbours must not notice.
            if seed % 2 == 0, round % 5 == 0 {
              var arrays = ProgramArrays(program, cutoff: nil)
              arrays?.entryColumn[0] = 1000
              _ = arrays.map { GLPKSolver.run($0, options: SolveOptions()) }
            }
            solutions.append(try? solver.solve(program))
          }
          return (seed, solutions)
        }
      }
      var answers: [(Int, [Solution?])] = []
      for await answer in group { answers.append(answer) }
      return answers
    }
    #expect(answers.count == 8)
    for (seed, solutions) in answers {
      #expect(solutions.count == 20)
      for solution in solutions { #expect(solution == expected[seed]) }
    }
  }
}
