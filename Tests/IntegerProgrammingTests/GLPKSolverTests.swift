// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming
import TestSupport
import Testing

@Suite struct GLPKSolverTests {
  let solver = GLPKSolver()

  @Test(arguments: 0..<400)
  func `random integer programs match the best of all points`(seed: Int) throws {
    let program = RandomProgram(seed: seed, variables: 2 + seed % 4, rows: seed % 5).program
    let best = RandomProgram.bestObjective(of: program)
    let solution = try solver.solve(program)
    guard let best else {
      #expect(solution.status == .infeasible)
      #expect(solution.point == nil)
      return
    }
    #expect(solution.status == .optimal)
    let point = try #require(solution.point)
    #expect(abs(point.objective - best) < 1e-6)
    #expect(program.firstViolation(by: point.values, tolerance: 1e-6) == nil)
    #expect(point.values.allSatisfy { $0 == $0.rounded() })
    #expect(abs(try #require(solution.bestBound) - best) < 1e-5)
  }

  @Test(arguments: 0..<40)
  func `knapsacks match dynamic programming`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let count = 6 + seed % 9
    let weights = (0..<count).map { _ in Int.random(in: 1...30, using: &random) }
    let values = (0..<count).map { _ in Int.random(in: 1...50, using: &random) }
    let room = weights.reduce(0, +) / 2
    var table = [Int](repeating: 0, count: room + 1)
    for item in 0..<count where weights[item] <= room {
      for load in stride(from: room, through: weights[item], by: -1) {
        table[load] = max(table[load], table[load - weights[item]] + values[item])
      }
    }

