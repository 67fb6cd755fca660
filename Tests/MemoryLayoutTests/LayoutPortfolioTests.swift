// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import Testing

@Suite struct LayoutPortfolioTests {
  private struct StubPlanner: LayoutPlanner {
    var name: String
    var answer: LayoutAttempt

    func attempt(_ problem: LayoutProblem, within limits: LayoutLimits) -> LayoutAttempt {
      answer
    }
  }

  /// The standard portfolio with searches that do not take long without optimization.
  private static let quick = LayoutPortfolio(
    members: LayoutPortfolio.members(searchWork: 1_000_000))

  private let problem: LayoutProblem
  private let optimal = LayoutSolution(offsets: [0, 8], height: 12)
  private let loose = LayoutSolution(offsets: [0, 20], height: 24)

  init() throws {
    problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 8, lifetime: 0..<2), LayoutBuffer(size: 4, lifetime: 1..<3),
    ])
  }

  private func report(_ answers: [LayoutAttempt]) throws -> LayoutReport {
    let members = answers.enumerated().map { StubPlanner(name: "m\($0)", answer: $1) }
    return try LayoutPortfolio(members: members).report(for: problem)
  }

  @Test func `the lowest layout wins and an optimal one ends the search`() throws {
    let report = try report([
      .layout(loose), .skipped(.tooLarge), .layout(optimal), .layout(optimal), .layout(loose),
    ])
    #expect(report.solution == optimal)
    #expect(report.winner == "m2")
    #expect(report.lowerBound == 12)
    #expect(report.outcome == .optimal)
    #expect(
      report.members.map(\.result)
        == [.height(24), .skipped(.tooLarge), .height(12), .notNeeded, .notNeeded])
    #expect(report.members.map(\.name) == ["m0", "m1", "m2", "m3", "m4"])
  }

  @Test func `of equal layouts the first one wins`() throws {
    let other = LayoutSolution(offsets: [16, 0], height: 24)
    let report = try report([.layout(loose), .layout(other)])
    #expect(report.solution == loose)
    #expect(report.winner == "m0")
    #expect(report.outcome == .feasible(gap: 1))
  }

  @Test func `a proven bound ends the search too`() throws {
    let report = try report([.layout(loose, provenBound: 24), .layout(optimal)])
    #expect(report.lowerBound == 24)
    #expect(report.outcome == .optimal)
    #expect(report.members.map(\.result) == [.height(24), .notNeeded])
  }

  @Test func `a layout that breaks a rule is an error`() {
    let broken = LayoutSolution(offsets: [0, 4], height: 8)
    #expect(throws: LayoutError.brokenPlanner("m0", .overlap(buffer: 1, other: 0))) {
      try report([.layout(broken)])
    }
  }

  @Test func `a bound above a valid layout is an error`() {
    #expect(throws: LayoutError.brokenProof("m1", bound: 23, height: 20)) {
      try report([
        .layout(LayoutSolution(offsets: [0, 16], height: 20)), .layout(loose, provenBound: 23),
      ])
    }
  }

  @Test func `without an able member buffers are stacked`() throws {
    let report = try report([.skipped(.workLimit)])
    #expect(report.solution == LayoutSolution(offsets: [0, 8], height: 12))
    #expect(report.winner == nil)

    let fixed = try LayoutProblem(buffers: [
      LayoutBuffer(size: 3, lifetime: 0..<2, alignment: 8),
      LayoutBuffer(size: 4, lifetime: 1..<3, fixedOffset: 5),
      LayoutBuffer(size: 0, lifetime: 1..<3, alignment: 8),
    ])
    let stacked = try LayoutPortfolio(members: []).report(for: fixed)
    #expect(stacked.solution == LayoutSolution(offsets: [16, 5, 0], height: 19))
    #expect(LayoutValidator.violations(in: stacked.solution, of: fixed) == [])
  }

  @Test(arguments: [RandomBuffers.plain, .aligned, .mixed, .fixed], 0..<30)
  func `small problems are solved to what is claimed`(kind: RandomBuffers, seed: Int) throws {
    let buffers = kind.buffers(2 + seed % 5, seed: seed)
    let report = try Self.quick.report(for: LayoutProblem(buffers: buffers))
    let least = LayoutOracle.leastHeight(of: buffers)
    #expect(report.lowerBound <= least)
    #expect(report.solution.height >= least)
    if report.outcome == .optimal { #expect(report.solution.height == least) }
    if Set(buffers.map(\.alignment)).count == 1 { #expect(report.outcome == .optimal) }
  }

  @Test(arguments: 0..<5)
  func `the same problem gets the same report`(seed: Int) throws {
    let buffers = RandomBuffers.mixed.buffers(20, seed: seed)
    let portfolio = Self.quick
    let first = try portfolio.report(for: LayoutProblem(buffers: buffers))
    #expect(try portfolio.report(for: LayoutProblem(buffers: buffers)) == first)
  }

  @Test func `a large problem is skipped by work and answered all the same`() throws {
    let problem = try LayoutProblem(buffers: RandomBuffers.training(layers: 200, seed: 4))
    var portfolio = LayoutPortfolio(members: LayoutPortfolio.constructiveMembers)
    portfolio.workPerMember = 500
    let report = try portfolio.report(for: problem)
    #expect(LayoutValidator.violations(in: report.solution, of: problem) == [])
    #expect(report.winner == nil)
    for member in report.members { #expect(member.result == .skipped(.workLimit)) }
  }
}
