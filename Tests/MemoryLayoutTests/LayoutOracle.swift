// SPDX-License-Identifier: Apache-2.0
import MemoryLayout

/// The least height of a small problem, by exhaustion.
enum LayoutOracle {
  /// Tries every order, putting each buffer at the lowest place it fits: some optimal layout is
  /// always among these, since lowering the buffers of any layout by ascending offset keeps it
  /// valid. For at most 7 buffers.
  static func leastHeight(of buffers: [LayoutBuffer]) -> Int {
    var offsets = [Int?](repeating: nil, count: buffers.count)
    for (index, buffer) in buffers.enumerated() { offsets[index] = buffer.fixedOffset }
    var best = Int.max
    func height() -> Int {
      var height = 0
      for (offset, buffer) in zip(offsets, buffers) where buffer.size > 0 {
        if let offset { height = max(height, offset + buffer.size) }
      }
      return height
    }
    func visit() {
      guard height() < best else { return }
      let open = offsets.indices.filter { offsets[$0] == nil && buffers[$0].size > 0 }
      if open.isEmpty { best = height() }
      for index in open {
        offsets[index] = lowestPlace(for: index, in: buffers, offsets)
        visit()
        offsets[index] = nil
      }
    }
    visit()
    return best
  }

  private static func lowestPlace(
    for index: Int, in buffers: [LayoutBuffer], _ offsets: [Int?]
  ) -> Int {
    let buffer = buffers[index]
    var obstacles: [Range<Int>] = []
    for (other, offset) in offsets.enumerated() {
      let candidate = buffers[other]
      guard let offset, candidate.size > 0, candidate.lower < buffer.upper,
        buffer.lower < candidate.upper
      else { continue }
      obstacles.append(offset..<offset + candidate.size)
    }
    let starts =
      [0]
      + obstacles.map { start in
        (start.upperBound + buffer.alignment - 1) / buffer.alignment * buffer.alignment
      }
    return starts.sorted().first { start in
      obstacles.allSatisfy { !$0.overlaps(start..<start + buffer.size) }
    } ?? 0
  }

  /// Tries every offset below `limit` for every buffer: nothing is assumed. For tiny numbers.
  static func leastHeightOverAllOffsets(
    of buffers: [LayoutBuffer], ties: [LayoutTie] = [], limit: Int
  ) -> Int {
    let isTied = Self.connected(buffers.count, ties)
    var offsets: [Int] = []
    var best = Int.max
    func visit(_ height: Int) {
      guard height < best else { return }
      guard offsets.count < buffers.count else {
        best = height
        return
      }
      let buffer = buffers[offsets.count]
      for offset in buffer.fixedOffset.map({ [$0] }) ?? Array(0..<limit) {
        guard offset % buffer.alignment == 0 else { continue }
        let fits = offsets.indices.allSatisfy { other in
          let candidate = buffers[other]
          return offset >= offsets[other] + candidate.size || offsets[other] >= offset + buffer.size
            || candidate.lower >= buffer.upper || buffer.lower >= candidate.upper
            || isTied[other][offsets.count]
        }
        guard fits else { continue }
        let isInPlace = ties.allSatisfy { tie in
          guard max(tie.buffer, tie.base) == offsets.count else { return true }
          let ends = [tie.buffer, tie.base].map { $0 < offsets.count ? offsets[$0] : offset }
          return ends[0] == ends[1] + tie.distance
        }
        guard isInPlace else { continue }
        offsets.append(offset)
        visit(buffer.size > 0 ? max(height, offset + buffer.size) : height)
        offsets.removeLast()
      }
    }
    visit(0)
    return best
  }

  /// Whether ties join two buffers, directly or through others.
  static func connected(_ count: Int, _ ties: [LayoutTie]) -> [[Bool]] {
    var isTied = (0..<count).map { row in (0..<count).map { $0 == row } }
    for _ in 0..<count {
      for tie in ties {
        for other in 0..<count where isTied[tie.buffer][other] || isTied[tie.base][other] {
          for end in [tie.buffer, tie.base] {
            isTied[end][other] = true
            isTied[other][end] = true
          }
        }
      }
    }
    return isTied
  }
}
