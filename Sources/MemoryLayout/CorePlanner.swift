// SPDX-License-Identifier: Apache-2.0

/// For large problems: searches exactly only among the buffers that meet a nearly full section, and
/// fits the others into the holes.
///
/// Few buffers ever meet a moment near the peak, and the others have room. For a capacity equal to
/// the proven bound, then slightly larger ones: the valley search places the core, the rest goes in
/// by first and best fit, in two orders; where that ends too high the core is lowered and the rest
/// fitted again, and then a larger core is tried. Buffers of fixed offset belong to every core.
public struct CorePlanner: LayoutPlanner {
  public var options: ValleyOptions

  /// The most elementary steps of an attempt's searches, unless the limits allow less; fitting the
  /// rest may take as many, and n² / 2 more for n buffers.
  public var work: Int

  /// What belongs to the core: buffers that meet a load of at least this part of the peak.
  public var thresholds: [Double]

  /// The most pairs of a buffer of the core and a section that it lives in.
  public var entryLimit: Int

  public init(
    options: ValleyOptions = ValleyOptions(), work: Int = .max,
    thresholds: [Double] = [0.95, 0.8, 0.5, 0], entryLimit: Int = 10_000_000
  ) {
    self.options = options
    self.work = work
    self.thresholds = thresholds
    self.entryLimit = entryLimit
  }

  public var name: String { "core-first" }

  /// The capacities tried, in parts of ten thousand above the bound.
  private static let allowances = [0, 5, 10, 20, 50, 100, 200]

  /// Some fits take a quarter of all pairs each.
  private static func fitWork(_ problem: LayoutProblem, _ work: Int, _ limit: Int) -> Int {
    let pairs = problem.members.count * problem.members.count / 2
    return work > limit - min(limit, pairs) ? limit : work + pairs
  }

  /// - Complexity: O(k n) comparisons for the fit of n buffers around k of a core, beside the search.
  public func attempt(_ problem: LayoutProblem, within limits: LayoutLimits) -> LayoutAttempt {
    var attempt = CoreAttempt(
      problem, options: options, best: limits.incumbent, work: min(work, limits.work),
      fitWork: Self.fitWork(problem, work, limits.work), deadline: limits.deadline)
    for allowance in Self.allowances {
      let bound = max(problem.lowerBound, limits.capacity ?? 0)
      let capacity = bound + bound / 10_000 * allowance + bound % 10_000 * allowance / 10_000
      if attempt.height <= capacity { break }
      var size = -1
      for threshold in thresholds {
        let core = attempt.core(atLeast: threshold)
        guard core.count > size else { continue }
        size = core.count
        let instance = ValleyInstance(problem, members: core)
        // A larger core is harder still.
        guard instance.entryCount <= entryLimit, attempt.search(instance, capacity: capacity)
        else { break }
        if attempt.height <= capacity { break }
      }
      if attempt.isExhausted || limits.capacity != nil { break }
    }
    if let best = attempt.best, limits.incumbent == nil || attempt.hasImproved {
      return .layout(best)
    }
    return .skipped(attempt.isExhausted ? .workLimit : .noSolution)
  }
}

/// The state of one attempt.
private struct CoreAttempt {
  let problem: LayoutProblem
  let options: ValleyOptions
  let deadline: ContinuousClock.Instant?

  private(set) var best: LayoutSolution?
  private(set) var hasImproved = false
  private var workLeft: Int
  private var fitWorkLeft: Int

  /// The most work of one search.
  private let searchWork: Int

  /// The largest load that each member meets, in the order of the members.
  private let largestLoads: [Int]

  /// Two orders for the rest.
  private let orders: [[Int32]]

  init(
    _ problem: LayoutProblem, options: ValleyOptions, best: LayoutSolution?, work: Int,
    fitWork: Int, deadline: ContinuousClock.Instant?
  ) {
    self.problem = problem
    self.options = options
    self.best = best
    self.deadline = deadline
    workLeft = work
    fitWorkLeft = fitWork
    searchWork = max(1, work / 8)
    let load = RangeMaximum(problem.sections.load)
    largestLoads = problem.members.map {
      load.maximum(in: problem.sections.span(of: Int($0)))
    }
    orders = [LayoutOrder.size, .load].map { $0.order(of: problem) }
  }

  var height: Int { best?.height ?? .max }

  var isExhausted: Bool {
    if let deadline, ContinuousClock.now >= deadline { return true }
    return workLeft <= 0 || fitWorkLeft <= 0
  }

  /// A step of a fit takes no more than a nanosecond.
  private var workToDeadline: Int {
    guard let deadline else { return .max }
    let left = ContinuousClock.now.duration(to: deadline)
    return left > .seconds(60) ? .max : max(0, Int(left / .nanoseconds(1)))
  }

  /// The members that meet a load of at least a part of the peak, and those of fixed offset.
  func core(atLeast threshold: Double) -> [Int32] {
    let peak = Double(problem.sections.load.max() ?? 0)
    return zip(problem.members, largestLoads).filter { member, load in
      Double(load) >= threshold * peak || problem.buffers[Int(member)].fixedOffset != nil
    }.map(\.0)
  }

  /// Places a core and fits the rest around it; false where the search found nothing.
  mutating func search(_ instance: ValleyInstance, capacity: Int) -> Bool {
    guard !isExhausted else { return false }
    let result = ValleySearch(instance, options: options).result(
      capacity: capacity, work: min(workLeft, searchWork), deadline: deadline)
    workLeft -= max(1, result.work)
    guard case .found(let found) = result.outcome else { return false }

    var offsets = [Int](repeating: 0, count: problem.buffers.count)
    var isCore = [Bool](repeating: false, count: problem.buffers.count)
    for (buffer, offset) in zip(instance.buffers, found) {
      offsets[Int(buffer)] = offset
      isCore[Int(buffer)] = true
    }
    let rest = orders.map { $0.filter { !isCore[Int($0)] } }
    // Buffers of fixed offset are placed before all others anyway.
    let core = instance.buffers.filter { problem.buffers[Int($0)].fixedOffset == nil }.sorted {
      (offsets[Int($0)], $0) < (offsets[Int($1)], $1)
    }
    fit(rest, around: core, at: offsets, capacity)
    if height > capacity,
      let lowered = GapFitPlanner.solution(of: problem, placing: core, fit: .first)
    {
      fit(rest, around: core, at: lowered.offsets, capacity)
    }
    return true
  }

  private mutating func fit(
    _ rest: [[Int32]], around core: [Int32], at offsets: [Int], _ capacity: Int
  ) {
    for order in rest {
      for fit in [GapFitPlanner.Fit.first, .best] where height > capacity && !isExhausted {
        let allowed = min(fitWorkLeft, workToDeadline)
        var left = allowed
        let solution = GapFitPlanner.solution(
          of: problem, placing: order, fit: fit, work: &left, below: height, around: core,
          at: offsets)
        fitWorkLeft -= allowed - left
        if let solution, solution.height < height {
          best = solution
          hasImproved = true
        }
      }
    }
  }
}
