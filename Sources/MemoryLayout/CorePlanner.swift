// SPDX-License-Identifier: Apache-2.0
import Cancellation

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

  /// How many times as many they are for problems of at most ``patientCount`` buffers, of which more
  /// work finds lower layouts; of larger ones it seldom does.
  public var patience = 1

  /// What more work is worth it for.
  public static let patientCount = 2_000

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
  private static let allowances = [0, 5, 10, 20, 50, 100, 200, 400]

  /// The capacities tried. One that is good enough comes first, then a few below it: luck decides, and
  /// whether one is met says little about its neighbours.
  private static func capacities(of problem: LayoutProblem, _ enough: Int?) -> [Int] {
    let bound = problem.lowerBound
    guard let enough, enough > bound else {
      return allowances.map { bound + bound / 10_000 * $0 + bound % 10_000 * $0 / 10_000 }
    }
    return [enough] + [8, 4, 2].map { enough - (enough - bound) / $0 }
  }

  /// Some fits take a quarter of all pairs each.
  private static func fitWork(_ problem: LayoutProblem, _ work: Int, _ limit: Int) -> Int {
    let pairs = problem.members.count * problem.members.count / 2
    return work > limit - min(limit, pairs) ? limit : work + pairs
  }

  /// With a deadline, half of the time is left to whoever is asked next.
  ///
  /// - Complexity: O(k n) comparisons for the fit of n buffers around k of a core, beside the search.
  public func attempt(_ problem: LayoutProblem, within limits: LayoutLimits) -> LayoutAttempt {
    guard !problem.hasGroups else { return .skipped(.ties) }
    let now = ContinuousClock.now
    let factor = problem.members.count <= Self.patientCount ? max(1, patience) : 1
    let work = min(work, Int.max / factor) * factor
    var attempt = CoreAttempt(
      problem, planner: self, best: limits.incumbent, work: min(work, limits.work),
      fitWork: Self.fitWork(problem, work, limits.work),
      stop: StopCondition(
        deadline: limits.deadline.map { now + now.duration(to: $0) / 2 },
        cancellation: limits.cancellation))
    attempt.run(
      capacities: Self.capacities(of: problem, limits.capacity),
      enough: max(problem.lowerBound, limits.capacity ?? 0))
    if let best = attempt.best, limits.incumbent == nil || attempt.hasImproved {
      return .layout(best)
    }
    return .skipped(attempt.isExhausted ? .workLimit : .noSolution)
  }
}

/// The state of one attempt.
private struct CoreAttempt {
  let problem: LayoutProblem
  let planner: CorePlanner
  let stop: StopCondition

  private(set) var best: LayoutSolution?
  private(set) var hasImproved = false
  private var workLeft: Int
  private var fitWorkLeft: Int

  /// The work of one search in the first round.
  private let firstSearch: Int
  /// Another noise in each round.
  private var seed: UInt64 = 0
  private static let usualFirstSearch = 20_000_000

  /// The cores so far, each larger than the one before, and the thresholds not looked at.
  private var cores: [ValleyInstance] = []
  private var thresholdsLeft: [Double]

  /// The largest load that each member meets, in the order of the members.
  private let largestLoads: [Int]

  /// Two orders for the rest.
  private let orders: [[Int32]]

  init(
    _ problem: LayoutProblem, planner: CorePlanner, best: LayoutSolution?, work: Int,
    fitWork: Int, stop: StopCondition
  ) {
    self.problem = problem
    self.planner = planner
    self.best = best
    self.stop = stop
    workLeft = work
    fitWorkLeft = fitWork
    firstSearch = max(1, min(Self.usualFirstSearch, work / 8))
    thresholdsLeft = planner.thresholds.reversed()
    let load = RangeMaximum(problem.sections.load)
    largestLoads = problem.members.map {
      load.maximum(in: problem.sections.span(of: Int($0)))
    }
    orders = [LayoutOrder.size, .load].map { $0.order(of: problem) }
  }

  private var height: Int { best?.height ?? .max }

  var isExhausted: Bool {
    if stop.isMet { return true }
    return workLeft <= 0 || fitWorkLeft <= 0
  }

  /// Rounds over the capacities and cores, each with four times the work for each search, until
  /// nothing is open: a search that found something is not made again, and what a core does not fit
  /// nothing does.
  mutating func run(capacities: [Int], enough: Int) {
    var searchWork = firstSearch
    var open = capacities.map { (capacity: $0, nextCore: 0) }
    while !open.isEmpty, !isExhausted {
      for index in open.indices where height > open[index].capacity {
        let capacity = open[index].capacity
        search: while let core = core(open[index].nextCore) {
          switch search(core, capacity: capacity, work: searchWork) {
          case .found: open[index].nextCore += 1
          case .infeasible: open[index].nextCore = .max
          // A larger core is harder still.
          case .stopped: break search
          }
          if height <= capacity || isExhausted { break }
        }
        if height <= enough || isExhausted { return }
      }
      open.removeAll { $0.capacity >= height || core($0.nextCore) == nil }
      searchWork = searchWork > Int.max / 8 ? searchWork : searchWork * 4
      seed &+= 1
    }
  }

  /// A core by its number, nil where there are not as many that are small enough.
  private mutating func core(_ number: Int) -> ValleyInstance? {
    while number >= cores.count, let threshold = thresholdsLeft.popLast() {
      let members = members(meeting: threshold)
      guard members.count > cores.last?.count ?? -1 else { continue }
      let core = ValleyInstance(problem, members: members)
      if core.entryCount <= planner.entryLimit { cores.append(core) } else { thresholdsLeft = [] }
    }
    return number < cores.count ? cores[number] : nil
  }

  /// The members that meet a load of at least a part of the peak, and those of fixed offset.
  private func members(meeting threshold: Double) -> [Int32] {
    let peak = Double(problem.sections.load.max() ?? 0)
    return zip(problem.members, largestLoads).filter { member, load in
      Double(load) >= threshold * peak || problem.buffers[Int(member)].fixedOffset != nil
    }.map(\.0)
  }

  /// Places a core and fits the rest around it.
  private mutating func search(
    _ instance: ValleyInstance, capacity: Int, work: Int
  ) -> ValleySearch.Outcome {
    var options = planner.options
    options.seed &+= seed
    let result = ValleySearch(instance, options: options).result(
      capacity: capacity, work: min(workLeft, work), stop: stop)
    workLeft -= max(1, result.work)
    guard case .found(let found) = result.outcome else { return result.outcome }

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
    return result.outcome
  }

  private mutating func fit(
    _ rest: [[Int32]], around core: [Int32], at offsets: [Int], _ capacity: Int
  ) {
    for order in rest {
      for fit in [GapFitPlanner.Fit.first, .best] where height > capacity && !isExhausted {
        var work = 0
        let solution = GapFitPlanner.solution(
          of: problem, placing: order, fit: fit,
          limit: StepLimit(work: fitWorkLeft, stop: stop), work: &work, below: height,
          around: core, at: offsets)
        fitWorkLeft -= work
        if let solution, solution.height < height {
          best = solution
          hasImproved = true
        }
      }
    }
  }
}
