// SPDX-License-Identifier: Apache-2.0

/// Buffers to place in one arena: offsets are wanted so that no two buffers share a byte while both
/// live, and the highest end is low.
///
/// Invariant: every buffer is valid, fixed buffers do not collide, ties can be kept, and every sum
/// that a planner forms of sizes, distances and alignments fits an `Int`. Everything that all
/// planners need is derived once.
public struct LayoutProblem: Sendable {
  /// The buffers; their positions name them everywhere. What is tied to a fixed buffer is fixed too.
  public let buffers: [LayoutBuffer]

  /// Which buffers have to lie at a distance of each other, and may share bytes.
  public let ties: [LayoutTie]

  /// No layout has a smaller height, in bytes. See `LayoutBound`.
  public let lowerBound: Int

  /// Time, reduced to the moments that matter.
  let sections: LayoutSections

  /// The positions of the buffers of at least one byte: the ones to place.
  let members: [Int32]

  /// The members with a fixed offset.
  let fixedMembers: [Int32]

  /// Who moves together. Groups with a fixed member are groups as well.
  let groups: RigidGroups

  /// The smallest alignment of a member: every offset is a multiple of it.
  let granule: Int

  /// - Parameters:
  ///   - buffers: what is to be placed.
  ///   - ties: see `LayoutTie`; none unless asked for.
  /// - Throws: `LayoutError` for the first buffer or tie that is not valid, for fixed buffers that
  ///   collide, and for totals that cannot be computed with.
  /// - Complexity: O((n + t) log n) in the n buffers and t ties.
  public init(buffers: [LayoutBuffer], ties: [LayoutTie] = []) throws(LayoutError) {
    try Self.validate(buffers, ties)
    let groups = try RigidGroups(of: buffers, ties: ties)
    let buffers = try Self.fixing(buffers, in: groups)
    self.buffers = buffers
    self.ties = ties
    self.groups = groups
    members = buffers.indices.filter { buffers[$0].size > 0 }.map { Int32($0) }
    fixedMembers = members.filter { buffers[Int($0)].fixedOffset != nil }
    granule = members.map { buffers[Int($0)].alignment }.min() ?? 1

    if let (buffer, other) = LayoutValidator.firstOverlap(
      among: fixedMembers.map { Int($0) }, of: buffers, ties: ties,
      at: buffers.map { $0.fixedOffset ?? 0 })
    {
      throw .fixedOverlap(buffer: buffer, other: other)
    }
    sections = LayoutSections(of: buffers, members: members, groups: groups)
    lowerBound = LayoutBound.bound(
      of: buffers, members: members, groups: groups, sections: sections)
  }

  /// The largest number that totals may reach, so that no planner's arithmetic overflows.
  private static let totalLimit = Int.max / 4

  private static func validate(
    _ buffers: [LayoutBuffer], _ ties: [LayoutTie]
  ) throws(LayoutError) {
    guard buffers.count < Int(Int32.max) / 4 else { throw .tooManyBuffers(buffers.count) }
    guard ties.count < Int(Int32.max) / 4 else { throw .tooManyTies(ties.count) }
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
    for tie in ties {
      let distance = tie.distance.magnitude
      guard distance <= UInt(totalLimit) else { throw .totalTooLarge }
      total += Int(distance)
      guard total <= totalLimit else { throw .totalTooLarge }
    }
  }

  /// The buffers, those tied to a fixed one fixed where that puts them.
  private static func fixing(
    _ buffers: [LayoutBuffer], in groups: RigidGroups
  ) throws(LayoutError) -> [LayoutBuffer] {
    var buffers = buffers
    for group in 0..<groups.count {
      let members = groups.members(of: group)
      guard let anchor = members.first(where: { buffers[Int($0)].fixedOffset != nil }) else {
        continue
      }
      let base = (buffers[Int(anchor)].fixedOffset ?? 0) - groups.distance[Int(anchor)]
      for member in members {
        let index = Int(member)
        let offset = base + groups.distance[index]
        guard buffers[index].fixedOffset ?? offset == offset else {
          throw .contradictoryTie(
            buffer: index, base: Int(anchor),
            distance: groups.distance[index] - groups.distance[Int(anchor)])
        }
        guard offset >= 0, offset <= totalLimit, offset & (buffers[index].alignment - 1) == 0
        else { throw .invalidFixedOffset(buffer: index, offset: offset) }
        buffers[index].fixedOffset = offset
      }
    }
    return buffers
  }

  /// Whether some buffers move together.
  var hasGroups: Bool { groups.count > 0 }

  /// The group that a buffer moves with, nil where it moves alone or is fixed.
  func movingGroup(of buffer: Int) -> Int? {
    let group = groups.group[buffer]
    return group < 0 || buffers[buffer].fixedOffset != nil ? nil : Int(group)
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
