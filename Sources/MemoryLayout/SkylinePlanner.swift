// SPDX-License-Identifier: Apache-2.0

/// Fills the lowest place first: takes the lowest flat piece of the skyline, puts the best-ranked
/// buffer there that fits into it for its whole life, and where none fits gives the piece up to its
/// lower neighbour.
///
/// With `LayoutOrder.width` this is the profile-guided best fit, longest lifetime first (LLFB).
/// Source: Sekiyama et al., "Profile-guided memory optimization for deep neural networks" (2018),
/// after Burke et al., "A new placement heuristic for the orthogonal stock-cutting problem" (2004).
///
/// Deviation: buffers with a fixed offset, and rigid groups, are honoured by starting above all of
/// them; what is free below them stays free. Groups are put at the bottom by first fit.
public struct SkylinePlanner: LayoutPlanner {
  /// Which of the buffers that fit goes first.
  public var order: LayoutOrder

  /// A planner of one order.
  public init(order: LayoutOrder) { self.order = order }

  public var name: String { "skyline-\(order.rawValue)" }

  /// - Complexity: O(n log n) for the skyline and n searches of a `SpanIndex`.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    guard let pinned = PinnedMembers(of: problem, order: order, work: limits.work) else {
      return .skipped(.workLimit)
    }
    var offsets = pinned.offsets
    var isLoose = [Bool](repeating: false, count: problem.buffers.count)
    for member in pinned.loose { isLoose[Int(member)] = true }
    let order = order.order(of: problem).filter { isLoose[Int($0)] }
    guard !order.isEmpty else { return .layout(LayoutSolution(offsets: offsets, for: problem)) }

    let sections = problem.sections
    // Heights between two multiples of every alignment cannot be told apart by any buffer.
    let granule = problem.granule
    var skyline = Skyline(base: pinned.base)
    var waiting = SpanIndex(of: problem)
    waiting.fill(with: order)
    var limit = StepLimit(work: limits.work, deadline: limits.deadlineForBetter)
    var left = order.count
    while left > 0 {
      let (piece, height) = skyline.lowestPiece
      if let member = waiting.removeBest(within: piece.lowerBound, piece.upperBound) {
        let index = Int(member)
        let offset = problem.alignedOffset(height, for: index)
        offsets[index] = offset
        let top = (offset + problem.buffers[index].size).roundedUp(toMultipleOf: granule)
        skyline.raise(sections.first[index]..<sections.end[index], of: piece, to: top)
        left -= 1
      } else if !skyline.raiseToNeighbour(piece) {
        preconditionFailure("every buffer fits into a skyline that is flat all over")
      }
      if limit.isReached(at: waiting.work) { return .skipped(.workLimit) }
    }
    return .layout(LayoutSolution(offsets: offsets, for: problem))
  }
}
