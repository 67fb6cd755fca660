// SPDX-License-Identifier: Apache-2.0
import Cancellation

/// The least height by a series of searches at fixed capacities.
struct ValleyDescent {
  private let problem: LayoutProblem
  private let instance: ValleyInstance
  private var options: ValleyOptions
  private let stop: StopCondition
  /// What is as good as the least height.
  private let capacity: Int?

  /// The lowest layout so far.
  private(set) var best: LayoutSolution

  /// No layout is lower; a multiple of the unit of heights.
  private var leastOpen: Int
  private let firstOpen: Int
  private var workLeft: Int

  private static let firstBudget = 20_000_000

  init(
    _ problem: LayoutProblem, _ instance: ValleyInstance, options: ValleyOptions,
    from known: LayoutSolution, within limits: LayoutLimits
  ) {
    self.problem = problem
    self.instance = instance
    self.options = options
    best = known
    workLeft = limits.work
    stop = limits.stop
    capacity = limits.capacity
    leastOpen =
      (problem.lowerBound + instance.heightUnit - 1) / instance.heightUnit * instance.heightUnit
    firstOpen = leastOpen
  }

  /// Whether there is less to try than would be worth it.
  var isExhausted: Bool {
    if stop.isMet { return true }
    return workLeft <= 0
  }

  /// Whether the search raised the bound.
  var hasProvenMore: Bool { leastOpen > firstOpen }

  /// No layout is lower, in bytes.
  var provenBound: Int { min(leastOpen, best.height) }

  /// The best height, rounded up to the unit of heights.
  private var bestCapacity: Int {
    (best.height + instance.heightUnit - 1) / instance.heightUnit * instance.heightUnit
  }

  /// Sweeps over the open capacities, each time with more work for each.
  ///
  /// - Complexity: bounded by the work.
  mutating func run() {
    if let capacity {
      if best.height > capacity, leastOpen <= capacity { _ = attempt(capacity, workLeft) }
      return
    }
    var budget = min(Self.firstBudget, max(1, workLeft / 8))
    while bestCapacity > leastOpen, !isExhausted {
      sweep(budget)
      budget = budget > Int.max / 4 ? budget : budget * 2
    }
  }

  /// From the bound up to just below the best height, each time half of what is left: whether a
  /// capacity is met soon says little about its neighbours, so that failures close nothing.
  private mutating func sweep(_ budget: Int) {
    let unit = instance.heightUnit
    var step = bestCapacity - leastOpen
    while bestCapacity > leastOpen, !isExhausted {
      step = min(step, bestCapacity - leastOpen)
      if !attempt(bestCapacity - step, budget) {
        if step == unit { return }
        step = max(unit, step / 2 / unit * unit)
      }
    }
  }

  /// Whether a layout of at most the capacity was found.
  private mutating func attempt(_ capacity: Int, _ budget: Int) -> Bool {
    // Another noise each time.
    options.seed &+= 1
    let result = ValleySearch(instance, options: options).result(
      capacity: capacity, work: min(budget, workLeft), stop: stop)
    workLeft -= max(1, result.work)
    switch result.outcome {
    case .stopped: return false
    case .infeasible:
      leastOpen = max(
        leastOpen, capacity / instance.heightUnit * instance.heightUnit + instance.heightUnit)
      return false
    case .found(let offsets):
      let solution = compacted(instance.solution(of: problem, offsets: offsets))
      if solution.height < best.height { best = solution }
      return true
    }
  }

  /// The layout with every buffer lowered as far as its order allows.
  private func compacted(_ solution: LayoutSolution) -> LayoutSolution {
    let order = problem.members.sorted {
      (solution.offsets[Int($0)], $0) < (solution.offsets[Int($1)], $1)
    }
    let lowered = GapFitPlanner.solution(of: problem, placing: order, fit: .first)
    return lowered.flatMap { $0.height <= solution.height ? $0 : nil } ?? solution
  }
}
