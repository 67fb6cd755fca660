// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MemoryLayout

@Suite struct SkylineTests {
  /// The lowest maximal flat piece of plain heights, leftmost among equals.
  private func lowestPiece(of heights: [Int]) -> (sections: Range<Int>, height: Int) {
    let height = heights.min() ?? 0
    let low = heights.firstIndex(of: height) ?? 0
    let high = heights[low...].firstIndex { $0 != height } ?? heights.count
    return (low..<high, height)
  }

  @Test(arguments: 0..<60)
  func `pieces are those of an array of heights`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    let count = 1 + seed % 17
    var heights = (0..<count).map { _ in Int.random(in: 0...2, using: &random) }
    var skyline = Skyline(base: heights)
    for _ in 0..<60 {
      let (piece, height) = skyline.lowestPiece
      let expected = lowestPiece(of: heights)
      #expect(Int(piece.lowerBound)..<Int(piece.upperBound) == expected.sections)
      #expect(height == expected.height)

      if Bool.random(using: &random) {
        let low = Int32.random(in: piece, using: &random)
        let high = Int32.random(in: low + 1...piece.upperBound, using: &random)
        let raised = height + Int.random(in: 1...3, using: &random)
        skyline.raise(low..<high, of: piece, to: raised)
        for section in low..<high { heights[Int(section)] = raised }
      } else {
        let neighbours =
          heights[..<expected.sections.lowerBound].suffix(1)
          + heights[expected.sections.upperBound...].prefix(1)
        let didRaise = skyline.raiseToNeighbour(piece)
        #expect(didRaise == !neighbours.isEmpty)
        guard let level = neighbours.min() else { continue }
        for section in expected.sections { heights[section] = level }
      }
    }
  }
}