    let knapsack = SamplePrograms.knapsack(weights: weights, values: values, room: room)
    let solution = try solver.solve(knapsack)
    #expect(solution.status == .optimal)
    #expect(solution.point?.objective == Double(table[room]))
  }

  @Test func `equality rows hold exactly`() throws {
    // 7 a + 5 b = 31 has one point in 0...10: a = 3, b = 2.
    var program = IntegerProgram()
    let a = program.addVariable("a", kind: .integer, to: 10)
    let b = program.addVariable("b", kind: .integer, to: 10)
    program.addConstraint("sum", 7 * a + 5 * b, .equal, 31)
    let point = try #require(try solver.solve(program).point)
    #expect(point[a] == 3)
    #expect(point[b] == 2)
  }

  @Test func `continuous programs are solved by simplex alone`() throws {
    // max 3x + 2y, x + y <= 4, x + 3y <= 6, x <= 3: the corner (3, 1) gives 11.
    var program = IntegerProgram()
    let x = program.addVariable("x", to: 3)
    let y = program.addVariable("y")
    program.addConstraint("first", 1 * x + 1 * y, .atMost, 4)
    program.addConstraint("second", 1 * x + 3 * y, .atMost, 6)
    program.setObjective(.maximize, 3 * x + 2 * y)
    let solution = try solver.solve(program)
    #expect(solution.status == .optimal)
    #expect(abs(try #require(solution.point).objective - 11) < 1e-9)
    #expect(solution.nodeCount == 0)
  }

  @Test func `an empty program is optimal at its constant`() throws {
    var program = IntegerProgram()
    program.setObjective(.minimize, LinearExpression(constant: 7))
    let solution = try solver.solve(program)
    #expect(solution.status == .optimal)
    #expect(solution.point?.values == [])
    #expect(solution.point?.objective == 7)
  }

  @Test func `programs without rows or without columns are answered`() throws {
    var unconstrained = IntegerProgram()
    let x = unconstrained.addVariable("x", kind: .integer, from: -4, to: 9)
    unconstrained.setObjective(.maximize, 1 * x)
    #expect(try solver.solve(unconstrained).point?.objective == 9)

    var holds = IntegerProgram()
    holds.addConstraint("0 <= 1", LinearExpression(), .atMost, 1)
    #expect(try solver.solve(holds).status == .optimal)
    var fails = IntegerProgram()
    fails.addConstraint("0 >= 1", LinearExpression(), .atLeast, 1)
    #expect(try solver.solve(fails).status == .infeasible)
  }

  @Test func `contradicting rows are infeasible`() throws {
    var program = IntegerProgram()
    let x = program.addVariable("x", kind: .integer, to: 5)
    program.addConstraint("above", 1 * x, .atLeast, 4)
    program.addConstraint("below", 1 * x, .atMost, 3)
    let solution = try solver.solve(program)
    #expect(solution.status == .infeasible)
    #expect(solution.point == nil)
  }

  @Test func `an integer variable whose range holds no integer is infeasible`() throws {
    var program = IntegerProgram()
    program.addVariable("x", kind: .integer, from: 0.2, to: 0.8)
    #expect(try solver.solve(program).status == .infeasible)
  }

  @Test func `reversed bounds are infeasible`() throws {
    var program = IntegerProgram()
    program.addVariable("x", from: 2, to: 1)
    #expect(try solver.solve(program).status == .infeasible)
  }

  @Test(arguments: [IntegerProgram.Kind.continuous, .integer])
  func `an objective without end is unbounded`(kind: IntegerProgram.Kind) throws {
    var program = IntegerProgram()
    let x = program.addVariable("x", kind: kind)
    let y = program.addVariable("y", kind: kind)
    program.addConstraint("difference", 1 * x - 1 * y, .atMost, 1)
    program.setObjective(.maximize, 1 * x)
    let solution = try solver.solve(program)
    #expect(solution.status == .unbounded)
    #expect(solution.point == nil)
  }

  @Test func `a cutoff below the optimum leaves nothing`() throws {
    var program = SamplePrograms.knapsack(weights: [3, 4, 5], values: [30, 40, 50], room: 7)
    #expect(try solver.solve(program, options: SolveOptions(cutoff: 70)).point?.objective == 70)
    #expect(try solver.solve(program, options: SolveOptions(cutoff: 71)).status == .infeasible)
    // The objective's constant counts.
    var shifted = program.objective
    shifted.constant = 5
    program.setObjective(.maximize, shifted)
    #expect(try solver.solve(program, options: SolveOptions(cutoff: 75)).point?.objective == 75)
    #expect(try solver.solve(program, options: SolveOptions(cutoff: 76)).status == .infeasible)
  }

  // MARK: Limits

  @Test func `a time limit ends a hard search with its best point`() throws {
    let program = SamplePrograms.marketSplit(seed: 3, variables: 40, rows: 4)
    let clock = ContinuousClock()
    let start = clock.now
    let solution = try solver.solve(
      program, options: SolveOptions(timeLimit: .milliseconds(300)))
    #expect(clock.now - start < .seconds(5))
    guard case .feasible(let gap) = solution.status else {
      Issue.record("expected a feasible answer, not \(solution.status)")
      return
    }
    #expect(gap > 0)
    let point = try #require(solution.point)
    #expect(program.firstViolation(by: point.values, tolerance: 1e-5) == nil)
    #expect(try #require(solution.bestBound) <= point.objective)
  }

  @Test func `a limit before the first point is stopped`() throws {
    var program = SamplePrograms.marketSplit(seed: 3, variables: 40, rows: 4)
    program.addConstraint("none left over", program.objective, .atMost, 0)
    for options in [SolveOptions(nodeLimit: 20), SolveOptions(iterationLimit: 5)] {
      let solution = try solver.solve(program, options: options)
      #expect(solution.status == .stopped)
      #expect(solution.point == nil)
    }
  }

  @Test func `a node limit gives the same answer every time`() throws {
    let program = SamplePrograms.marketSplit(seed: 5, variables: 30, rows: 3)
    let options = SolveOptions(nodeLimit: 500)
    let first = try solver.solve(program, options: options)
    #expect(first.nodeCount > 400)
    for _ in 0..<3 { #expect(try solver.solve(program, options: options) == first) }
  }

  @Test func `a starting point is kept when nothing better is found`() throws {
    let program = SamplePrograms.marketSplit(seed: 3, variables: 40, rows: 4)
    // All binaries zero: the slack of each row is its right-hand side.
    var start = [Double](repeating: 0, count: program.variables.count)
    for row in 0..<program.constraintCount {
      start[40 + 2 * row] = program.constraint(row).rightHandSide
    }
    let solution = try solver.solve(
      program, options: SolveOptions(nodeLimit: 1, start: start))
    let point = try #require(solution.point)
    #expect(point.objective <= program.objective.value(at: start))
  }

  @Test func `a branching order changes the search and not the optimum`() throws {
    let program = SamplePrograms.marketSplit(seed: 2, variables: 12, rows: 2)
    let order = (0..<12).reversed().map { VariableID(rawValue: $0) }
    let plain = try solver.solve(program)
    let ordered = try solver.solve(program, options: SolveOptions(branchingOrder: order))
    #expect(plain.status == .optimal)
    #expect(ordered.status == .optimal)
    #expect(
      abs(try #require(plain.point).objective - (try #require(ordered.point).objective)) < 1e-6)
    #expect(plain.nodeCount != ordered.nodeCount)
  }

  @Test func `a relative gap ends the search early`() throws {
    // The bound stays 0 for long, which is a gap of 1 to any point.
    let program = SamplePrograms.marketSplit(seed: 2, variables: 40, rows: 4)
    let solution = try solver.solve(program, options: SolveOptions(relativeGap: 1))
    guard case .feasible(let gap) = solution.status else {
      Issue.record("expected a feasible answer, not \(solution.status)")
      return
    }
    #expect(gap <= 1 + 1e-6)
  }

  // MARK: Refusals

  @Test func `a variable that the program lacks is refused`() {
    var program = IntegerProgram()
    let x = program.addVariable("x")
    let row = program.addConstraint("row", 1 * x, .atMost, 1)
    for stranger in [VariableID(rawValue: 1), VariableID(rawValue: -1)] {
      var broken = program
      let second = broken.addConstraint("bad", 1 * stranger, .atMost, 1)
      #expect(throws: SolverError.unknownVariable(stranger, in: second)) {
        try solver.solve(broken)
      }
      #expect(second != row)
      broken = program
      broken.setObjective(.minimize, 1 * stranger)
      #expect(throws: SolverError.unknownVariable(stranger, in: nil)) { try solver.solve(broken) }
      #expect(throws: SolverError.invalidBranchingVariable(stranger)) {
        try solver.solve(program, options: SolveOptions(branchingOrder: [stranger]))
      }
    }
    #expect(throws: SolverError.invalidBranchingVariable(x)) {
      try solver.solve(program, options: SolveOptions(branchingOrder: [x]))
    }
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, 1e16])
  func `numbers that cannot be solved with are refused`(value: Double) {
    var base = IntegerProgram()
    let x = base.addVariable("x")
    var program = base
    let row = program.addConstraint("row", value * x, .atMost, 1)
    #expect(throws: SolverError.invalidCoefficient(x, in: row)) { try solver.solve(program) }
    program = base
    program.addConstraint("row", 1 * x, .atMost, value)
    #expect(throws: SolverError.invalidRightHandSide(row)) { try solver.solve(program) }
    program = base
    program.setObjective(.minimize, value * x)
    #expect(throws: SolverError.invalidCoefficient(x, in: nil)) { try solver.solve(program) }
    program.setObjective(.minimize, LinearExpression(constant: value))
    #expect(throws: SolverError.invalidObjectiveConstant) { try solver.solve(program) }

    let second = VariableID(rawValue: 1)
    if value != -.infinity {
      program = base
      program.addVariable("lower", from: value)
      #expect(throws: SolverError.invalidBounds(second)) { try solver.solve(program) }
    }
    if value != .infinity {
      program = base
      program.addVariable("upper", from: -.infinity, to: value)
      #expect(throws: SolverError.invalidBounds(second)) { try solver.solve(program) }
    }
    #expect(throws: SolverError.invalidOption(.cutoff)) {
      try solver.solve(base, options: SolveOptions(cutoff: value))
    }
  }

  @Test func `options out of range are refused`() {
    let program = IntegerProgram()
    let cases: [(SolveOptions, SolveOptions.Field)] = [
      (SolveOptions(timeLimit: .seconds(-1)), .timeLimit),
      (SolveOptions(nodeLimit: -1), .nodeLimit),
      (SolveOptions(iterationLimit: -1), .iterationLimit),
      (SolveOptions(memoryLimit: 0), .memoryLimit),
      (SolveOptions(relativeGap: -0.1), .relativeGap),
      (SolveOptions(relativeGap: .nan), .relativeGap),
      (SolveOptions(branchingOrder: [VariableID(rawValue: 0)]), .branchingOrder),
    ]
    for (options, field) in cases {
      #expect(throws: SolverError.invalidOption(field)) {
        try solver.solve(program, options: options)
      }
    }
  }

  @Test func `an infeasible start is refused`() {
    let program = SamplePrograms.knapsack(weights: [3, 4], values: [1, 1], room: 5)
    func refusal(of start: [Double]) -> SolverError? {
      #expect(throws: SolverError.self) {
        try solver.solve(program, options: SolveOptions(start: start))
      }
    }
    #expect(
      refusal(of: [1, 1]) == .infeasibleStart(.constraint(ConstraintID(rawValue: 0))))
    #expect(refusal(of: [1]) == .infeasibleStart(.values))
    #expect(refusal(of: [0.5, 0]) == .infeasibleStart(.integrality(VariableID(rawValue: 0))))
    #expect(refusal(of: [0, 2]) == .infeasibleStart(.bounds(VariableID(rawValue: 1))))
  }
}
