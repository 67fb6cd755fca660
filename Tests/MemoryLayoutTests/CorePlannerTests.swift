// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import TestSupport
import Testing

@Suite struct CorePlannerTests {
  @Test(arguments: [RandomBuffers.plain, .aligned, .mixed, .fixed], 0..<40)
  func `layouts are valid and never below the optimum`(kind: RandomBuffers, seed: Int) throws {
    let buffers = kind.buffers(2 + seed % 5, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    guard
      let solution = CorePlanner(work: 1_000_000)
        .attempt(problem, within: LayoutLimits()).solution
    else { return }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    #expect(solution.height >= LayoutOracle.leastHeight(of: buffers))
  }

  @Test(arguments: 0..<8)
  func `a full arena under a crowd of small short-lived buffers is packed at its load`(
    seed: Int
  ) throws {
    // The arena is full in the middle; before and after, others live in a third of it.
    var random = SeededGenerator(seed: seed)
    var buffers = RandomBuffers.fullArena(pieces: 30, steps: 40, bytes: 3 << 10, seed: seed)
    for _ in 0..<400 {
      let step = Int.random(in: 0..<400, using: &random)
      buffers.append(
        LayoutBuffer(size: Int.random(in: 1...64, using: &random), lifetime: 40 + step..<48 + step))
    }
    let problem = try LayoutProblem(buffers: buffers)
    #expect(problem.lowerBound == 3 << 10)
    let attempt = CorePlanner(thresholds: [0.95]).attempt(problem, within: LayoutLimits())
    let solution = try #require(attempt.solution)
    #expect(solution.height == 3 << 10)
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }

  @Test func `nothing better than what is known is no layout`() throws {
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 3, lifetime: 0..<2), LayoutBuffer(size: 5, lifetime: 0..<2),
    ])
    let known = LayoutSolution(offsets: [5, 0], height: 8)
    #expect(
      CorePlanner().attempt(problem, within: LayoutLimits(incumbent: known))
        == .skipped(.noSolution))
  }

  @Test func `what is fixed far from the peak stays where it is`() throws {
    var buffers = RandomBuffers.fullArena(pieces: 30, steps: 40, bytes: 3 << 10, seed: 2)
    for step in 0..<50 {
      buffers.append(
        LayoutBuffer(size: 16, lifetime: 40 + step..<44 + step, fixedOffset: step % 7 * 40))
      buffers.append(LayoutBuffer(size: 30, lifetime: 40 + step..<42 + step))
    }
    let problem = try LayoutProblem(buffers: buffers)
    let attempt = CorePlanner(thresholds: [0.95]).attempt(problem, within: LayoutLimits())
    let solution = try #require(attempt.solution)
    #expect(solution.height == 3 << 10)
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }
}
