// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport
import Testing

@testable import IntegerProgramming

@Suite struct LPTextTests {
  @Test func `a program is written in order of addition`() {
    var program = IntegerProgram(name: "sample")
    let x = program.addVariable("x", from: -2, to: 8.5)
    let y = program.addVariable("offset[t12,t40]", kind: .integer)
    let z = program.addVariable("z", kind: .binary)
    let f = program.addVariable("f", from: -.infinity)
    let u = program.addVariable("u", from: -.infinity, to: 3)
    program.addConstraint("sum[a]", 1 * x + 2 * y - 1 * z, .atMost, 10)
    program.addConstraint("link", 0.1 * f - 1 * u, .equal, -1)
    program.addConstraint("empty", LinearExpression(), .atMost, 4)
    program.fix(z, to: 1)
    var objective = -1 * x + 3 * y
    objective.constant = 2.5
    program.setObjective(.maximize, objective)

    #expect(
      program.lpText == """
        \\ sample
        Maximize
         objective: - x + 3 offset(t12,t40) + 2.5 ~one
        Subject To
         sum(a): x + 2 offset(t12,t40) - z <= 10
         link: 0.1 f - u = -1
         empty: 0 ~one <= 4
        Bounds
         -2 <= x <= 8.5
         z = 1
         f free
         -inf <= u <= 3
         ~one = 1
        Generals
         offset(t12,t40)
         z
        End

        """)
  }

  @Test func `names that the format refuses are escaped and stay different`() {
    var program = IntegerProgram()
    let names = [
      "a b", "a~20b", "a[1]", "a(1)", "1st", ".x", "e1", "E", "end", "Free", "", "", "x", "x",
      "~one",
      "~v9", "größe", String(repeating: "n", count: 300), "edge[1]", "a\nb",
    ]
    for name in names { program.addVariable(name, from: 1) }
    program.addConstraint(
      "all", LinearExpression(sumOf: names.indices.map { VariableID(rawValue: Int32($0)) }),
      .atLeast, 0)
    let lines = program.lpText.split(separator: "\n")
    let written = lines.drop { $0 != "Bounds" }.dropFirst().dropLast()
      .map { String($0.dropFirst().prefix { $0 != " " }) }
    #expect(written.count == names.count)
    #expect(Set(written).count == names.count)
    #expect(
      written == [
        "a~20b", "a~7E20b", "a(1)", "a~281~29", "~31st", "~2Ex", "~651", "~45", "~65nd", "~46ree",
        "~v10", "~v11", "x", "~v13", "~7Eone", "~7Ev9", "gr~C3~B6~C3~9Fe", "~v17", "edge(1)",
        "a~0Ab",
      ])
  }

  @Test(arguments: 0..<60)
  func `another reader finds the same optimum`(seed: Int) throws {
    let program = RandomProgram(seed: seed, variables: 3 + seed % 3, rows: 1 + seed % 4).program
    let path = try Self.write(program.lpText)
    defer { unlink(path) }
    let direct = try GLPKSolver().solve(program)
    let read = try GLPKSolver.solve(lpFile: path)
    #expect(read.status == direct.status)
    #expect(read.rows == program.constraintCount)
    if let point = direct.point { #expect(abs(point.objective - read.objective) < 1e-6) }
  }

  @Test func `odd names and numbers survive another reader`() throws {
    var program = IntegerProgram(name: "a name\nof two lines")
    let names = ["1", "e9", "bounds", "", "x y", "-", "<=", "größe", "inf", "a:b", "E", "ee"]
    let variables = names.enumerated().map { index, name in
      program.addVariable(name, kind: .integer, from: Double(index), to: 40)
    }
    for (index, name) in names.enumerated() {
      program.addConstraint(name, 1e-3 * variables[index] + 1e9 * variables[0], .atLeast, -1e9)
    }
    // Long rows are wrapped.
    program.addConstraint("long", LinearExpression(sumOf: variables + variables), .atLeast, 200)
    program.setObjective(.minimize, LinearExpression(sumOf: variables))
    let path = try Self.write(program.lpText)
    defer { unlink(path) }
    let read = try GLPKSolver.solve(lpFile: path)
    #expect(read.status == .optimal)
    #expect(read.columns == names.count)
    #expect(read.rows == names.count + 1)
    #expect(read.objective == 100)
    #expect(program.lpText.split(separator: "\n").allSatisfy { $0.utf8.count < 150 })
  }

  @Test func `text that is not a program is an error`() throws {
    let path = try Self.write("Minimize\n objective: 3 x +\nSubject To\n")
    defer { unlink(path) }
    #expect(throws: SolverError.self) { try GLPKSolver.solve(lpFile: path) }
    #expect(throws: SolverError.self) { try GLPKSolver.solve(lpFile: path + ".missing") }
  }

  /// A new file that holds `text`.
  private static func write(_ text: String) throws -> String {
    var path = Array("/tmp/program-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    return path.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}
