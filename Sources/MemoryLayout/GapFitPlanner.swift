// SPDX-License-Identifier: Apache-2.0

/// Places buffers one by one in a fixed order, each into a gap between those already placed that
/// live together with it, or on top of them.
///
/// `size` with first fit is TensorFlow Lite Micro's greedy planner, with best fit TensorFlow Lite's
/// greedy by size. Source: Pisarchyk and Lee, "Efficient memory management for deep neural net
/// inference" (2020), section 5.2. Buffers with a fixed offset are placed before all others.
public struct GapFitPlanner: LayoutPlanner {
  /// Which gap a buffer goes into.
  public enum Fit: String, Hashable, Sendable {
    /// The lowest one that is large enough.
    case first = "first-fit"
    /// The one that leaves the fewest bytes; the lowest among equals.
    case best = "best-fit"
  }

  /// Which gap a buffer goes into.
  public var fit: Fit

  /// Which buffer goes first.
  public var order: LayoutOrder

  /// A planner of one fit and one order.
  public init(fit: Fit, order: LayoutOrder) {
    self.fit = fit
    self.order = order
  }

  public var name: String { "\(fit.rawValue)-\(order.rawValue)" }

  /// - Complexity: near linear in the n members where they are stacked in long runs that live
  ///   together, O(n²) comparisons of two spans at worst; see `PlacedBoxes`.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    var work = limits.work
    let solution = Self.solution(
      of: problem, placing: order.order(of: problem), fit: fit, work: &work,
      until: limits.deadlineForBetter)
    return solution.map { .layout($0) } ?? .skipped(.workLimit)
  }

  /// The layout of members placed in the given order.
  ///
  /// With first fit and members by ascending offset in some valid layout without moving groups, none
  /// ends up higher than it was there.
  static func solution(
    of problem: LayoutProblem, placing order: [Int32], fit: Fit
  ) -> LayoutSolution? {
    var work = Int.max
    return solution(of: problem, placing: order, fit: fit, work: &work)
  }

  /// The same, or nil once the work or the time is used up or the layout is not below a height.
  ///
  /// - Parameters:
  ///   - work: how many boxes may be looked at; what was used is taken off.
  ///   - placed: members that are where `core` has them, before all others.
  static func solution(
    of problem: LayoutProblem, placing order: [Int32], fit: Fit, work: inout Int,
    until deadline: ContinuousClock.Instant? = nil, below height: Int = .max,
    around placed: [Int32] = [], at core: [Int] = []
  ) -> LayoutSolution? {
    var limit = StepLimit(work: work, deadline: deadline)
    var fitting = GapFitting(problem, fit: fit)
    for member in problem.fixedMembers {
      fitting.place(Int(member), at: problem.buffers[Int(member)].fixedOffset ?? 0)
    }
    for member in placed { fitting.place(Int(member), at: core[Int(member)]) }
    for member in order {
      let top = fitting.place(Int(member), &limit)
      if limit.isReached(at: fitting.boxes.work) || top >= height {
        work -= fitting.boxes.work
        return nil
      }
    }
    work -= fitting.boxes.work
    return LayoutSolution(offsets: fitting.offsets, for: problem)
  }
}

/// A layout in the making: what is placed, and where the next one fits.
private struct GapFitting {
  let problem: LayoutProblem
  let fit: PlacedBoxes.Fit
  private(set) var boxes = PlacedBoxes()
  private(set) var offsets: [Int]
  private var isGroupPlaced: [Bool]

  init(_ problem: LayoutProblem, fit: GapFitPlanner.Fit) {
    self.problem = problem
    self.fit = fit == .first ? .first : .best
    offsets = [Int](repeating: 0, count: problem.buffers.count)
    isGroupPlaced = [Bool](repeating: false, count: problem.groups.count)
  }

  /// Puts a member where it has to be.
  mutating func place(_ member: Int, at offset: Int) {
    offsets[member] = offset
    let sections = problem.sections
    boxes.insert(
      PlacedBoxes.Box(
        first: sections.first[member], end: sections.end[member], offset: offset,
        top: offset + problem.buffers[member].size))
    if let group = problem.movingGroup(of: member) { isGroupPlaced[group] = true }
  }

  /// Puts a member into a gap, with its group if it has one, unless it is in place already.
  ///
  /// - Returns: the highest end of what was placed, `Int.max` where the limit was reached.
  mutating func place(_ member: Int, _ limit: inout StepLimit) -> Int {
    let buffer = problem.buffers[member]
    guard buffer.fixedOffset == nil else { return 0 }
    if let group = problem.movingGroup(of: member) {
      return isGroupPlaced[group] ? 0 : placeGroup(group, &limit)
    }
    let offset = boxes.offset(
      forSize: buffer.size, alignment: buffer.alignment, sections: lifetime(member), fit: fit)
    place(member, at: offset)
    return offset + buffer.size
  }

  /// The lowest place at which every member of a group fits; always the lowest, whatever the fit.
  private mutating func placeGroup(_ group: Int, _ limit: inout StepLimit) -> Int {
    let groups = problem.groups
    let members = groups.members(of: group).map { Int($0) }
      .filter { problem.buffers[$0].size > 0 }
    var base = groups.base(of: group, atLeast: 0)
    // A member that does not fit pushes the base up to where it does, until none is in the way.
    var fitting = 0
    var next = 0
    while fitting < members.count {
      let member = members[next]
      let wanted = base + groups.distance[member]
      let offset = boxes.offset(
        forSize: problem.buffers[member].size, alignment: 1, sections: lifetime(member),
        fit: .first, from: wanted)
      if offset > wanted {
        base = groups.base(of: group, atLeast: offset - groups.distance[member])
        fitting = 0
      } else {
        fitting += 1
      }
      next = next + 1 < members.count ? next + 1 : 0
      if limit.isReached(at: boxes.work) { return .max }
    }
    for member in members { place(member, at: base + groups.distance[member]) }
    return base + groups.height[group]
  }

  private func lifetime(_ member: Int) -> Range<Int32> {
    problem.sections.first[member]..<problem.sections.end[member]
  }
}
