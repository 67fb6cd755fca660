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

  /// Skips a problem at once where its n² / 4 comparisons are above the limit: about half of all
  /// pairs of members are looked at.
  ///
  /// - Complexity: O(n²) in the n members at worst, comparisons of two spans.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    let count = problem.members.count
    guard count * count / 4 <= limits.work else { return .skipped(.workLimit) }
    var work = 0
    let solution = Self.solution(
      of: problem, placing: order.order(of: problem), fit: fit, limit: StepLimit(of: limits),
      work: &work)
    return solution.map { .layout($0) } ?? .skipped(.workLimit)
  }

  /// The layout of members placed in the given order.
  ///
  /// With first fit and members by ascending offset in some valid layout, none ends up higher than
  /// it was there.
  static func solution(
    of problem: LayoutProblem, placing order: [Int32], fit: Fit
  ) -> LayoutSolution? {
    var work = 0
    return solution(
      of: problem, placing: order, fit: fit, limit: StepLimit(work: .max, deadline: nil),
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
    let sections = problem.sections
    var limit = limit
    var boxes = PlacedBoxes()
    var offsets = [Int](repeating: 0, count: problem.buffers.count)
    func place(_ member: Int, at offset: Int) {
      offsets[member] = offset
      boxes.insert(
        PlacedBoxes.Box(
          first: sections.first[member], end: sections.end[member], offset: offset,
          top: offset + problem.buffers[member].size))
    }
    for member in problem.fixedMembers {
      place(Int(member), at: problem.buffers[Int(member)].fixedOffset ?? 0)
    }
    for member in placed { place(Int(member), at: core[Int(member)]) }
    for member in order {
      let index = Int(member)
      let buffer = problem.buffers[index]
      guard buffer.fixedOffset == nil else { continue }
      let offset = boxes.offset(
        forSize: buffer.size, alignment: buffer.alignment,
        sections: sections.first[index]..<sections.end[index], fit: fit == .first ? .first : .best)
      place(index, at: offset)
      if limit.isReached(at: boxes.work) || offset + buffer.size >= height {
        work += boxes.work
        return nil
      }
    }
    work += boxes.work
    return LayoutSolution(offsets: offsets, for: problem)
  }
}
