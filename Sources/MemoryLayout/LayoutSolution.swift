// SPDX-License-Identifier: Apache-2.0

/// An offset for each buffer of a problem.
///
/// A plain value that promises nothing; `LayoutValidator` says whether it solves the problem.
public struct LayoutSolution: Hashable, Sendable {
  /// Bytes from the arena's start, one offset a buffer. Buffers of zero bytes without a fixed
  /// offset are at 0.
  public var offsets: [Int]

  /// The highest end of a buffer of at least one byte: what the arena has to hold, in bytes.
  public var height: Int

  /// A solution as somebody claims it.
  public init(offsets: [Int], height: Int) {
    self.offsets = offsets
    self.height = height
  }

  /// The given offsets of a problem's members, with zero-byte buffers put where they belong and the
  /// height computed.
  init(offsets: [Int], for problem: LayoutProblem) {
    var height = 0
    var offsets = offsets
    for (index, buffer) in problem.buffers.enumerated() {
      if buffer.size == 0 {
        offsets[index] = buffer.fixedOffset ?? 0
      } else {
        height = max(height, offsets[index] + buffer.size)
      }
    }
    self.init(offsets: offsets, height: height)
  }
}
