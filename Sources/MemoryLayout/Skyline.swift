// SPDX-License-Identifier: Apache-2.0

/// The lower edge of the free space above all placed buffers: flat pieces over the sections, no two
/// neighbours at the same height.
///
/// A piece is named by its first section. A tree over the sections keeps the lowest piece, leftmost
/// among equals, at its root.
struct Skyline {
  private static let absent = Int.max

  private let count: Int
  /// The height of the piece that begins at a section, `absent` where none does.
  private var heights: [Int]
  /// The section after the last one of the piece.
  private var ends: [Int32]
  /// The piece before, -1 for none.
  private var previous: [Int32]

  private let leafCount: Int
  /// For each node, the section of its lowest piece.
  private var lowest: [Int32]

  /// - Parameter base: the height over each section at the start; at least one section.
  /// - Complexity: O(s) in the s sections.
  init(base: [Int]) {
    count = base.count
    heights = [Int](repeating: Self.absent, count: count)
    ends = [Int32](repeating: 0, count: count)
    previous = [Int32](repeating: -1, count: count)
    var leafCount = 1
    while leafCount < count { leafCount *= 2 }
    self.leafCount = leafCount
    lowest = [Int32](repeating: 0, count: 2 * leafCount)

    var piece = 0
    for section in 1...count where section == count || base[section] != base[piece] {
      heights[piece] = base[piece]
      ends[piece] = Int32(section)
      if section < count { previous[section] = Int32(piece) }
      piece = section
    }
    for section in 0..<leafCount { lowest[leafCount + section] = Int32(section) }
    for node in stride(from: leafCount - 1, to: 0, by: -1) { updateNode(node) }
  }

  /// The lowest piece.
  var lowestPiece: (sections: Range<Int32>, height: Int) {
    let piece = lowest[1]
    return (piece..<ends[Int(piece)], heights[Int(piece)])
  }

  /// Raises part of a piece.
  ///
  /// - Parameters:
  ///   - part: sections of the piece.
  ///   - piece: the sections of a whole piece.
  ///   - height: the new height of the part, above the piece's.
  /// - Complexity: O(log s).
  mutating func raise(_ part: Range<Int32>, of piece: Range<Int32>, to height: Int) {
    let old = heights[Int(piece.lowerBound)]
    if part.upperBound < piece.upperBound {
      split(piece.lowerBound, at: part.upperBound, height: old)
    }
    if part.lowerBound > piece.lowerBound {
      split(piece.lowerBound, at: part.lowerBound, height: height)
    } else {
      setHeight(of: part.lowerBound, to: height)
    }
    mergeWithNext(part.lowerBound)
    if previous[Int(part.lowerBound)] >= 0 { mergeWithNext(previous[Int(part.lowerBound)]) }
  }

  /// Raises a whole piece to its lower neighbour; false where it has none.
  mutating func raiseToNeighbour(_ piece: Range<Int32>) -> Bool {
    var height = Self.absent
    if previous[Int(piece.lowerBound)] >= 0 {
      height = heights[Int(previous[Int(piece.lowerBound)])]
    }
    if Int(piece.upperBound) < count { height = min(height, heights[Int(piece.upperBound)]) }
    guard height != Self.absent else { return false }
    raise(piece, of: piece, to: height)
    return true
  }

  private mutating func split(_ piece: Int32, at section: Int32, height: Int) {
    ends[Int(section)] = ends[Int(piece)]
    ends[Int(piece)] = section
    previous[Int(section)] = piece
    let next = Int(ends[Int(section)])
    if next < count { previous[next] = section }
    setHeight(of: section, to: height)
  }

  private mutating func mergeWithNext(_ piece: Int32) {
    let next = Int(ends[Int(piece)])
    guard next < count, heights[next] == heights[Int(piece)] else { return }
    ends[Int(piece)] = ends[next]
    let afterNext = Int(ends[next])
    if afterNext < count { previous[afterNext] = piece }
    setHeight(of: Int32(next), to: Self.absent)
  }

  private mutating func setHeight(of section: Int32, to height: Int) {
    heights[Int(section)] = height
    var node = (leafCount + Int(section)) / 2
    while node > 0 {
      updateNode(node)
      node /= 2
    }
  }

  private mutating func updateNode(_ node: Int) {
    let left = lowest[2 * node]
    let right = lowest[2 * node + 1]
    lowest[node] = height(at: right) < height(at: left) ? right : left
  }

  private func height(at section: Int32) -> Int {
    Int(section) < count ? heights[Int(section)] : Self.absent
  }
}
