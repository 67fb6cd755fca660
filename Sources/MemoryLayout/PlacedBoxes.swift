// SPDX-License-Identifier: Apache-2.0

/// The boxes placed so far by ascending offset, for finding gaps between those that live together
/// with one more.
///
/// They lie in chunks of bounded length, so that an insertion moves few of them. Each chunk knows the
/// sections it spans, so that a search passes over chunks of another time, and the largest gap
/// within, so that it passes over those whose boxes all live then and leave too little room: the long
/// stacks of deep graphs.
struct PlacedBoxes {
  /// A box: sections and bytes, both half-open.
  struct Box {
    var first: Int32
    var end: Int32
    var offset: Int
    var top: Int

    /// Offset, then time: boxes on one floor lie in order of time, which keeps chunks narrow.
    fileprivate static func precedes(_ a: Box, _ b: Box) -> Bool {
      (a.offset, a.first) < (b.offset, b.first)
    }
  }

  private struct Chunk {
    var boxes: [Box]
    /// The sections of all boxes together.
    var first = Int32.max
    var end = Int32.min
    /// The sections that all boxes share; none where the first is not below the end.
    var latestFirst = Int32.min
    var earliestEnd = Int32.max
    /// The most bytes free between the boxes, below their highest top.
    var largestGap = 0
    var top = 0

    init(_ boxes: [Box]) {
      self.boxes = boxes
      update()
    }

    mutating func insert(_ box: Box) {
      var low = 0
      var high = boxes.count
      while low < high {
        let middle = (low + high) / 2
        if Box.precedes(box, boxes[middle]) { high = middle } else { low = middle + 1 }
      }
      boxes.insert(box, at: low)
      update()
    }

    private mutating func update() {
      largestGap = 0
      top = boxes[0].offset
      for box in boxes {
        first = min(first, box.first)
        end = max(end, box.end)
        latestFirst = max(latestFirst, box.first)
        earliestEnd = min(earliestEnd, box.end)
        largestGap = max(largestGap, box.offset - top)
        top = max(top, box.top)
      }
    }
  }

  private static let capacity = 256

  private var chunks: [Chunk] = []

  /// How many chunks and boxes were looked at so far.
  private(set) var work = 0

  /// How a gap is chosen.
  enum Fit {
    /// The lowest gap that is large enough.
    case first
    /// The gap that leaves the fewest bytes, the lowest among equals; the open space above all
    /// boxes only where there is none.
    case best
  }

  /// The offset at which a buffer fits.
  ///
  /// - Parameters:
  ///   - size: bytes of the buffer.
  ///   - alignment: a power of two.
  ///   - sections: when the buffer lives.
  ///   - fit: which gap to take.
  ///   - lowest: where to begin.
  /// - Complexity: O(m) in the m boxes.
  mutating func offset(
    forSize size: Int, alignment: Int, sections: Range<Int32>, fit: Fit, from lowest: Int = 0
  ) -> Int {
    var floor = lowest
    var bestOffset = -1
    var bestWaste = Int.max
    for chunk in chunks.indices {
      work += 1
      if chunks[chunk].first >= sections.upperBound || chunks[chunk].end <= sections.lowerBound {
        continue
      }
      if chunks[chunk].latestFirst < sections.upperBound,
        sections.lowerBound < chunks[chunk].earliestEnd, chunks[chunk].largestGap < size,
        chunks[chunk].boxes[0].offset - floor < size
      {
        floor = max(floor, chunks[chunk].top)
        continue
      }
      work += chunks[chunk].boxes.count
      for box in chunks[chunk].boxes
      where box.first < sections.upperBound && sections.lowerBound < box.end {
        // Only a gap can be worth the rounding.
        if box.offset - floor >= size {
          let start = floor.roundedUp(toMultipleOf: alignment)
          let waste = box.offset - start - size
          if waste >= 0, waste < bestWaste {
            if fit == .first || waste == 0 { return start }
            bestOffset = start
            bestWaste = waste
          }
        }
        if box.top > floor { floor = box.top }
      }
    }
    return bestOffset >= 0 ? bestOffset : floor.roundedUp(toMultipleOf: alignment)
  }

  /// Adds a box.
  ///
  /// - Complexity: O(√m) in the m boxes, for all that matters here.
  mutating func insert(_ box: Box) {
    guard !chunks.isEmpty else {
      chunks.append(Chunk([box]))
      return
    }
    // The last chunk that begins no later, or the first one.
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if Box.precedes(box, chunks[middle].boxes[0]) { high = middle } else { low = middle + 1 }
    }
    let target = max(0, low - 1)
    chunks[target].insert(box)
    if chunks[target].boxes.count > Self.capacity { split(target) }
  }

  private mutating func split(_ target: Int) {
    let boxes = chunks[target].boxes
    let middle = boxes.count / 2
    chunks[target] = Chunk(Array(boxes[..<middle]))
    chunks.insert(Chunk(Array(boxes[middle...])), at: target + 1)
  }
}
