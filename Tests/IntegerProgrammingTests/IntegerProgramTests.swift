// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming
import Testing

@Suite struct IntegerProgramTests {
  @Test func `a row adds up repeated variables and moves its constant to the right`() {
    var program = IntegerProgram()
    let x = program.addVariable("x")
    let y = program.addVariable("y")
    var expression = 2 * y + 3 * x - 5 * y
    expression += LinearExpression(constant: 4)
    expression += 1 * x - 1 * x
    let id = program.addConstraint("row", expression, .atLeast, 10)
    let row = program.constraint(id.index)
    #expect(Array(row.terms) == [.init(3, x), .init(-3, y)])
    #expect(row.rightHandSide == 6)
    #expect(row.name == "row")
    #expect(row.relation == .atLeast)
    #expect(program.coefficientCount == 2)
  }

  @Test func `coefficients that cancel leave no term`() {
    let x = VariableID(rawValue: 0)
    #expect((1 * x - 1 * x).merged() == LinearExpression())
  }

  @Test func `a binary's bounds stay within zero and one`() {
    var program = IntegerProgram()
    let plain = program.addVariable("plain", kind: .binary)
    let set = program.addVariable("set", kind: .binary, from: 1, to: 7)
    #expect(program.variables[plain.index].lower == 0)
    #expect(program.variables[plain.index].upper == 1)
    #expect(program.variables[set.index].lower == 1)
    #expect(program.variables[set.index].upper == 1)
  }

  @Test func `the same calls make equal programs`() {
    func make() -> IntegerProgram {
      var program = IntegerProgram(name: "p")
      let x = program.addVariable("x", kind: .integer, to: 4)
      program.addConstraint("c", 2 * x, .equal, 4)
      program.setObjective(.maximize, 1 * x)
      return program
    }
    #expect(make() == make())
    #expect(make().lpText == make().lpText)
    var other = make()
    other.fix(VariableID(rawValue: 0), to: 2)
    #expect(other != make())
  }

  @Test func `each kind of violation is named`() {
    var program = IntegerProgram()
    let x = program.addVariable("x", kind: .integer, from: 1, to: 4)
    let y = program.addVariable("y")
    let atMost = program.addConstraint("at most", 1 * x + 1 * y, .atMost, 5)
    let atLeast = program.addConstraint("at least", 1 * y, .atLeast, 1)
    let equal = program.addConstraint("equal", 1 * x - 1 * y, .equal, 1)
    func violation(_ values: [Double]) -> IntegerProgram.Violation? {
      program.firstViolation(by: values, tolerance: 1e-9)
    }
    #expect(violation([3, 2]) == nil)
    #expect(violation([3]) == .values)
    #expect(violation([3, .nan]) == .values)
    #expect(violation([0, 1]) == .bounds(x))
    #expect(violation([2, -1]) == .bounds(y))
    #expect(violation([1.5, 1]) == .integrality(x))
    #expect(violation([4, 2]) == .constraint(atMost))
    #expect(violation([1, 0]) == .constraint(atLeast))
    #expect(violation([2, 2]) == .constraint(equal))
  }

  @Test func `errors say what and where`() {
    let x = VariableID(rawValue: 12)
    let row = ConstraintID(rawValue: 3)
    #expect(
      SolverError.unknownVariable(x, in: row).description
        == "constraint 3 names variable 12, which the program does not have")
    #expect(
      SolverError.unknownVariable(x, in: nil).description
        == "the objective names variable 12, which the program does not have")
    #expect(
      SolverError.wrongAnswer(.constraint(row)).description
        == "the solver's answer breaks constraint 3")
    #expect(SolverError.aborted("x; y").description == "the solver aborted: x; y")
  }
}
