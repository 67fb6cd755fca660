// SPDX-License-Identifier: Apache-2.0

/// Buffers to place in one arena: offsets are wanted so that no two buffers share a byte while both
/// live, and the highest end is low.
///
/// Invariant: every buffer is valid, fixed buffers do not collide, and every sum that a planner
/// forms of sizes and alignments fits an `Int`. Everything that all planners need is derived once.
public struct LayoutProblem: Sendable {
  /// The buffers; their positions name them everywhere.
  public let buffers: [LayoutBuffer]

  /// No layout has a smaller height, in bytes. See `LayoutBound`.
  public let lowerBound: Int

  /// Time, reduced to the moments that matter.
  let sections: LayoutSections

  /// The positions of the buffers of at least one byte: the ones to place.
  let members: [Int32]

  /// The members with a fixed offset.
  let fixedMembers: [Int32]

  /// The smallest alignment of a member: every offset is a multiple of it.
  let granule: Int

  /// - Throws: `LayoutError` for the first buffer that is not valid, for fixed buffers that
  ///   collide, and for totals that cannot be computed with.
  /// - Complexity: O(n log n) in the n buffers.
  public init(buffers: [LayoutBuffer]) throws(LayoutError) {
    try Self.validate(buffers)
    self.buffers = buffers
    members = buffers.indices.filter { buffers[$0].size > 0 }.map { Int32($0) }
    fixedMembers = members.filter { buffers[Int($0)].fixedOffset != nil }
    granule = members.map { buffers[Int($0)].alignment }.min() ?? 1

    if let (buffer, other) = LayoutValidator.firstOverlap(
      among: fixedMembers.map { Int($0) }, of: buffers, at: buffers.map { $0.fixedOffset ?? 0 })
    {
      throw .fixedOverlap(buffer: buffer, other: other)
    }
    sections = LayoutSections(of: buffers, members: members)
    lowerBound = LayoutBound.bound(of: buffers, members: members, sections: sections)
  }

  /// The largest number that totals may reach, so that no planner's arithmetic overflows.
  private static let totalLimit = Int.max / 4

  private static func validate(_ buffers: [LayoutBuffer]) throws(LayoutError) {
    guard buffers.count < Int(Int32.max) / 4 else { throw .tooManyBuffers(buffers.count) }
    var total = 0
    for (index, buffer) in buffers.enumerated() {
      guard buffer.size >= 0 else { throw .negativeSize(buffer: index, size: buffer.size) }
      guard buffer.lower < buffer.upper,
        !buffer.upper.subtractingReportingOverflow(buffer.lower).overflow
      else { throw .invalidLifetime(buffer: index, lower: buffer.lower, upper: buffer.upper) }
      guard buffer.alignment >= 1, buffer.alignment & (buffer.alignment - 1) == 0 else {
        throw .invalidAlignment(buffer: index, alignment: buffer.alignment)
      }
      if let offset = buffer.fixedOffset {
        guard offset >= 0, offset <= totalLimit, offset & (buffer.alignment - 1) == 0 else {
          throw .invalidFixedOffset(buffer: index, offset: offset)
        }
      }
      // Stacking buffers wastes less than one alignment each.
      guard buffer.size <= totalLimit, buffer.alignment <= totalLimit else { throw .totalTooLarge }
      total += buffer.size + buffer.alignment
      guard total <= totalLimit else { throw .totalTooLarge }
    }
  }

  /// The least offset that is a multiple of the buffer's alignment and at least `offset`.
  func alignedOffset(_ offset: Int, for buffer: Int) -> Int {
    offset.roundedUp(toMultipleOf: buffers[buffer].alignment)
  }
}

extension Int {
  /// The least multiple of a power of two that is at least this number.
  func roundedUp(toMultipleOf powerOfTwo: Int) -> Int {
    (self + (powerOfTwo - 1)) & ~(powerOfTwo - 1)
  }
}
