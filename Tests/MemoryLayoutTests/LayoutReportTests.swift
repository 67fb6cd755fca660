// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import Testing

@Suite struct LayoutReportTests {
  private let problem: LayoutProblem
  private let report: LayoutReport

  init() throws {
    problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 8, lifetime: 0..<2), LayoutBuffer(size: 4, lifetime: 1..<3),
    ])
    report = LayoutReport(
      solution: LayoutSolution(offsets: [0, 10], height: 14), winner: "m", lowerBound: 12,
      members: [.init(name: "m", result: .height(14))])
  }

  @Test func `a capacity between the bound and the height is undecided`() {
    #expect(report.verdict(capacity: 14) == .fits)
    #expect(report.verdict(capacity: 13) == .stopped)
    #expect(report.verdict(capacity: 12) == .stopped)
    #expect(report.verdict(capacity: 11) == .infeasible)
  }

  @Test func `the text says what is known`() {
    let text = String(decoding: report.text(of: problem, capacity: 11), as: UTF8.self)
    #expect(text.hasPrefix("does not fit: every layout needs 12 bytes, 11 are there\n"))
    #expect(text.contains("at most 16.667 % above the optimum"))
    #expect(text.contains("  m: 14 bytes\n"))
  }

  @Test func `the program's form is one object`() {
    let text = String(
      decoding: report.json(of: problem, ids: ["a\"\\", "b\n"], capacity: 14), as: UTF8.self)
    #expect(
      text == """
        {"boundBytes":12,"buffers":[
        {"id":"a\\"\\\\","lower":0,"offset":0,"size":8,"upper":2},
        {"id":"b\\u000a","lower":1,"offset":10,"size":4,"upper":3}],
        "capacityBytes":14,"format":"graphopt-layout","gap":0.16666666666666666,\
        "heightBytes":14,"outcome":"feasible",\
        "verdict":"fits","version":1,"winner":"m"}

        """)
  }

  @Test(arguments: [
    (14, nil, "optimal"), (14, 14, "optimal"), (12, nil, "feasible"), (12, 14, "feasible"),
    (12, 13, "stopped"), (12, 12, "stopped"), (12, 11, "infeasible"), (14, 13, "infeasible"),
  ])
  func `each outcome has its word, in text and for programs`(
    _ bound: Int, _ capacity: Int?, _ word: String
  ) {
    let report = LayoutReport(
      solution: LayoutSolution(offsets: [0, 10], height: 14), winner: "m", lowerBound: bound,
      members: [])
    #expect(report.outcomeName(capacity: capacity) == word)
    let text = String(decoding: report.text(of: problem, capacity: capacity), as: UTF8.self)
    #expect(text.contains("\noutcome: \(word)\n"))
    let json = String(
      decoding: report.json(of: problem, ids: ["a", "b"], capacity: capacity), as: UTF8.self)
    #expect(json.contains("\"outcome\":\"\(word)\""))
    #expect(json.contains("\"gap\":0.0,") == (bound == 14))
  }

  @Test(arguments: [(12, CapacityVerdict.fits), (11, .infeasible)])
  func `a portfolio with a capacity says whether it fits`(
    _ capacity: Int, _ verdict: CapacityVerdict
  ) throws {
    let report = try LayoutPortfolio(capacity: capacity).report(for: problem)
    #expect(report.verdict(capacity: capacity) == verdict)
  }

  @Test(arguments: 0..<20)
  func `a portfolio with a capacity decides what is small`(seed: Int) throws {
    let buffers = RandomBuffers(steps: 6, sizes: 1...9).buffers(6, seed: seed)
    let least = LayoutOracle.leastHeight(of: buffers)
    let problem = try LayoutProblem(buffers: buffers)
    for capacity in [least - 1, least, least + 2] {
      let report = try LayoutPortfolio(capacity: capacity).report(for: problem)
      #expect(report.verdict(capacity: capacity) == (capacity < least ? .infeasible : .fits))
    }
  }

  @Test func `every choice has planners`() throws {
    for name in LayoutChoice.names {
      let choice = try #require(LayoutChoice(name: name))
      #expect(choice.name == name)
      #expect(!choice.summary.isEmpty)
      #expect(!choice.members(searchWork: 1000).isEmpty)
    }
    #expect(Set(LayoutChoice.names).count == LayoutChoice.names.count)
    #expect(LayoutChoice(name: "best") == nil)
    // A planner is asked for by the name it has in reports.
    for planner in LayoutPortfolio.standardMembers {
      let members = LayoutChoice(name: planner.name)?.members(searchWork: 1000)
      #expect(members?.map(\.name) == [planner.name])
    }
  }
}
