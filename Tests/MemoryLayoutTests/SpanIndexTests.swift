// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MemoryLayout

@Suite struct SpanIndexTests {
  @Test(arguments: 0..<40)
  func `the best span within a range is found until none is left`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let problem = try LayoutProblem(
      buffers: RandomBuffers(steps: 5 + seed).buffers(1 + 3 * seed, seed: seed))
    let sections = problem.sections
    var order = problem.members.shuffled(using: &random)
    var index = SpanIndex(of: problem)
    index.fill(with: order)
    var misses = 0
    while !order.isEmpty {
      let low = Int.random(in: 0..<sections.count, using: &random)
      // At last the whole range, so that the test ends.
      let range =
        misses > 50
        ? 0..<sections.count
        : low..<Int.random(in: low + 1...sections.count, using: &random)
      let expected = order.first { member in
        let span = sections.span(of: Int(member))
        return range.lowerBound <= span.lowerBound && span.upperBound <= range.upperBound
      }
      let found = index.removeBest(within: Int32(range.lowerBound), Int32(range.upperBound))
      #expect(found == expected)
      order.removeAll { $0 == found }
      if found == nil { misses += 1 }
      if misses > 60 { break }
    }
    #expect(order.isEmpty)
    #expect(index.removeBest(within: 0, Int32(sections.count)) == nil)
    #expect(index.work > 0)
  }
}
