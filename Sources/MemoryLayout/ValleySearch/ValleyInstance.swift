// SPDX-License-Identifier: Apache-2.0

/// Some members of a layout problem, as the valley search sees them: numbered from 0, sizes rounded
/// up to what every layout respects, time in sections of their own.
struct ValleyInstance {
  /// The buffer of each number.
  let buffers: [Int32]
  let sectionCount: Int

  /// The sections of each member, half-open.
  let first: [Int32]
  let end: [Int32]

  /// Bytes, rounded up to the smallest alignment.
  let size: [Int]
  let alignment: [Int]

  /// Where each member has to be; -1 where that is open.
  let fixedOffset: [Int]

  /// How long each member lives, in steps.
  let width: [Int]

  /// The bytes of each section.
  let load: [Int]

  /// By section, where the members' bytes begin at the lowest; 0 where nothing is pinned.
  let base: [Int]

  /// The offsets of what is no member and cannot be moved.
  private let pinned: PinnedMembers?

  /// The bytes by which each size was rounded up.
  let padding: [Int]

  /// Divides every offset and rounded size in a layout in which no buffer can be lowered.
  let unit: Int

  /// Divides every height of such a layout.
  let heightUnit: Int

  /// Whether alignment forbids nothing beyond the rounding of sizes.
  let isUniform: Bool

  /// The number of pairs of a member and a section that it lives in.
  let entryCount: Int

  /// - Parameters:
  ///   - problem: what the members are of, without ties among them.
  ///   - members: positions of buffers of at least one byte.
  ///   - pinned: what lies below all members.
  /// - Complexity: O(n log n) in the problem's n buffers.
  init(_ problem: LayoutProblem, members: [Int32], above pinned: PinnedMembers? = nil) {
    let sections =
      members.count == problem.members.count || pinned != nil
      ? problem.sections : LayoutSections(of: problem.buffers, members: members)
    buffers = members
    sectionCount = sections.count
    first = members.map { sections.first[Int($0)] }
    end = members.map { sections.end[Int($0)] }
    width = members.map { problem.buffers[Int($0)].upper - problem.buffers[Int($0)].lower }
    let granule = members.map { problem.buffers[Int($0)].alignment }.min() ?? 1
    let greatest = members.map { problem.buffers[Int($0)].alignment }.max() ?? 1
    let sizes = members.map { problem.buffers[Int($0)].size.roundedUp(toMultipleOf: granule) }
    size = sizes
    let padding = zip(members, sizes).map { $1 - problem.buffers[Int($0)].size }
    self.padding = padding

    self.pinned = pinned
    let base =
      pinned.map { $0.base.map { $0.roundedUp(toMultipleOf: granule) } }
      ?? [Int](repeating: 0, count: sections.count)
    self.base = base
    fixedOffset = members.map { problem.buffers[Int($0)].fixedOffset ?? -1 }
    var divisor = 0
    for height in base { divisor = Int.greatestCommonDivisor(divisor, height) }
    for offset in fixedOffset where offset >= 0 {
      divisor = Int.greatestCommonDivisor(divisor, offset)
    }
    for size in sizes { divisor = Int.greatestCommonDivisor(divisor, size) }
    isUniform = granule == greatest || divisor % greatest == 0
    alignment = members.map { problem.buffers[Int($0)].alignment }
    let unit = isUniform ? max(1, divisor) : granule
    self.unit = unit
    heightUnit = padding.reduce(unit) { Int.greatestCommonDivisor($0, $1) }

    var load = [Int](repeating: 0, count: sections.count + 1)
    var entries = 0
    for index in members.indices {
      load[Int(first[index])] += sizes[index]
      load[Int(end[index])] -= sizes[index]
      entries += Int(end[index] - first[index])
    }
    for section in load.indices.dropFirst() { load[section] += load[section - 1] }
    load.removeLast()
    self.load = load
    entryCount = entries
  }

  var count: Int { buffers.count }

  /// The offsets of the members, and of what lies below them, as a layout of a problem that has no
  /// others.
  func solution(of problem: LayoutProblem, offsets: [Int]) -> LayoutSolution {
    var all = pinned?.offsets ?? [Int](repeating: 0, count: problem.buffers.count)
    for (buffer, offset) in zip(buffers, offsets) { all[Int(buffer)] = offset }
    return LayoutSolution(offsets: all, for: problem)
  }

  /// A number for each member, the same for those that can change places in any layout, below the
  /// number of members.
  ///
  /// - Complexity: O(n log n) in the n members.
  var twinGroups: [Int32] {
    typealias Key = (Int32, Int32, Int, Int, Int, Int)
    func key(_ member: Int) -> Key {
      (
        first[member], end[member], size[member], alignment[member], padding[member],
        fixedOffset[member]
      )
    }
    let order = buffers.indices.sorted { a, b in
      let (left, right) = (key(a), key(b))
      return left != right ? left < right : a < b
    }
    var groups = [Int32](repeating: 0, count: count)
    for (position, member) in order.enumerated().dropFirst() {
      let before = order[position - 1]
      groups[member] = groups[before] + (key(before) == key(member) ? 0 : 1)
    }
    return groups
  }
}

extension Int {
  /// The greatest number that divides both; the other one where one is zero.
  static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
