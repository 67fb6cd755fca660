// SPDX-License-Identifier: Apache-2.0

/// Segments of forward with the segments of backward that answer them, grown outward from the loss.
///
/// The pairs are nested around the loss: each takes one more key point on either side as long as it
/// stays within the limit; what is left on one side is cut alone. A graph without a loss is cut into
/// runs of segments within the limit.
/// Source: ROAM (arXiv 2310.19295), subtask construction.
struct SegmentPairs {
  /// The segments of each half in the order of time: the forward halves from the outermost pair in,
  /// then the backward halves out again.
  private(set) var halves: [Range<Int>] = []
  /// The half that each segment is in.
  let halfOfSegment: [Int]

  /// Groups segments.
  ///
  /// - Parameters:
  ///   - sizes: The operators of each segment.
  ///   - loss: The segment that ends with the loss; `nil` if there is none.
  ///   - limit: The operators of a pair, unless one key point more on each side is more already.
  init(sizes: [Int], loss: Int?, limit: Int) {
    var (low, high) = (0, 0)
    if let loss { (low, high) = (loss + 1, loss + 1) }
    var (forward, backward): ([Range<Int>], [Range<Int>]) = ([], [])
    while low > 0 || high < sizes.count {
      let (end, start) = (low, high)
      var size = 0
      repeat {
        let next = (low > 0 ? sizes[low - 1] : 0) + (high < sizes.count ? sizes[high] : 0)
        if size > 0, size + next > limit { break }
        size += next
        if low > 0 { low -= 1 }
        if high < sizes.count { high += 1 }
      } while low > 0 || high < sizes.count
      if low < end { forward.append(low..<end) }
      if start < high { backward.append(start..<high) }
    }
    halves = forward.reversed() + backward
    var halfOfSegment = [Int](repeating: 0, count: sizes.count)
    for (half, segments) in halves.enumerated() {
      for segment in segments { halfOfSegment[segment] = half }
    }
    self.halfOfSegment = halfOfSegment
  }
}
