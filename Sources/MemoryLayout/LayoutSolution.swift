// SPDX-License-Identifier: Apache-2.0

/// An offset for each buffer of a problem.
///
/// A plain value that promises nothing; `LayoutValidator` says whether it solves the problem.
public struct LayoutSolution: Hashable, Sendable {
  /// Bytes from the arena's start, one offset a buffer. Buffers of zero bytes without a fixed
  /// offset are at 0, or where ties put them.
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
    let groups = problem.groups
    var bases: [Int] = []
    for group in 0..<groups.count {
      // Any member with bytes knows where the group is.
      let known = groups.members(of: group).first { problem.buffers[Int($0)].size > 0 }
      bases.append(
        known.map { offsets[Int($0)] - groups.distance[Int($0)] }
          ?? groups.base(of: group, atLeast: 0))
    }
    for (index, buffer) in problem.buffers.enumerated() {
      if buffer.size == 0 {
        let group = problem.movingGroup(of: index)
        offsets[index] =
          buffer.fixedOffset ?? group.map { bases[$0] + groups.distance[index] } ?? 0
      } else {
        height = max(height, offsets[index] + buffer.size)
      }
    }
    self.init(offsets: offsets, height: height)
  }
}
