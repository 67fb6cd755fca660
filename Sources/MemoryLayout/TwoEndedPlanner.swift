// SPDX-License-Identifier: Apache-2.0

/// Long-lived buffers from the bottom, short-lived ones from the top, so that what stays and what
/// comes and goes do not fragment each other, as run-time allocators with two ends have it.
///
/// A buffer is long-lived if it lives longer than the mean life of a byte. Both ends are filled by
/// first fit, longest life first, as if the other were not there; then the upper end is lowered onto
/// the lower one as a whole, and at last every buffer as far as its order allows. Buffers with a
/// fixed offset and rigid groups belong to the bottom.
public struct TwoEndedPlanner: LayoutPlanner {
  /// The planner; it has no options.
  public init() {}

  public var name: String { "two-ended" }

  /// - Complexity: that of three first fits of all n members, see `GapFitPlanner`.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    var work = limits.work
    let deadline = limits.deadlineForBetter
    let (bottom, top) = Self.ends(of: problem)
    guard
      let lower = GapFitPlanner.solution(
        of: problem, placing: bottom, fit: .first, work: &work, until: deadline),
      let upper = Self.hanging(top, in: problem, work: &work, until: deadline)
    else { return .skipped(.workLimit) }

    var isTop = [Bool](repeating: false, count: problem.buffers.count)
    for member in top { isTop[Int(member)] = true }
    // The lowest ceiling at which the ends do not meet.
    let sections = problem.sections
    let floor = sections.maxima(over: problem.members.filter { !isTop[Int($0)] }) {
      lower.offsets[$0] + problem.buffers[$0].size
    }
    let depth = sections.maxima(over: top) { upper[$0] }
    let alignment = top.map { problem.buffers[Int($0)].alignment }.max() ?? 1
    let ceiling = (zip(floor, depth).map { $0 + $1 }.max() ?? 0).roundedUp(
      toMultipleOf: alignment)
    var offsets = lower.offsets
    for member in top { offsets[Int(member)] = ceiling - upper[Int(member)] }
    let joined = LayoutSolution(offsets: offsets, for: problem)

    let ascending = problem.members.sorted { (offsets[Int($0)], $0) < (offsets[Int($1)], $1) }
    let lowered = GapFitPlanner.solution(
      of: problem, placing: ascending, fit: .first, work: &work, until: deadline,
      below: joined.height)
    return .layout(lowered ?? joined)
  }

  /// The members of the bottom and of the top, longest life first.
  private static func ends(of problem: LayoutProblem) -> (bottom: [Int32], top: [Int32]) {
    var bytes = 0.0
    var area = 0.0
    for member in problem.members {
      let buffer = problem.buffers[Int(member)]
      bytes += Double(buffer.size)
      area += Double(buffer.size) * Double(buffer.upper - buffer.lower)
    }
    let order = LayoutOrder.width.order(of: problem)
    let isBottom = { (member: Int32) in
      let buffer = problem.buffers[Int(member)]
      return Double(buffer.upper - buffer.lower) * bytes >= area || buffer.fixedOffset != nil
        || problem.movingGroup(of: Int(member)) != nil
    }
    return (order.filter(isBottom), order.filter { !isBottom($0) })
  }

  /// How far each of some members begins below a ceiling that is a multiple of all alignments; nil
  /// once the work or the time is used up.
  ///
  /// Upside down, ends take the place of beginnings: with sizes rounded up to their alignment, those
  /// are aligned too.
  private static func hanging(
    _ members: [Int32], in problem: LayoutProblem, work: inout Int,
    until deadline: ContinuousClock.Instant?
  ) -> [Int]? {
    var limit = StepLimit(work: work, deadline: deadline)
    var boxes = PlacedBoxes()
    var depth = [Int](repeating: 0, count: problem.buffers.count)
    for member in members {
      let index = Int(member)
      let buffer = problem.buffers[index]
      let size = buffer.size.roundedUp(toMultipleOf: buffer.alignment)
      let sections = problem.sections.first[index]..<problem.sections.end[index]
      let end = boxes.offset(
        forSize: size, alignment: buffer.alignment, sections: sections, fit: .first)
      boxes.insert(
        PlacedBoxes.Box(
          first: sections.lowerBound, end: sections.upperBound, offset: end, top: end + size))
      depth[index] = end + size
      if limit.isReached(at: boxes.work) { return nil }
    }
    work -= boxes.work
    return depth
  }
}
