// SPDX-License-Identifier: Apache-2.0

/// What a run-time allocator would do: goes through time, frees what has died, and gives each
/// newborn buffer, larger ones first, the smallest free block that is large enough.
///
/// Not good, but near linear on any problem. It cannot honour fixed offsets and ties, since it
/// never looks ahead.
public struct ChronologicalPlanner: LayoutPlanner {
  /// The planner; it has no options.
  public init() {}

  public var name: String { "chronological" }

  /// - Complexity: O(n log n) expected in the n members.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    guard problem.fixedMembers.isEmpty else { return .skipped(.fixedOffsets) }
    guard !problem.hasGroups else { return .skipped(.ties) }
    guard problem.members.count <= limits.work / 64 else { return .skipped(.workLimit) }
    let sections = problem.sections
    let births = problem.members.sorted { a, b in
      let (a, b) = (Int(a), Int(b))
      return (sections.first[a], -problem.buffers[a].size, a)
        < (sections.first[b], -problem.buffers[b].size, b)
    }
    let deaths = problem.members.sorted { a, b in
      (sections.end[Int(a)], a) < (sections.end[Int(b)], b)
    }
    var arena = Arena()
    var blocks = [Int32](repeating: -1, count: problem.buffers.count)
    var offsets = [Int](repeating: 0, count: problem.buffers.count)
    var dead = 0
    for member in births {
      let index = Int(member)
      while sections.end[Int(deaths[dead])] <= sections.first[index] {
        arena.release(blocks[Int(deaths[dead])])
        dead += 1
      }
      let buffer = problem.buffers[index]
      (blocks[index], offsets[index]) = arena.allocate(
        size: buffer.size, alignment: buffer.alignment)
    }
    return .layout(LayoutSolution(offsets: offsets, for: problem))
  }
}
