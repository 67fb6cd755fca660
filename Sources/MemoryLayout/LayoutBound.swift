// SPDX-License-Identifier: Apache-2.0

/// The height that no layout can stay below.
///
/// Without alignment it is the peak load: the most bytes alive at once. With alignment, rounding
/// every size up is not allowed in general, for two reasons: the topmost buffer's padding is never
/// paid for, and a buffer of a small alignment may lie in the padding of one of a large alignment.
/// So, for each alignment `a` in use and each section: the members with an alignment of at least
/// `a` all begin at multiples of `a`; stacked, each of them but the topmost costs its size rounded
/// up to `a`. Their rounded sizes, less the largest padding among them, are a bound, and for
/// `a` = the smallest alignment the sum runs over everything alive. The end of a fixed buffer is a
/// bound as well.
///
/// What that counts is the places at multiples of `a` that lie within a chosen member: no two members
/// have one in common. Of a rigid group, whose members may begin anywhere but at distances known
/// modulo `a`, the same places are counted, each once.
enum LayoutBound {
  /// - Complexity: O(k (n log n + s)) in the n members, s sections and k different alignments.
  static func bound(
    of buffers: [LayoutBuffer], members: [Int32], groups: RigidGroups, sections: LayoutSections
  ) -> Int {
    var bound = 0
    for member in members {
      let buffer = buffers[Int(member)]
      let end = buffer.fixedOffset.map { $0 + buffer.size } ?? groups.end(of: Int(member), buffers)
      bound = max(bound, end)
    }
    let alignments = Set(members.map { buffers[Int($0)].alignment }).sorted()
    for alignment in alignments {
      let chosen = members.filter {
        let group = groups.group[Int($0)]
        return (group < 0 ? buffers[Int($0)].alignment : groups.modulus[Int(group)]) >= alignment
      }
      var change = [Int](repeating: 0, count: sections.count + 1)
      for member in chosen where groups.group[Int(member)] < 0 {
        let size = buffers[Int(member)].size.roundedUp(toMultipleOf: alignment)
        change[Int(sections.first[Int(member)])] += size
        change[Int(sections.end[Int(member)])] -= size
      }
      for group in 0..<groups.count where groups.modulus[group] >= alignment {
        groups.addLoad(
          of: group, unit: alignment, buffers: buffers, first: sections.first, end: sections.end,
          to: &change)
      }
      let padding = sections.maxima(over: chosen) { buffer in
        let end = groups.end(of: buffer, buffers)
        return end.roundedUp(toMultipleOf: alignment) - end
      }
      var sum = 0
      for section in 0..<sections.count {
        sum += change[section]
        bound = max(bound, sum - padding[section])
      }
    }
    return bound
  }
}
