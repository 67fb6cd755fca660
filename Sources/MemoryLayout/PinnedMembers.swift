// SPDX-License-Identifier: Apache-2.0

/// Members that a planner cannot move: those with a fixed offset, and groups, put at the bottom by
/// first fit among themselves.
///
/// Planners that build up from a floor start above all of them; what is free below stays free.
struct PinnedMembers {
  /// The offsets of the pinned members; 0 for all others.
  let offsets: [Int]

  /// The members that are not pinned.
  let loose: [Int32]

  /// By section, the highest end of a pinned member, rounded up to the problem's granule.
  let base: [Int]

  /// - Parameters:
  ///   - order: which group goes first: the one of the first member.
  ///   - limit: how many boxes may be looked at, and until when.
  /// - Returns: nil once the limit is reached.
  init?(of problem: LayoutProblem, order: LayoutOrder, limit: StepLimit) {
    loose = problem.members.filter {
      problem.buffers[Int($0)].fixedOffset == nil && problem.movingGroup(of: Int($0)) == nil
    }
    var fixed = [Int](repeating: 0, count: problem.buffers.count)
    if loose.count + problem.fixedMembers.count == problem.members.count {
      for member in problem.fixedMembers {
        fixed[Int(member)] = problem.buffers[Int(member)].fixedOffset ?? 0
      }
    } else {
      let tied = order.order(of: problem).filter { problem.movingGroup(of: Int($0)) != nil }
      var work = 0
      guard
        let placed = GapFitPlanner.solution(
          of: problem, placing: tied, fit: .first, limit: limit, work: &work)
      else { return nil }
      fixed = placed.offsets
    }
    offsets = fixed
    var isLoose = [Bool](repeating: false, count: problem.buffers.count)
    for member in loose { isLoose[Int(member)] = true }
    let pinned = problem.members.filter { !isLoose[Int($0)] }
    base = problem.sections.maxima(over: pinned) { member in
      (fixed[member] + problem.buffers[member].size).roundedUp(toMultipleOf: problem.granule)
    }
  }
}
