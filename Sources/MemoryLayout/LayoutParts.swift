// SPDX-License-Identifier: Apache-2.0

/// A problem in parts that have nothing to do with each other: no buffer lives in two of them, and no
/// tie joins them. The least height of the problem is the largest of its parts' least heights.
struct LayoutParts {
  /// The members of each part, ascending; parts by their first section.
  let parts: [[Int32]]

  /// - Complexity: O(n + s) in the n members and s sections.
  init(of problem: LayoutProblem) {
    let sections = problem.sections
    // Sections that one buffer lives in belong together, and so do those of one group.
    var reach = [Int32](repeating: 0, count: sections.count)
    for member in problem.members {
      let span = sections.span(of: Int(member))
      reach[span.lowerBound] = max(reach[span.lowerBound], sections.end[Int(member)])
    }
    var part = [Int](repeating: 0, count: sections.count)
    var count = 0
    var end = 0
    for section in 0..<sections.count {
      if section >= end, section > 0 { count += 1 }
      end = max(end, Int(reach[section]))
      part[section] = count
    }
    var parent = Array(0...count)
    func root(of part: Int) -> Int {
      var root = part
      while parent[root] != root {
        parent[root] = parent[parent[root]]
        root = parent[root]
      }
      return root
    }
    var partOfGroup = [Int?](repeating: nil, count: problem.groups.count)
    for member in problem.members {
      let group = Int(problem.groups.group[Int(member)])
      guard group >= 0 else { continue }
      let own = root(of: part[Int(sections.first[Int(member)])])
      if let other = partOfGroup[group].map({ root(of: $0) }) {
        parent[max(own, other)] = min(own, other)
      } else {
        partOfGroup[group] = own
      }
    }
    var members = [[Int32]](repeating: [], count: count + 1)
    for member in problem.members {
      members[root(of: part[Int(sections.first[Int(member)])])].append(member)
    }
    parts = members.filter { !$0.isEmpty }
  }
}

/// Some buffers of a problem as a problem of their own.
struct Subproblem {
  /// The problem, with the ties among its buffers.
  let problem: LayoutProblem

  /// The buffers in the whole problem: the chosen ones, then those without bytes that are tied to
  /// them.
  let buffers: [Int32]

  /// - Parameters:
  ///   - chosen: different members of `whole`.
  ///   - fixed: offsets for those among them that are to stay where they are.
  /// - Throws: `LayoutError` where what is fixed collides or cannot keep its ties.
  init(
    of whole: LayoutProblem, _ chosen: [Int32], fixed: (Int) -> Int? = { _ in nil }
  ) throws(LayoutError) {
    let groups = whole.groups
    var place = [Int32](repeating: -1, count: whole.buffers.count)
    var buffers = chosen
    for (index, member) in chosen.enumerated() { place[Int(member)] = Int32(index) }
    var ties: [LayoutTie] = []
    for group in 0..<groups.count {
      let members = groups.members(of: group)
      guard let first = members.first(where: { place[Int($0)] >= 0 }) else { continue }
      for member in members where member != first {
        let index = Int(member)
        if place[index] < 0, whole.buffers[index].size == 0 {
          place[index] = Int32(buffers.count)
          buffers.append(member)
        }
        guard place[index] >= 0 else { continue }
        ties.append(
          LayoutTie(
            Int(place[index]), to: Int(place[Int(first)]),
            distance: groups.distance[index] - groups.distance[Int(first)]))
      }
    }
    self.buffers = buffers
    problem = try LayoutProblem(
      buffers: buffers.map { member in
        var buffer = whole.buffers[Int(member)]
        buffer.fixedOffset = buffer.fixedOffset ?? fixed(Int(member))
        return buffer
      }, ties: ties)
  }

  /// The part of a layout of the whole problem.
  func solution(in offsets: [Int]) -> LayoutSolution {
    LayoutSolution(offsets: buffers.map { offsets[Int($0)] }, for: problem)
  }

  /// Puts a layout of the part into one of the whole problem.
  func put(_ solution: LayoutSolution, into offsets: inout [Int]) {
    for (index, member) in buffers.enumerated() {
      offsets[Int(member)] = solution.offsets[index]
    }
  }
}
