// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MemoryLayout

/// The planners that stack by the shape of time, and the structure under all fits.
@Suite struct ConstructivePlannerTests {
  @Test(arguments: 0..<10)
  func `the turning point of a training step is where backward begins`(seed: Int) throws {
    let layers = 30
    let problem = try LayoutProblem(buffers: RandomBuffers.training(layers: layers, seed: seed))
    let turningPoint = try #require(ActivationStackingPlanner.turningPoint(of: problem))
    let alive = problem.buffers.indices.filter {
      problem.sections.span(of: $0).contains(turningPoint)
    }
    // All activations of more than a step or two, but for the last perhaps.
    let activations = problem.buffers.indices.filter {
      problem.buffers[$0].upper - problem.buffers[$0].lower > 4
    }
    #expect(Set(activations).subtracting(alive).count <= 1)
  }

  @Test func `activations are stacked by when they are freed, temporaries above`() throws {
    // Three activations across the turning point at step 3, and a temporary of each half.
    //   a 8 bytes 0..<6, b 4 bytes 1..<5, c 4 bytes 2..<4, t 3 bytes 0..<2, u 3 bytes 4..<6
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 4, lifetime: 2..<4), LayoutBuffer(size: 4, lifetime: 1..<5),
      LayoutBuffer(size: 8, lifetime: 0..<6), LayoutBuffer(size: 3, lifetime: 0..<2),
      LayoutBuffer(size: 3, lifetime: 4..<6),
    ])
    // t ends above b, which is there at step 1; u as well.
    #expect(
      ActivationStackingPlanner().attempt(problem, within: LayoutLimits())
        == .layout(LayoutSolution(offsets: [12, 8, 0, 12, 12], height: 16)))
  }

  @Test func `short lives hang from the top until they are lowered`() throws {
    // Mean life of a byte: (8 * 6 + 2 + 2 + 2 + 2) / 16 = 3.5: one long-lived buffer.
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 2, lifetime: 0..<1), LayoutBuffer(size: 8, lifetime: 0..<6),
      LayoutBuffer(size: 2, lifetime: 0..<1), LayoutBuffer(size: 2, lifetime: 1..<2),
      LayoutBuffer(size: 2, lifetime: 5..<6),
    ])
    let solution = try #require(
      TwoEndedPlanner().attempt(problem, within: LayoutLimits()).solution)
    #expect(solution.height == 12)
    #expect(solution.offsets[1] == 0)
  }

  @Test(arguments: 0..<9)
  func `gaps are found as if each box were looked at`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    var boxes = PlacedBoxes()
    var plain: [PlacedBoxes.Box] = []
    // Long runs that live together make whole chunks pass.
    let steps = seed % 3 == 0 ? 3 : 40
    for index in 0..<600 {
      let first = Int32.random(in: 0..<Int32(steps), using: &random)
      let end = Int32.random(in: first + 1...Int32(steps), using: &random)
      let size = Int.random(in: 1...(index % 7 == 0 ? 40 : 6), using: &random)
      let alignment = 1 << Int.random(in: 0...2, using: &random)
      let lowest = seed % 2 == 0 ? 0 : Int.random(in: 0...50, using: &random)
      for fit in [PlacedBoxes.Fit.first, .best] where index % 20 == 0 {
        let offset = boxes.offset(
          forSize: size, alignment: alignment, sections: first..<end, fit: fit, from: lowest)
        #expect(
          offset
            == Self.offset(size, alignment, first..<end, fit, lowest, among: plain))
      }
      let offset = boxes.offset(
        forSize: size, alignment: alignment, sections: first..<end, fit: .first)
      let box = PlacedBoxes.Box(first: first, end: end, offset: offset, top: offset + size)
      boxes.insert(box)
      plain.append(box)
    }
  }

  /// The same, byte by byte in spirit: tries each place where a gap can begin.
  private static func offset(
    _ size: Int, _ alignment: Int, _ sections: Range<Int32>, _ fit: PlacedBoxes.Fit,
    _ lowest: Int, among boxes: [PlacedBoxes.Box]
  ) -> Int {
    let met = boxes.filter { $0.first < sections.upperBound && sections.lowerBound < $0.end }
    var best: (waste: Int, offset: Int)?
    for floor in [lowest] + met.map({ max(lowest, $0.top) }) {
      guard !met.contains(where: { $0.offset <= floor && floor < $0.top }) else { continue }
      let ceiling = met.map(\.offset).filter { $0 > floor }.min() ?? Int.max
      let start = (floor + alignment - 1) / alignment * alignment
      guard ceiling == Int.max || start + size <= ceiling else { continue }
      let waste = fit == .first ? 0 : (ceiling == Int.max ? Int.max : ceiling - start - size)
      if best == nil || (waste, start) < (best?.waste ?? 0, best?.offset ?? 0) {
        best = (waste, start)
      }
    }
    return best?.offset ?? 0
  }
}
