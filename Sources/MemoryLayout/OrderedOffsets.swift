// SPDX-License-Identifier: Apache-2.0

/// The least offsets that keep members in a given order from bottom to top, in exact integers.
///
/// Of a solver's answer only the order is to be trusted. A member lies on the highest end of those
/// before it that live together with it; a rigid group as high as its most demanding member wants.
enum OrderedOffsets {
  /// The lowest layout in which each member is above all earlier ones that live with it, or nil where
  /// there is none below a height: fixed members, or groups that hold each other up, may not allow
  /// the order at all.
  ///
  /// - Parameters:
  ///   - order: all members.
  ///   - height: that of a layout, for which sums are known to fit an `Int`.
  /// - Complexity: O(n²) in the n members for each round; one round, and another where groups move
  ///   what came before, at most one for each group.
  static func solution(
    of problem: LayoutProblem, fromBottomToTop order: [Int32], below height: Int
  ) -> LayoutSolution? {
    let groups = problem.groups
    var offsets = problem.buffers.map { $0.fixedOffset ?? 0 }
    for group in 0..<groups.count {
      let base = groups.base(of: group, atLeast: 0)
      for member in groups.members(of: group) where problem.movingGroup(of: Int(member)) != nil {
        offsets[Int(member)] = base + groups.distance[Int(member)]
      }
    }
    for _ in 0...groups.count + 1 {
      var hasChanged = false
      for (place, member) in order.enumerated() {
        let index = Int(member)
        let least = floor(under: index, order[..<place], offsets, problem)
        guard least > offsets[index] else { continue }
        if problem.buffers[index].fixedOffset != nil || least >= height { return nil }
        hasChanged = true
        if let group = problem.movingGroup(of: index) {
          let base = groups.base(of: group, atLeast: least - groups.distance[index])
          for member in groups.members(of: group) {
            offsets[Int(member)] = base + groups.distance[Int(member)]
          }
        } else {
          offsets[index] = problem.alignedOffset(least, for: index)
        }
      }
      if !hasChanged { return LayoutSolution(offsets: offsets, for: problem) }
    }
    return nil
  }

  /// The highest end of earlier members that live together with one and are not tied to it.
  private static func floor(
    under index: Int, _ earlier: ArraySlice<Int32>, _ offsets: [Int], _ problem: LayoutProblem
  ) -> Int {
    let span = problem.sections.span(of: index)
    let group = problem.groups.group[index]
    var floor = 0
    for other in earlier {
      let other = Int(other)
      let end = offsets[other] + problem.buffers[other].size
      if end > floor, problem.sections.span(of: other).overlaps(span),
        group < 0 || problem.groups.group[other] != group
      {
        floor = end
      }
    }
    return floor
  }
}
