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

/// A search for a layout of a given capacity: what it found out, and what it cost.
public struct CapacitySearch: Hashable, Sendable {
  /// What it found out.
  public var outcome: CapacityOutcome

  /// The nodes of the search tree, over all starts; 0 where no search was needed.
  public var nodeCount = 0

  /// Elementary steps, near a nanosecond each.
  public var work = 0
}

/// The valley search: exact, for a given capacity or for the least height, with any alignments and
/// fixed offsets.
///
/// See `ValleySearch` for the method. With several alignments, or sizes that are no multiples of the
/// alignment, nothing is peeled, nor is anything that lives together with a buffer of fixed offset,
/// which costs time only.
///
/// Rigid groups are put at the bottom by first fit, with all buffers of fixed offset, and the search
/// begins above them, which proves nothing.
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
    search(problem, capacity: capacity, within: limits).outcome
  }

  /// The same, with what it cost.
  public func search(
    _ problem: LayoutProblem, capacity: Int, within limits: LayoutLimits = LayoutLimits()
  ) -> CapacitySearch {
    if capacity < problem.lowerBound { return CapacitySearch(outcome: .infeasible) }
    let work = min(work, limits.work)
    let instance: ValleyInstance
    if problem.hasGroups {
      let limit = StepLimit(work: work, stop: limits.stop)
      guard let pinned = PinnedMembers(of: problem, order: .load, limit: limit) else {
        return CapacitySearch(outcome: .stopped)
      }
      instance = ValleyInstance(problem, members: pinned.loose, above: pinned)
    } else {
      instance = ValleyInstance(problem, members: problem.members)
    }
    guard instance.entryCount <= entryLimit else {
      return CapacitySearch(outcome: .skipped(.tooLarge))
    }
    let result = ValleySearch(instance, options: options).result(
      capacity: capacity, work: work, stop: limits.stop)
    let outcome: CapacityOutcome =
      switch result.outcome {
      case .infeasible: problem.hasGroups ? .stopped : .infeasible
      case .stopped: .stopped
      case .found(let offsets): .fits(instance.solution(of: problem, offsets: offsets))
      }
    return CapacitySearch(outcome: outcome, nodeCount: result.nodeCount, work: result.work)
  }

  /// Looks for the least height: tries the proven bound, then higher capacities until one works, then
  /// bisects; again with more work for each while something is left.
  public func attempt(_ problem: LayoutProblem, within limits: LayoutLimits) -> LayoutAttempt {
    let known = limits.incumbent ?? Self.stack(problem)
    guard !problem.members.isEmpty else { return .layout(known, provenBound: known.height) }
    var limits = limits
    limits.work = min(work, limits.work)
    if problem.hasGroups { return attemptAboveGroups(problem, from: known, within: limits) }
    let instance = ValleyInstance(problem, members: problem.members)
    guard instance.entryCount <= entryLimit else { return .skipped(.tooLarge) }
    var descent = ValleyDescent(problem, instance, options: options, from: known, within: limits)
    descent.run()
    if limits.incumbent == nil || descent.best.height < known.height || descent.hasProvenMore {
      return .layout(descent.best, provenBound: descent.provenBound)
    }
    return .skipped(descent.isExhausted ? .workLimit : .noSolution)
  }

  /// The same above rigid groups, which can be stacked at the bottom in several ways.
  private func attemptAboveGroups(
    _ problem: LayoutProblem, from known: LayoutSolution, within limits: LayoutLimits
  ) -> LayoutAttempt {
    let orders: [LayoutOrder] = [.load, .size, .width]
    var limits = limits
    limits.work /= orders.count
    var best = known
    var isExhausted = false
    var tried: [[Int]] = []
    for order in orders {
      let limit = StepLimit(work: limits.work, stop: limits.stop)
      guard let pinned = PinnedMembers(of: problem, order: order, limit: limit) else {
        return .skipped(.workLimit)
      }
      guard !tried.contains(pinned.offsets) else { continue }
      tried.append(pinned.offsets)
      let instance = ValleyInstance(problem, members: pinned.loose, above: pinned)
      guard instance.entryCount <= entryLimit else { return .skipped(.tooLarge) }
      var descent = ValleyDescent(problem, instance, options: options, from: best, within: limits)
      descent.run()
      best = descent.best
      isExhausted = isExhausted || descent.isExhausted
      if best.height <= max(problem.lowerBound, limits.capacity ?? 0) { break }
    }
    if limits.incumbent == nil || best.height < known.height { return .layout(best) }
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
