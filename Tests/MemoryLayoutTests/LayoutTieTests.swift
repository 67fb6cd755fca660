// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MemoryLayout

@Suite struct LayoutTieTests {
  private static func problem(
    _ kind: RandomBuffers, _ count: Int, ties: Int, seed: Int
  ) throws -> LayoutProblem {
    let buffers = kind.buffers(count, seed: seed)
    return try LayoutProblem(
      buffers: buffers, ties: RandomBuffers.ties(ties, among: buffers, seed: seed))
  }

  // MARK: Problems

  private func refusal(_ buffers: [LayoutBuffer], _ ties: LayoutTie...) -> LayoutError? {
    #expect(throws: LayoutError.self) { try LayoutProblem(buffers: buffers, ties: ties) }
  }

  private let three = [
    LayoutBuffer(size: 8, lifetime: 0..<4, alignment: 4),
    LayoutBuffer(size: 8, lifetime: 0..<4, alignment: 4),
    LayoutBuffer(size: 8, lifetime: 2..<6, alignment: 2),
  ]

  @Test func `a tie of a buffer that does not exist is refused`() {
    #expect(
      refusal(three, LayoutTie(1, to: 0, distance: 8), LayoutTie(0, to: 3, distance: 0))
        == .unknownTiedBuffer(tie: 1, buffer: 3))
    #expect(
      refusal(three, LayoutTie(-1, to: 0, distance: 0)) == .unknownTiedBuffer(tie: 0, buffer: -1))
  }

  @Test func `ties that contradict each other are refused`() {
    #expect(
      refusal(
        three, LayoutTie(1, to: 0, distance: 8), LayoutTie(2, to: 1, distance: 4),
        LayoutTie(0, to: 2, distance: -16))
        == .contradictoryTie(buffer: 2, base: 1, distance: 4))
    #expect(
      refusal(three, LayoutTie(1, to: 1, distance: 8))
        == .contradictoryTie(buffer: 1, base: 1, distance: 8))
    // The same said twice is no contradiction.
    #expect(throws: Never.self) {
      try LayoutProblem(
        buffers: three,
        ties: [
          LayoutTie(1, to: 0, distance: 8), LayoutTie(0, to: 1, distance: -8),
          LayoutTie(2, to: 2, distance: 0),
        ])
    }
  }

  @Test func `a tie that leaves a buffer unaligned is refused`() {
    #expect(
      refusal(three, LayoutTie(1, to: 0, distance: 6))
        == .misalignedTie(buffer: 1, base: 0, distance: 6))
    #expect(throws: Never.self) {
      try LayoutProblem(buffers: three, ties: [LayoutTie(2, to: 0, distance: 6)])
    }
  }

  @Test func `what is tied to a fixed buffer is fixed`() throws {
    var buffers = three
    buffers[0].fixedOffset = 8
    let problem = try LayoutProblem(
      buffers: buffers, ties: [LayoutTie(1, to: 0, distance: 8), LayoutTie(1, to: 2, distance: 6)])
    #expect(problem.buffers.map(\.fixedOffset) == [8, 16, 10])
    #expect(problem.lowerBound == 24)
    #expect(
      refusal(buffers, LayoutTie(1, to: 0, distance: -12))
        == .invalidFixedOffset(buffer: 1, offset: -4))
    buffers[1].fixedOffset = 12
    #expect(
      refusal(buffers, LayoutTie(1, to: 0, distance: 8))
        == .contradictoryTie(buffer: 1, base: 0, distance: 8))
  }

  @Test func `distances count for the total`() {
    #expect(refusal(three, LayoutTie(1, to: 0, distance: Int.max / 4)) == .totalTooLarge)
    #expect(refusal(three, LayoutTie(1, to: 0, distance: Int.min)) == .totalTooLarge)
    let far = Int.max / 8 / 4 * 4
    #expect(
      refusal(
        three, LayoutTie(1, to: 0, distance: far), LayoutTie(2, to: 1, distance: far),
        LayoutTie(2, to: 1, distance: far)) == .totalTooLarge)
  }

  // MARK: Bounds

  @Test func `tied buffers count once where they share bytes`() throws {
    // A whole of 24 bytes, two slices of it before, something else all the time.
    //   bytes 16 |  bb CC          step 0: a 8, d 5; step 1: a 8, b 8, d 5
    //          8 |     CC          step 2: a, b within c: 24, d 5
    //          0 | aaaaCC
    let buffers = [
      LayoutBuffer(size: 8, lifetime: 0..<3), LayoutBuffer(size: 8, lifetime: 1..<3),
      LayoutBuffer(size: 24, lifetime: 2..<4), LayoutBuffer(size: 5, lifetime: 0..<4),
    ]
    let problem = try LayoutProblem(
      buffers: buffers,
      ties: [LayoutTie(0, to: 2, distance: 0), LayoutTie(1, to: 2, distance: 16)])
    // One section: all four live at step 2.
    #expect(problem.sections.load == [29])
    #expect(problem.lowerBound == 29)
    #expect(try LayoutProblem(buffers: buffers).lowerBound == 45)
  }

  @Test(arguments: 0..<60)
  func `the load is the bytes that some buffer occupies`(seed: Int) throws {
    let problem = try Self.problem(RandomBuffers(steps: 8), 9, ties: 5, seed: seed)
    let groups = problem.groups
    for section in 0..<problem.sections.count {
      var occupied: Set<[Int]> = []
      var plain = 0
      for (index, buffer) in problem.buffers.enumerated()
      where problem.sections.span(of: index).contains(section) {
        let group = Int(groups.group[index])
        guard group >= 0 else {
          plain += buffer.size
          continue
        }
        for byte in 0..<buffer.size { occupied.insert([group, groups.distance[index] + byte]) }
      }
      #expect(problem.sections.load[section] == plain + occupied.count)
    }
  }

  @Test(arguments: [RandomBuffers(steps: 4, sizes: 1...4), .tiny], 0..<60)
  func `no layout is below the bound, and programs find the least one`(
    kind: RandomBuffers, seed: Int
  ) throws {
    let problem = try Self.problem(kind, 4, ties: 2, seed: seed)
    let known = try LayoutPortfolio(members: []).report(for: problem).solution.height
    let least = LayoutOracle.leastHeightOverAllOffsets(
      of: problem.buffers, ties: problem.ties, limit: known + 1)
    #expect(problem.lowerBound <= least)
    let attempt = ProgramPlanner().attempt(problem, within: LayoutLimits())
    guard case .layout(let solution, let bound) = attempt else {
      Issue.record("the program was not solved: \(attempt)")
      return
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    #expect(bound ?? 0 <= least)
    if Set(problem.buffers.map(\.alignment)).count == 1 {
      #expect(solution.height == least)
      #expect(bound == least)
    }
    let report = try LayoutPortfolio(members: LayoutPortfolio.members(searchWork: 100_000))
      .report(for: problem)
    #expect(report.lowerBound <= least)
    #expect(report.solution.height >= least)
  }

  // MARK: Planners

  @Test(arguments: [RandomBuffers.plain, .aligned, .mixed, .fixed], 0..<12)
  func `planners keep ties or say that they cannot`(kind: RandomBuffers, seed: Int) throws {
    let problem = try Self.problem(kind, 3 + 2 * seed, ties: 1 + seed, seed: seed)
    let planners = LayoutPlannerTests.planners + [ValleyPlanner(work: 50_000), CorePlanner()]
    for planner in planners {
      switch planner.attempt(problem, within: LayoutLimits()) {
      case .layout(let solution, let bound):
        #expect(LayoutValidator.violations(in: solution, of: problem) == [], "\(planner.name)")
        #expect(solution.height >= problem.lowerBound)
        #expect(solution.height >= bound ?? 0)
      case .skipped(.ties):
        #expect(planner is ChronologicalPlanner || planner is CorePlanner)
        #expect(problem.hasGroups)
      case .skipped(let reason):
        #expect([.fixedOffsets, .tooLarge].contains(reason), "\(planner.name): \(reason)")
      }
    }
    let stacked = try LayoutPortfolio(members: []).report(for: problem)
    #expect(LayoutValidator.violations(in: stacked.solution, of: problem) == [])
  }

  @Test(arguments: 0..<10)
  func `dense blocks are laid out at the load`(seed: Int) throws {
    let (buffers, ties) = RandomBuffers.denseBlock(layers: 20, seed: seed)
    let problem = try LayoutProblem(buffers: buffers, ties: ties)
    let report = try LayoutPortfolio(members: LayoutPortfolio.members(searchWork: 1_000_000))
      .report(for: problem)
    #expect(report.outcome == .optimal)
  }

  @Test func `a group goes under what hangs over`() throws {
    // The slice that comes first is the upper one: below it is room until the whole is there.
    let buffers = [
      LayoutBuffer(size: 4, lifetime: 0..<2), LayoutBuffer(size: 8, lifetime: 2..<3),
      LayoutBuffer(size: 4, lifetime: 0..<2),
    ]
    let problem = try LayoutProblem(buffers: buffers, ties: [LayoutTie(0, to: 1, distance: 4)])
    let planner = GapFitPlanner(fit: .first, order: .size)
    #expect(
      planner.attempt(problem, within: LayoutLimits()).solution
        == LayoutSolution(offsets: [4, 0, 0], height: 8))
  }

  @Test func `groups that hold each other up have no order`() throws {
    // Tied pairs, each with one member below one of the other and one above.
    let buffers = (0..<4).map { LayoutBuffer(size: 4, lower: $0 / 2, upper: $0 / 2 + 1) }
    let problem = try LayoutProblem(
      buffers: buffers,
      ties: [LayoutTie(2, to: 0, distance: 0), LayoutTie(3, to: 1, distance: 0)])
    #expect(
      OrderedOffsets.solution(of: problem, fromBottomToTop: [0, 3, 1, 2], below: 100) == nil)
    #expect(
      OrderedOffsets.solution(of: problem, fromBottomToTop: [0, 2, 1, 3], below: 100)
        == LayoutSolution(offsets: [0, 4, 0, 4], height: 8))
  }

  // MARK: The validator

  @Test func `a tied buffer may not move alone`() throws {
    let problem = try LayoutProblem(
      buffers: three,
      ties: [LayoutTie(1, to: 0, distance: 4), LayoutTie(2, to: 1, distance: -2)])
    func violations(_ offsets: [Int], _ height: Int) -> [LayoutViolation] {
      LayoutValidator.violations(
        in: LayoutSolution(offsets: offsets, height: height), of: problem)
    }
    #expect(violations([4, 8, 6], 16) == [])
    #expect(violations([4, 12, 10], 20) == [.untied(buffer: 1, base: 0, distance: 4)])
    #expect(violations([4, 8, 8], 16) == [.untied(buffer: 2, base: 1, distance: -2)])
    #expect(
      violations([-4, 0, -2], 8)
        == [.outOfRange(buffer: 0, offset: -4), .outOfRange(buffer: 2, offset: -2)])
  }

  @Test func `a stranger may not share bytes with a group, whoever lies above it`() throws {
    // The member with the highest end is no stranger to the buffer above; the one below it is.
    let problem = try LayoutProblem(
      buffers: [
        LayoutBuffer(size: 20, lifetime: 0..<1), LayoutBuffer(size: 12, lifetime: 0..<1),
        LayoutBuffer(size: 8, lifetime: 0..<1),
      ], ties: [LayoutTie(2, to: 0, distance: 10)])
    let solution = LayoutSolution(offsets: [0, 2, 10], height: 20)
    #expect(
      LayoutValidator.violations(in: solution, of: problem) == [
        .overlap(buffer: 1, other: 0), .overlap(buffer: 2, other: 1),
      ])
  }

  @Test(arguments: 0..<150)
  func `overlaps are found exactly where comparing all pairs finds them`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let kind = RandomBuffers(steps: 2 + seed % 12, sizes: 1...12)
    let problem = try Self.problem(kind, 3 + seed % 15, ties: seed % 9, seed: seed)
    let buffers = problem.buffers
    let isTied = LayoutOracle.connected(buffers.count, problem.ties)
    let offsets = buffers.map { _ in Int.random(in: 0...40 * (1 + seed % 3), using: &random) }
    var upper: Set<Int> = []
    for a in buffers.indices {
      for b in buffers.indices where !isTied[a][b] {
        if (offsets[b], b) < (offsets[a], a), offsets[b] + buffers[b].size > offsets[a],
          buffers[a].lower < buffers[b].upper, buffers[b].lower < buffers[a].upper
        {
          upper.insert(a)
        }
      }
    }
    let violations = LayoutValidator.violations(
      in: LayoutSolution(offsets: offsets, height: 0), of: problem)
    let found = violations.compactMap { violation -> Int? in
      guard case .overlap(let buffer, let other) = violation else { return nil }
      #expect(!isTied[buffer][other])
      return buffer
    }
    #expect(Set(found) == upper)
    #expect(found.count == upper.count)
  }
}

extension RandomBuffers {
  fileprivate static let tiny = RandomBuffers(steps: 4, sizes: 1...4, alignments: [1, 2, 4])
}
