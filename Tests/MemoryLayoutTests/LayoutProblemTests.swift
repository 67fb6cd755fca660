// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MemoryLayout

@Suite struct LayoutProblemTests {
  private func refusal(of buffers: LayoutBuffer...) -> LayoutError? {
    #expect(throws: LayoutError.self) { try LayoutProblem(buffers: buffers) }
  }

  private let good = LayoutBuffer(size: 8, lifetime: 0..<4, alignment: 4)

  @Test func `a negative size is refused`() {
    #expect(
      refusal(of: good, LayoutBuffer(size: -1, lifetime: 0..<1))
        == .negativeSize(buffer: 1, size: -1))
  }

  @Test func `an empty, reversed or endless lifetime is refused`() {
    for (lower, upper) in [(3, 3), (4, 3), (Int.max, Int.min), (Int.min, Int.max)] {
      #expect(
        refusal(of: LayoutBuffer(size: 1, lower: lower, upper: upper))
          == .invalidLifetime(buffer: 0, lower: lower, upper: upper))
    }
  }

  @Test func `an alignment that is no power of two is refused`() {
    for alignment in [0, -4, 3, 12, Int.min, Int.max] {
      #expect(
        refusal(of: good, LayoutBuffer(size: 1, lifetime: 0..<1, alignment: alignment))
          == .invalidAlignment(buffer: 1, alignment: alignment))
    }
  }

  @Test func `a fixed offset that cannot be is refused`() {
    for offset in [-4, 6, Int.max - 3] {
      #expect(
        refusal(of: LayoutBuffer(size: 1, lifetime: 0..<1, alignment: 4, fixedOffset: offset))
          == .invalidFixedOffset(buffer: 0, offset: offset))
    }
  }

  @Test func `fixed buffers may not collide`() throws {
    let first = LayoutBuffer(size: 8, lifetime: 0..<4, fixedOffset: 0)
    let second = LayoutBuffer(size: 8, lifetime: 3..<6, fixedOffset: 7)
    #expect(refusal(of: good, first, second) == .fixedOverlap(buffer: 2, other: 1))
    // One byte or one step further they do not.
    for free in [
      LayoutBuffer(size: 8, lifetime: 3..<6, fixedOffset: 8),
      LayoutBuffer(size: 8, lifetime: 4..<6, fixedOffset: 7),
      LayoutBuffer(size: 0, lifetime: 3..<6, fixedOffset: 7),
    ] {
      #expect(throws: Never.self) { try LayoutProblem(buffers: [good, first, free]) }
    }
  }

  @Test func `totals that cannot be computed with are refused`() {
    let huge = LayoutBuffer(size: Int.max / 8, lifetime: 0..<1)
    #expect(refusal(of: huge, huge, huge) == .totalTooLarge)
    #expect(refusal(of: LayoutBuffer(size: Int.max, lifetime: 0..<1)) == .totalTooLarge)
    let coarse = LayoutBuffer(size: 1, lifetime: 0..<1, alignment: 1 << 60)
    #expect(refusal(of: coarse, coarse, coarse) == .totalTooLarge)
  }

  @Test func `errors name the buffer`() {
    #expect(
      LayoutError.negativeSize(buffer: 3, size: -8).description
        == "buffer 3 has the negative size -8")
    #expect(
      LayoutError.brokenPlanner("x", .overlap(buffer: 1, other: 2)).description
        == "the planner x broke a rule, which is a bug: buffers 1 and 2 share bytes while both live"
    )
  }

  // MARK: Sections

  @Test func `sections end where a death follows a birth`() throws {
    // Steps:  0 1 2 3 4 5
    //   a     #####
    //   b       #####
    //   c           ###       a has died when c is born; b is there.
    //   d                 #   alone
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 1, lifetime: 0..<2), LayoutBuffer(size: 10, lifetime: 1..<4),
      LayoutBuffer(size: 100, lifetime: 2..<4), LayoutBuffer(size: 1000, lifetime: 5..<6),
      LayoutBuffer(size: 0, lifetime: 0..<6),
    ])
    #expect(problem.sections.count == 3)
    #expect(problem.sections.load == [11, 110, 1000])
    #expect((0..<5).map { problem.sections.span(of: $0) } == [0..<1, 0..<2, 1..<2, 2..<3, 0..<0])
    #expect(problem.sections.overlappingPairCount == 2)
    #expect(problem.lowerBound == 1000)
  }

  @Test(arguments: 0..<50)
  func `spans overlap exactly where lifetimes do`(seed: Int) throws {
    let buffers = RandomBuffers(steps: 12).buffers(14, seed: seed)
    let sections = try LayoutProblem(buffers: buffers).sections
    var pairs = 0
    for a in buffers.indices {
      for b in buffers.indices.dropFirst(a + 1) {
        let together = buffers[a].lower < buffers[b].upper && buffers[b].lower < buffers[a].upper
        #expect(sections.span(of: a).overlaps(sections.span(of: b)) == together)
        pairs += together ? 1 : 0
      }
    }
    #expect(sections.overlappingPairCount == pairs)
    let peak = (0..<12).map { step in
      buffers.filter { $0.lower <= step && step < $0.upper }.map(\.size).reduce(0, +)
    }.max()
    #expect(sections.load.max() == peak)
  }

  @Test(arguments: 0..<30)
  func `painted maxima are the maxima of each section`(seed: Int) throws {
    let buffers = RandomBuffers(steps: 20).buffers(15, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    let sections = problem.sections
    let chosen = problem.members.filter { $0 % 2 == 0 }
    let maxima = sections.maxima(over: chosen) { buffers[$0].size }
    for section in 0..<sections.count {
      let expected = chosen.filter { sections.span(of: Int($0)).contains(section) }
        .map { buffers[Int($0)].size }.max()
      #expect(maxima[section] == expected ?? 0)
    }
    let range = RangeMaximum(sections.load)
    for low in 0..<sections.count {
      for high in low + 1...sections.count {
        #expect(range.maximum(in: low..<high) == sections.load[low..<high].max())
      }
    }
  }

  // MARK: Bound

  @Test func `an empty problem has nothing to bound`() throws {
    #expect(try LayoutProblem(buffers: []).lowerBound == 0)
    #expect(try LayoutProblem(buffers: [LayoutBuffer(size: 0, lifetime: 0..<1)]).lowerBound == 0)
  }

  @Test func `only the topmost buffer's padding is free`() throws {
    // 100 and 60 at multiples of 64: 64 + 100 or 128 + 60. Rounding both would say 192.
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 100, lifetime: 0..<1, alignment: 64),
      LayoutBuffer(size: 60, lifetime: 0..<1, alignment: 64),
    ])
    #expect(problem.lowerBound == 164)
  }

  @Test func `a small alignment may lie in a large one's padding`() throws {
    // 0..<1 and 64..<65 leave 63 bytes for the unaligned buffer.
    let coarse = LayoutBuffer(size: 1, lifetime: 0..<1, alignment: 64)
    let fine = LayoutBuffer(size: 63, lifetime: 0..<1)
    let problem = try LayoutProblem(buffers: [coarse, coarse, fine])
    #expect(problem.lowerBound == 65)
    #expect(LayoutOracle.leastHeight(of: problem.buffers) == 65)
  }

  @Test func `the end of a fixed buffer is a bound`() throws {
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 4, lifetime: 0..<1, fixedOffset: 100)
    ])
    #expect(problem.lowerBound == 104)
  }

  @Test(arguments: [RandomBuffers.plain, .aligned, .mixed, .fixed], 0..<60)
  func `no layout is below the bound`(kind: RandomBuffers, seed: Int) throws {
    let problem = try LayoutProblem(buffers: kind.buffers(6, seed: seed))
    #expect(LayoutOracle.leastHeight(of: problem.buffers) >= problem.lowerBound)
  }
}
