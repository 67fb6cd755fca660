// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import TestSupport
import Testing

@Suite struct ValleyPlannerTests {
  /// All combinations of the parts of the search, by bits.
  private static func options(_ bits: Int) -> ValleyOptions {
    var options = ValleyOptions()
    options.mergesTwins = bits & 1 == 0
    options.peels = bits & 2 == 0
    options.usesStepRule = bits & 4 == 0
    options.splitsComponents = bits & 8 == 0
    options.remembersFailures = bits & 16 == 0
    options.restarts = bits & 32 == 0
    options.propagates = bits & 64 == 0
    options.raisesToSums = bits & 128 == 0
    options.rules = [ValleyOptions.Rule.allCases[bits % 4]]
    return options
  }

  private static let kinds = [
    RandomBuffers.plain, .aligned, .mixed, RandomBuffers(steps: 5, sizes: 1...4),
    RandomBuffers(steps: 16, sizes: 1...9, alignments: [1, 1, 1, 2]),
    .fixed, RandomBuffers(steps: 8, sizes: 1...4, fixed: 4),
    RandomBuffers(steps: 8, sizes: 1...20, alignments: [8], hasEmpty: true, fixed: 3),
  ]

  @Test(arguments: Seeds.first(150))
  func `what fits and what does not is what exhaustion says`(seed: Int) throws {
    let kind = Self.kinds[seed % Self.kinds.count]
    let buffers = kind.buffers(2 + seed % 6, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    let least = LayoutOracle.leastHeight(of: buffers)
    // Each kind meets each combination within 2048 seeds.
    let planner = ValleyPlanner(options: Self.options(seed / Self.kinds.count % 256))
    for capacity in [least - 1, least, least + 1, least + 7] {
      switch planner.outcome(of: problem, capacity: capacity) {
      case .fits(let solution):
        #expect(LayoutValidator.violations(in: solution, of: problem) == [])
        #expect(solution.height <= capacity)
        #expect(capacity >= least)
      case .infeasible: #expect(capacity < least)
      case .stopped, .skipped: Issue.record("a small problem is decided")
      }
    }
  }

  @Test(arguments: Seeds.first(100))
  func `the least height is found and proven`(seed: Int) throws {
    let kind = Self.kinds[seed % Self.kinds.count]
    let buffers = kind.buffers(2 + seed % 6, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    let least = LayoutOracle.leastHeight(of: buffers)
    guard
      case .layout(let solution, let bound) = ValleyPlanner().attempt(
        problem, within: LayoutLimits())
    else {
      Issue.record("a small problem is solved")
      return
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    #expect(solution.height == least)
    #expect(bound == least)
  }

  @Test(arguments: Seeds.first(3), [0, 1, 2, 4, 8, 16, 64, 128])
  func `a full arena is packed again, with any part switched off`(
    seed: Int, bits: Int
  ) throws {
    let problem = try LayoutProblem(
      buffers: RandomBuffers.fullArena(pieces: 40, steps: 60, bytes: 1 << 12, seed: seed))
    #expect(problem.lowerBound == 1 << 12)
    let outcome = ValleyPlanner(options: Self.options(bits))
      .outcome(of: problem, capacity: 1 << 12)
    guard case .fits(let solution) = outcome else {
      Issue.record("not found: \(outcome)")
      return
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }

  @Test(arguments: Seeds.first(4))
  func `a full arena is packed again around some of its buffers`(seed: Int) throws {
    var buffers = RandomBuffers.fullArena(pieces: 40, steps: 60, bytes: 1 << 12, seed: seed)
    let open = try LayoutProblem(buffers: buffers)
    guard case .fits(let known) = ValleyPlanner().outcome(of: open, capacity: 1 << 12) else {
      Issue.record("not found")
      return
    }
    for index in stride(from: seed % 3, to: buffers.count, by: 3) {
      buffers[index].fixedOffset = known.offsets[index]
    }
    let problem = try LayoutProblem(buffers: buffers)
    let outcome = ValleyPlanner().outcome(of: problem, capacity: 1 << 12)
    guard case .fits(let solution) = outcome else {
      Issue.record("not found: \(outcome)")
      return
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }

  /// The second one, in which each section has hundreds of buffers, is searched near the last change
  /// only.
  @Test(arguments: [
    RandomBuffers.fullArena(pieces: 600, steps: 1200, bytes: 1 << 20, seed: 1),
    RandomBuffers(steps: 4000).buffers(1500, seed: 1),
  ])
  func `where there is much room no choice is taken back`(buffers: [LayoutBuffer]) throws {
    let problem = try LayoutProblem(buffers: buffers)
    let search = ValleyPlanner().search(
      problem, capacity: 2 * problem.lowerBound, within: LayoutLimits(work: 1_000_000_000))
    guard case .fits(let solution) = search.outcome else {
      Issue.record("not found: \(search.outcome)")
      return
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    #expect((1...buffers.count).contains(search.nodeCount))
  }

  @Test func `the same problem and seed get the same layout`() throws {
    let problem = try LayoutProblem(
      buffers: RandomBuffers.fullArena(pieces: 80, steps: 100, bytes: 1 << 16, seed: 3))
    let outcomes = (0..<2).map { _ in
      ValleyPlanner().outcome(of: problem, capacity: problem.lowerBound)
    }
    #expect(outcomes[0] == outcomes[1])
  }

  @Test func `a search that may do no work stops`() throws {
    let problem = try LayoutProblem(
      buffers: RandomBuffers.fullArena(pieces: 80, steps: 100, bytes: 1 << 16, seed: 4))
    let outcome = ValleyPlanner().outcome(
      of: problem, capacity: 1 << 16, within: LayoutLimits(work: 10))
    #expect(outcome == .stopped)
    let late = ValleyPlanner().outcome(
      of: problem, capacity: 1 << 16, within: LayoutLimits(deadline: ContinuousClock.now))
    #expect(late == .stopped)
  }

  @Test func `an attempt without work gives a layout all the same`() throws {
    let problem = try LayoutProblem(
      buffers: RandomBuffers.fullArena(pieces: 80, steps: 100, bytes: 1 << 16, seed: 5))
    let solution = try #require(
      ValleyPlanner(work: 0).attempt(problem, within: LayoutLimits()).solution)
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }

  @Test(arguments: 0..<60)
  func `above a bottom filled by fixed buffers the answer is exact`(seed: Int) throws {
    var buffers = RandomBuffers(steps: 6, sizes: 1...9).buffers(5, seed: seed)
    for step in 0..<6 {
      let size = 1 + (seed + step * step) % 7
      buffers.append(LayoutBuffer(size: size, lifetime: step..<step + 1, fixedOffset: 0))
    }
    let problem = try LayoutProblem(buffers: buffers)
    let least = LayoutOracle.leastHeight(of: buffers)
    for capacity in [least - 1, least, least + 3] {
      switch ValleyPlanner().outcome(of: problem, capacity: capacity) {
      case .fits(let solution):
        #expect(capacity >= least)
        #expect(LayoutValidator.violations(in: solution, of: problem) == [])
      case .infeasible: #expect(capacity < least)
      case let other: Issue.record("\(other)")
      }
    }
    let attempt = ValleyPlanner().attempt(problem, within: LayoutLimits())
    #expect(attempt.solution?.height == least)
  }

  @Test func `a capacity below the end of a fixed buffer is infeasible`() throws {
    let buffers = [
      LayoutBuffer(size: 3, lifetime: 0..<2, fixedOffset: 4),
      LayoutBuffer(size: 2, lifetime: 1..<3),
    ]
    let fixed = try LayoutProblem(buffers: buffers)
    #expect(ValleyPlanner().outcome(of: fixed, capacity: 6) == .infeasible)
    #expect(
      ValleyPlanner().outcome(of: fixed, capacity: 7)
        == .fits(LayoutSolution(offsets: [4, 0], height: 7)))
  }

  @Test func `room under and between fixed buffers is used`() throws {
    // A hole of exactly 5 bytes between two fixed buffers, and one of 2 bytes below them.
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 4, lifetime: 0..<9, fixedOffset: 2),
      LayoutBuffer(size: 1, lifetime: 3..<6, fixedOffset: 11),
      LayoutBuffer(size: 3, lifetime: 2..<5), LayoutBuffer(size: 2, lifetime: 1..<4),
      LayoutBuffer(size: 2, lifetime: 3..<5),
    ])
    guard case .fits(let solution) = ValleyPlanner().outcome(of: problem, capacity: 12) else {
      Issue.record("it fits")
      return
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    #expect(solution.height == 12)
  }

  @Test func `large problems are left alone`() throws {
    let problem = try LayoutProblem(buffers: RandomBuffers.plain.buffers(20, seed: 1))
    let small = ValleyPlanner(entryLimit: 3)
    #expect(small.attempt(problem, within: LayoutLimits()) == .skipped(.tooLarge))
    #expect(small.outcome(of: problem, capacity: 1 << 20) == .skipped(.tooLarge))
  }

  @Test func `a capacity beyond all numbers is met`() throws {
    let buffers = RandomBuffers.mixed.buffers(9, seed: 6)
    let problem = try LayoutProblem(buffers: buffers)
    for planner in [ValleyPlanner(), ValleyPlanner(options: Self.options(63))] {
      guard case .fits(let solution) = planner.outcome(of: problem, capacity: .max) else {
        Issue.record("anything fits")
        continue
      }
      #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    }
    #expect(ValleyPlanner().outcome(of: problem, capacity: .min) == .infeasible)
    let core = CorePlanner().attempt(problem, within: LayoutLimits(capacity: .max - 1))
    #expect(core.solution.map { LayoutValidator.violations(in: $0, of: problem) } == [])
  }

  @Test func `nothing to place is placed`() throws {
    let empty = try LayoutProblem(buffers: [])
    #expect(
      ValleyPlanner().outcome(of: empty, capacity: 0)
        == .fits(LayoutSolution(offsets: [], height: 0)))
    let bytes = try LayoutProblem(buffers: [LayoutBuffer(size: 0, lifetime: 0..<1)])
    #expect(
      ValleyPlanner().attempt(bytes, within: LayoutLimits())
        == .layout(LayoutSolution(offsets: [0], height: 0), provenBound: 0))
  }

  @Test func `a chain of a hundred thousand buffers overflows no stack`() throws {
    let problem = try LayoutProblem(
      buffers: (0..<100_000).map {
        LayoutBuffer(size: 1 + $0 * 7919 % 64, lifetime: $0..<$0 + 2)
      })
    switch ValleyPlanner().outcome(
      of: problem, capacity: problem.lowerBound, within: LayoutLimits(work: 5_000_000))
    {
    case .fits(let solution):
      #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    case .stopped: break
    case .infeasible, .skipped: Issue.record("a chain fits its load, and is not too large")
    }
  }
}
