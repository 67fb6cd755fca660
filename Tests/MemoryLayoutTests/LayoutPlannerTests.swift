// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import Testing

/// What holds of every planner.
@Suite struct LayoutPlannerTests {
  static let planners: [any LayoutPlanner] =
    LayoutOrder.allCases.map { SkylinePlanner(order: $0) }
    + LayoutOrder.allCases.map { GapFitPlanner(fit: .first, order: $0) }
    + LayoutOrder.allCases.map { GapFitPlanner(fit: .best, order: $0) }
    + [
      ChronologicalPlanner(), TwoEndedPlanner(), ActivationStackingPlanner(),
      ProgramPlanner(memberLimit: 8, pairLimit: 28, iterationLimit: 1000),
      WindowPlanner(memberLimit: 5, windowLimit: 3, iterationLimit: 300),
    ]

  @Test func `names differ`() {
    let names = Self.planners.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.contains("skyline-load"))
    #expect(names.contains("first-fit-size"))
    #expect(names.contains("best-fit-load-size"))
  }

  @Test(
    arguments: [RandomBuffers.plain, .aligned, .mixed, .fixed], 0..<20)
  func `layouts are valid and not below the bound`(kind: RandomBuffers, seed: Int) throws {
    let buffers = kind.buffers(1 + 2 * seed, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    for planner in Self.planners {
      switch planner.attempt(problem, within: LayoutLimits()) {
      case .layout(let solution, let bound):
        #expect(LayoutValidator.violations(in: solution, of: problem) == [], "\(planner.name)")
        #expect(solution.height >= problem.lowerBound)
        #expect(solution.height >= bound ?? 0)
      case .skipped(.fixedOffsets):
        #expect(planner is ChronologicalPlanner)
        #expect(buffers.contains { $0.fixedOffset != nil })
      case .skipped(.tooLarge):
        #expect(planner is ProgramPlanner)
        #expect(buffers.count > 8)
      case .skipped(.noSolution):
        #expect(planner is WindowPlanner)
      case .skipped(let reason):
        Issue.record("\(planner.name) gave up: \(reason)")
      }
    }
  }

  @Test(arguments: 0..<20)
  func `a second run gives the same offsets`(seed: Int) throws {
    let buffers = RandomBuffers.mixed.buffers(8 + seed, seed: seed)
    for planner in Self.planners {
      let first = planner.attempt(try LayoutProblem(buffers: buffers), within: LayoutLimits())
      let second = planner.attempt(try LayoutProblem(buffers: buffers), within: LayoutLimits())
      #expect(first == second, "\(planner.name)")
    }
  }

  @Test(arguments: [RandomBuffers.plain, .mixed, .fixed], 0..<20)
  func `doubling sizes and alignments doubles the height`(
    kind: RandomBuffers, seed: Int
  ) throws {
    let buffers = kind.buffers(3 + seed, seed: seed)
    let doubled = buffers.map {
      LayoutBuffer(
        size: 2 * $0.size, lower: $0.lower, upper: $0.upper, alignment: 2 * $0.alignment,
        fixedOffset: $0.fixedOffset.map { 2 * $0 })
    }
    let problem = try LayoutProblem(buffers: buffers)
    let doubledProblem = try LayoutProblem(buffers: doubled)
    #expect(doubledProblem.lowerBound == 2 * problem.lowerBound)
    for planner in Self.planners {
      let once = planner.attempt(problem, within: LayoutLimits()).solution
      let twice = planner.attempt(doubledProblem, within: LayoutLimits()).solution
      #expect(twice?.height == once.map { 2 * $0.height }, "\(planner.name)")
    }
  }

  @Test func `nothing to place has no height`() throws {
    for buffers in [[], [LayoutBuffer(size: 0, lifetime: 0..<3, alignment: 8)]] {
      let problem = try LayoutProblem(buffers: buffers)
      for planner in Self.planners {
        let solution = planner.attempt(problem, within: LayoutLimits()).solution
        #expect(
          solution == LayoutSolution(offsets: buffers.map { _ in 0 }, height: 0),
          "\(planner.name)")
      }
    }
  }

  @Test(arguments: 0..<3)
  func `deep training graphs are placed near the bound`(seed: Int) throws {
    let problem = try LayoutProblem(buffers: RandomBuffers.training(layers: 300, seed: seed))
    for order in [LayoutOrder.load, .size, .area] {
      let solution = try #require(
        SkylinePlanner(order: order).attempt(problem, within: LayoutLimits()).solution)
      #expect(Double(solution.height) <= 1.005 * Double(problem.lowerBound))
    }
  }

  @Test func `a skyline's work stays near linear on deep graphs`() throws {
    for layers in [500, 2000] {
      let problem = try LayoutProblem(buffers: RandomBuffers.training(layers: layers, seed: 2))
      for order in [LayoutOrder.load, .size, .area, .width] {
        let attempt = SkylinePlanner(order: order).attempt(
          problem, within: LayoutLimits(work: 150 * 3 * layers))
        #expect(attempt.solution != nil, "\(order) with \(layers) layers")
      }
    }
  }

  @Test func `planners stop at the work they are allowed`() throws {
    let problem = try LayoutProblem(buffers: RandomBuffers.training(layers: 50, seed: 3))
    let limits = LayoutLimits(work: 100)
    for planner in Self.planners where !(planner is ProgramPlanner || planner is WindowPlanner) {
      #expect(planner.attempt(problem, within: limits) == .skipped(.workLimit), "\(planner.name)")
    }
  }

  @Test func `the skyline starts above what is fixed`() throws {
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 10, lifetime: 0..<4, fixedOffset: 20),
      LayoutBuffer(size: 5, lifetime: 2..<6),
      LayoutBuffer(size: 5, lifetime: 4..<6),
    ])
    let solution = SkylinePlanner(order: .size).attempt(problem, within: LayoutLimits()).solution
    #expect(solution?.offsets == [20, 30, 0])
    // A gap below is what the other planners are for.
    let fit = GapFitPlanner(fit: .first, order: .size)
    #expect(fit.attempt(problem, within: LayoutLimits()).solution?.offsets == [20, 0, 5])
  }

  @Test func `best fit takes the tightest gap and first fit the lowest`() throws {
    // Gaps of 10 at 0 and of 6 at 20, for a buffer of 5.
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 10, lifetime: 0..<4, fixedOffset: 10),
      LayoutBuffer(size: 10, lifetime: 0..<4, fixedOffset: 26),
      LayoutBuffer(size: 5, lifetime: 1..<2),
    ])
    func offset(_ fit: GapFitPlanner.Fit) -> Int? {
      GapFitPlanner(fit: fit, order: .size).attempt(problem, within: LayoutLimits())
        .solution?.offsets[2]
    }
    #expect(offset(.first) == 0)
    #expect(offset(.best) == 20)
  }

  @Test func `past the deadline a layout in hand is kept`() throws {
    let problem = try LayoutProblem(buffers: RandomBuffers.plain.buffers(60, seed: 3))
    let known = try #require(
      SkylinePlanner(order: .size).attempt(problem, within: LayoutLimits()).solution)
    let late = LayoutLimits(incumbent: known, deadline: ContinuousClock.now)
    for planner in LayoutPortfolio.standardMembers where planner is GapFitPlanner {
      #expect(planner.attempt(problem, within: late) == .skipped(.workLimit))
    }
    #expect(
      SkylinePlanner(order: .load).attempt(problem, within: late) == .skipped(.workLimit))
    // Without one, the first planner finds one all the same.
    let report = try LayoutPortfolio(deadline: ContinuousClock.now).report(for: problem)
    #expect(report.winner == "skyline-load")
    #expect(LayoutValidator.violations(in: report.solution, of: problem) == [])
  }
}
