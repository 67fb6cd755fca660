// SPDX-License-Identifier: Apache-2.0

/// What a search for a layout of a given capacity found out.
public enum CapacityOutcome: Hashable, Sendable {
  /// A layout that is not higher than the capacity.
  case fits(LayoutSolution)
  /// There is none: proven.
  case infeasible
  /// The work or the time did not suffice to tell.
  case stopped
  /// The search does not take on such a problem.
  case skipped(LayoutSkip)
}

/// The valley search: exact, for a given capacity or for the least height.
///
/// See `ValleySearch` for the method. With several alignments, or sizes that are no multiples of the
/// alignment, nothing is peeled, which costs time only.
///
/// Buffers with a fixed offset, and rigid groups, which are put at the bottom by first fit, stay where
/// they are, and the search begins above them: exact where fixed buffers fill the bottom without a
/// hole, a heuristic that proves nothing otherwise.
public struct ValleyPlanner: LayoutPlanner {
  public var options: ValleyOptions

  /// The most elementary steps of an attempt, unless the limits allow less.
  public var work: Int

  /// The most pairs of a buffer and a section that it lives in: what memory is proportional to, some
  /// 12 bytes each.
  public var entryLimit: Int

  public init(
    options: ValleyOptions = ValleyOptions(), work: Int = .max, entryLimit: Int = 10_000_000
  ) {
    self.options = options
    self.work = work
    self.entryLimit = entryLimit
  }

  public var name: String { "valley" }

  /// Whether there is a layout of at most `capacity` bytes.
  ///
  /// - Complexity: exponential in the buffers at worst; bounded by the limits.
  public func outcome(
    of problem: LayoutProblem, capacity: Int, within limits: LayoutLimits = LayoutLimits()
  ) -> CapacityOutcome {
    if capacity < problem.lowerBound { return .infeasible }
    let work = min(work, limits.work)
    guard let pinned = PinnedMembers(of: problem, order: .load, work: work) else {
      return .stopped
    }
    let instance = ValleyInstance(problem, members: pinned.loose, above: pinned)
    guard instance.entryCount <= entryLimit else { return .skipped(.tooLarge) }
    let search = ValleySearch(instance, options: options)
    let result = search.result(capacity: capacity, work: work, deadline: limits.deadline)
    switch result.outcome {
    case .infeasible: return pinned.isExact ? .infeasible : .stopped
    case .stopped: return .stopped
    case .found(let offsets):
      return .fits(instance.solution(of: problem, offsets: offsets))
    }
  }

  /// Looks for the least height: tries the proven bound, then higher capacities until one works, then
  /// bisects; again with more work for each while something is left.
  public func attempt(_ problem: LayoutProblem, within limits: LayoutLimits) -> LayoutAttempt {
    let known = limits.incumbent ?? Self.stack(problem)
    guard !problem.members.isEmpty else { return .layout(known, provenBound: known.height) }
    // Groups can be stacked at the bottom in several ways.
    let orders: [LayoutOrder] = problem.hasGroups ? [.load, .size, .width] : [.load]
    var limits = limits
    limits.work = min(work, limits.work) / orders.count
    var best = known
    var provenBound: Int?
    var hasProvenMore = false
    var isExhausted = false
    var tried: [[Int]] = []
    for order in orders {
      guard let pinned = PinnedMembers(of: problem, order: order, work: limits.work) else {
        return .skipped(.workLimit)
      }
      guard !tried.contains(pinned.offsets) else { continue }
      tried.append(pinned.offsets)
      let instance = ValleyInstance(problem, members: pinned.loose, above: pinned)
      guard instance.entryCount <= entryLimit else { return .skipped(.tooLarge) }
      var descent = ValleyDescent(problem, instance, options: options, from: best, within: limits)
      descent.run()
      best = descent.best
      if pinned.isExact {
        provenBound = descent.provenBound
        hasProvenMore = descent.hasProvenMore
      }
      isExhausted = isExhausted || descent.isExhausted
      if best.height <= max(problem.lowerBound, limits.capacity ?? 0) { break }
    }
    if limits.incumbent == nil || best.height < known.height || hasProvenMore {
      return .layout(best, provenBound: provenBound)
    }
    return .skipped(isExhausted ? .workLimit : .noSolution)
  }

  /// A layout to start from.
  private static func stack(_ problem: LayoutProblem) -> LayoutSolution {
    guard
      let layout = SkylinePlanner(order: .load).attempt(problem, within: LayoutLimits()).solution
    else { preconditionFailure("without limits the skyline planner places everything") }
    return layout
  }
}
