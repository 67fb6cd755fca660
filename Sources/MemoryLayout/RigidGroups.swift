// SPDX-License-Identifier: Apache-2.0

/// The groups that ties make of buffers: who belongs together, and how far each member lies above
/// the lowest one of its group.
struct RigidGroups: Sendable {
  /// The group of each buffer, -1 for those that no tie names.
  private(set) var group: [Int32]

  /// How far each buffer lies above the base of its group, which is its lowest member's offset; 0
  /// for buffers of no group.
  private(set) var distance: [Int]

  /// The members of all groups, group after group, each ascending; those without bytes too.
  private var members: [Int32] = []
  private var starts: [Int] = [0]

  /// What the bases are congruent to, and modulo what, so that every member is aligned.
  private(set) var residue: [Int] = []
  private(set) var modulus: [Int] = []

  /// The highest end of a member with bytes above the base, by group.
  private(set) var height: [Int] = []

  /// The number of groups.
  var count: Int { height.count }

  /// The members of a group.
  func members(of group: Int) -> ArraySlice<Int32> { members[starts[group]..<starts[group + 1]] }

  /// The lowest base of a group that is at least `offset` and aligns every member.
  func base(of group: Int, atLeast offset: Int) -> Int {
    let mask = modulus[group] - 1
    return offset + ((residue[group] - offset) & mask)
  }

  /// The end of a buffer in the lowest place of its group, or at offset 0.
  func end(of buffer: Int, _ buffers: [LayoutBuffer]) -> Int {
    let number = group[buffer]
    return (number < 0 ? 0 : residue[Int(number)]) + distance[buffer] + buffers[buffer].size
  }

  /// - Parameters:
  ///   - buffers: valid ones.
  ///   - ties: with distances whose magnitudes, and those of all sizes and alignments, add up to
  ///     far less than an `Int`.
  /// - Throws: `LayoutError` for ties that name no buffer, contradict each other, or leave a member
  ///   unaligned wherever the group lies.
  /// - Complexity: O(n + t) in the n buffers and t ties.
  init(of buffers: [LayoutBuffer], ties: [LayoutTie]) throws(LayoutError) {
    group = [Int32](repeating: -1, count: buffers.count)
    distance = [Int](repeating: 0, count: buffers.count)
    for (index, tie) in ties.enumerated() {
      for end in [tie.buffer, tie.base] where !buffers.indices.contains(end) {
        throw .unknownTiedBuffer(tie: index, buffer: end)
      }
    }
    guard !ties.isEmpty else { return }
    let neighbours = Neighbours(of: buffers.count, ties: ties)
    for buffer in buffers.indices where group[buffer] < 0 && neighbours.has(buffer) {
      collect(from: buffer, neighbours, ties)
    }
    for tie in ties where distance[tie.buffer] - distance[tie.base] != tie.distance {
      throw .contradictoryTie(buffer: tie.buffer, base: tie.base, distance: tie.distance)
    }
    for group in 0..<starts.count - 1 { try settle(group, buffers) }
  }

  /// Who is tied to whom: rows of tie numbers by buffer.
  private struct Neighbours {
    var starts: [Int]
    var ties: [Int32]

    init(of count: Int, ties all: [LayoutTie]) {
      starts = [Int](repeating: 0, count: count + 1)
      for tie in all {
        starts[tie.buffer + 1] += 1
        starts[tie.base + 1] += 1
      }
      for index in 0..<count { starts[index + 1] += starts[index] }
      ties = [Int32](repeating: 0, count: 2 * all.count)
      var next = starts
      for (index, tie) in all.enumerated() {
        for end in [tie.buffer, tie.base] {
          ties[next[end]] = Int32(index)
          next[end] += 1
        }
      }
    }

    func has(_ buffer: Int) -> Bool { starts[buffer] < starts[buffer + 1] }
  }

  /// Gathers a new group, with distances from its first member.
  private mutating func collect(from first: Int, _ neighbours: Neighbours, _ ties: [LayoutTie]) {
    let number = Int32(starts.count - 1)
    group[first] = number
    var found = [Int32(first)]
    var next = 0
    while next < found.count {
      let buffer = Int(found[next])
      next += 1
      for index in neighbours.ties[neighbours.starts[buffer]..<neighbours.starts[buffer + 1]] {
        let tie = ties[Int(index)]
        let other = tie.buffer == buffer ? tie.base : tie.buffer
        guard group[other] < 0 else { continue }
        group[other] = number
        distance[other] =
          distance[buffer] + (other == tie.buffer ? tie.distance : -tie.distance)
        found.append(Int32(other))
      }
    }
    members += found.sorted()
    starts.append(members.count)
  }

  /// Moves a group's distances so that the least one is 0, and derives its alignment and height.
  private mutating func settle(_ group: Int, _ buffers: [LayoutBuffer]) throws(LayoutError) {
    let members = members(of: group)
    let least = members.reduce(Int.max) { min($0, distance[Int($1)]) }
    var anchor = Int(members[members.startIndex])
    var top = 0
    for member in members {
      let index = Int(member)
      distance[index] -= least
      if buffers[index].size > 0 { top = max(top, distance[index] + buffers[index].size) }
      if buffers[index].alignment > buffers[anchor].alignment { anchor = index }
    }
    for member in members {
      let between = distance[Int(member)] - distance[anchor]
      guard between & (buffers[Int(member)].alignment - 1) == 0 else {
        throw .misalignedTie(buffer: Int(member), base: anchor, distance: between)
      }
    }
    let mask = buffers[anchor].alignment - 1
    modulus.append(buffers[anchor].alignment)
    residue.append(-distance[anchor] & mask)
    height.append(top)
  }
}
