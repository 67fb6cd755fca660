// SPDX-License-Identifier: Apache-2.0
import GraphIR
import IntegerProgramming
import TestSupport
import Testing

@testable import Ordering

@Suite struct OrderProgramTests {
  @Test(arguments: 0..<60)
  func `the program's optimum is the optimum`(seed: Int) throws {
    let full = ReducedModelTests.model(seed: seed)
    // With several takeovers at one operator the program may save more than the rule does.
    guard full.count > 0, full.count <= 7,
      (0..<full.count).allSatisfy({
        full.takeoverStart[$0 + 1] - full.takeoverStart[$0] <= 1
      })
    else { return }
    let optimum = DownsetOracle(model: full).solve().peak
    let known = OrderModelTests.randomOrder(of: full, seed: seed)
    let program = OrderProgram(full, notAbove: known, bound: 0)
    try program.program.validate()
    let solution = try GLPKSolver().solve(
      program.program, options: SolveOptions(nodeLimit: 20_000, start: program.start))
    #expect(solution.status == .optimal)
    let point = try #require(solution.point)
    let unit = Double(max(1, full.peak(of: known)))
    #expect(abs(point.objective * unit - Double(optimum)) < 1)
    let order = try #require(program.order(solver: GLPKSolver(), iterations: 100_000).order)
    #expect(ReducedModelTests.isOrder(order, of: full))
    #expect(DownsetOracle(model: full).peak(of: order) == optimum)
  }

  @Test(arguments: 0..<40)
  func `whatever the solver says, its order can run`(seed: Int) {
    let (model, order) = OrderFrameTests.example(seed: seed, nodes: 5...14)
    let program = OrderProgram(model, notAbove: order, bound: 0)
    let found = program.order(solver: GLPKSolver(), iterations: 50)
    if let order = found.order { #expect(ReducedModelTests.isOrder(order, of: model)) }
    #expect(found.order == program.order(solver: GLPKSolver(), iterations: 50).order)
  }

  @Test func `a solver that fails has found nothing`() {
    struct Failing: IntegerProgramSolver {
      func solve(
        _ program: IntegerProgram, options: SolveOptions
      ) throws(SolverError) -> Solution { throw .aborted("as told") }
    }
    let (model, order) = OrderFrameTests.example(seed: 1, nodes: 5...5)
    let program = OrderProgram(model, notAbove: order, bound: 0)
    #expect(program.order(solver: Failing(), iterations: 10).order == nil)
  }

  @Test func `the program of a small graph in words`() throws {
    // Two ways from a source to a sum; the second may be written over the source.
    var graph = Graph(name: "diamond")
    let kind = OperatorKind(type: "Op")
    let source = try graph.addTensor("source", type: .uint8, shape: [64], role: .activation)
    let wide = try graph.addTensor("wide", type: .uint8, shape: [128], role: .activation)
    let over = try graph.addTensor("over", type: .uint8, shape: [64], role: .activation)
    let sum = try graph.addTensor("sum", type: .uint8, shape: [64], role: .output)
    try graph.addNode("a", kind: kind, inputs: [], outputs: [source])
    try graph.addNode(
      "b", kind: kind, inputs: [source], outputs: [wide], workspace: ByteCount(64))
    try graph.addNode(
      "c", kind: kind, inputs: [source], outputs: [over],
      effects: [Effect(.mayOverwrite, output: 0, of: 0)])
    try graph.addNode("d", kind: kind, inputs: [wide, over], outputs: [sum])
    graph.addOutput(sum)
    try graph.validate()
    let model = OrderModel(SchedulingProblem(graph))
    let program = OrderProgram(model, notAbove: [0, 2, 1, 3], bound: 256)
    try expectGolden(program.program.lpText, "order-program.lp")
  }
}
