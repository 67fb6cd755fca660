// SPDX-License-Identifier: Apache-2.0

/// Some of the hidden units of a block.
struct HiddenSlice {
  let block: FFNBlock
  /// The units, by position in the block.
  let units: Range<Int>

  /// The hidden units of blocks in equal parts, in order: each part may begin and end within a block.
  ///
  /// Parts of 32 units or more begin at a block's border, where one is near, or else at a multiple of
  /// 16 units, which products are fast at.
  ///
  /// - Parameter count: How many parts; no more are made than there are units.
  static func parts(of blocks: [FFNBlock], count: Int) -> [[HiddenSlice]] {
    let widths = blocks.map(\.expression.width)
    let borders = widths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    let total = borders[borders.count - 1]
    let count = min(max(count, 1), total)
    let unit = total / count >= 32 ? 16 : 1
    let cuts = (0...count).map { index -> Int in
      // Quotient and remainder apart, so that no product overflows.
      let exact = total / count * index + total % count * index / count
      let nearest = borders.min { abs($0 - exact) < abs($1 - exact) } ?? 0
      return abs(nearest - exact) < unit ? nearest : exact / unit * unit
    }
    return (0..<count).map { part in
      blocks.indices.compactMap { index in
        let units = (borders[index]..<borders[index + 1]).clamped(to: cuts[part]..<cuts[part + 1])
        guard !units.isEmpty else { return nil }
        let start = borders[index]
        return HiddenSlice(
          block: blocks[index], units: units.lowerBound - start..<units.upperBound - start)
      }
    }
  }
}
