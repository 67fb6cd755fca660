// SPDX-License-Identifier: Apache-2.0
import Cancellation

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
    var work = 0
    let solution = Self.solution(
      of: problem, placing: order.order(of: problem), fit: fit, limit: StepLimit(of: limits),
      work: &work)
    return solution.map { .layout($0) } ?? .skipped(.workLimit)
  }

  /// The layout of members placed in the given order.
  ///
  /// With first fit and members by ascending offset in some valid layout without moving groups, none
  /// ends up higher than it was there.
  static func solution(
    of problem: LayoutProblem, placing order: [Int32], fit: Fit
  ) -> LayoutSolution? {
    var work = 0
    return solution(
      of: problem, placing: order, fit: fit, limit: StepLimit(work: .max, stop: StopCondition()),
      work: &work)
  }

  /// The same, or nil once the limit is reached or the layout is not below a height.
  ///
  /// - Parameters:
  ///   - limit: how many boxes may be looked at, and until when.
  ///   - work: how many were looked at is added.
  ///   - placed: members that are where `core` has them, before all others.
  static func solution(
    of problem: LayoutProblem, placing order: [Int32], fit: Fit, limit: StepLimit,
    work: inout Int, below height: Int = .max, around placed: [Int32] = [], at core: [Int] = []
  ) -> LayoutSolution? {
    var fitting = GapFitting(problem, fit: fit, limit: limit, work: work)
    defer { work = fitting.work }
    for member in problem.fixedMembers {
      fitting.place(Int(member), at: problem.buffers[Int(member)].fixedOffset ?? 0)
    }
    for member in placed { fitting.place(Int(member), at: core[Int(member)]) }
    for member in order {
      guard let top = fitting.place(Int(member)), top < height else { return nil }
    }
    return LayoutSolution(offsets: fitting.offsets, for: problem)
  }
}

/// A layout in the making: what is placed, and where the next one fits.
private struct GapFitting {
  let problem: LayoutProblem
  let fit: PlacedBoxes.Fit
  private var boxes = PlacedBoxes()
  private(set) var offsets: [Int]
  private var isGroupPlaced: [Bool]
  private var limit: StepLimit
  private let workBefore: Int

  init(_ problem: LayoutProblem, fit: GapFitPlanner.Fit, limit: StepLimit, work: Int) {
    self.limit = limit
    workBefore = work
    self.problem = problem
    self.fit = fit == .first ? .first : .best
    offsets = [Int](repeating: 0, count: problem.buffers.count)
    isGroupPlaced = [Bool](repeating: false, count: problem.groups.count)
  }

  /// How many boxes were looked at, with those before.
  var work: Int { workBefore + boxes.work }

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
  /// - Returns: the highest end of what was placed; nil once the limit is reached.
  mutating func place(_ member: Int) -> Int? {
    let buffer = problem.buffers[member]
    guard buffer.fixedOffset == nil else { return 0 }
    if let group = problem.movingGroup(of: member) {
      return isGroupPlaced[group] ? 0 : placeGroup(group)
    }
    let offset = boxes.offset(
      forSize: buffer.size, alignment: buffer.alignment, sections: lifetime(member), fit: fit)
    place(member, at: offset)
    return limit.isReached(at: work) ? nil : offset + buffer.size
  }

  /// The lowest place at which every member of a group fits; always the lowest, whatever the fit.
  private mutating func placeGroup(_ group: Int) -> Int? {
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
      if limit.isReached(at: work) { return nil }
    }
    for member in members { place(member, at: base + groups.distance[member]) }
    return base + groups.height[group]
  }

  private func lifetime(_ member: Int) -> Range<Int32> {
    problem.sections.first[member]..<problem.sections.end[member]
  }
}
