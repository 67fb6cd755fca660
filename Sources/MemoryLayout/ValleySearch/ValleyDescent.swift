// SPDX-License-Identifier: Apache-2.0

/// The least height by a series of searches at fixed capacities.
struct ValleyDescent {
  private let problem: LayoutProblem
  private let instance: ValleyInstance
  private let search: ValleySearch
  private let deadline: ContinuousClock.Instant?

  /// The lowest layout so far.
  private(set) var best: LayoutSolution

  /// No layout is lower; a multiple of the unit of heights.
  private var leastOpen: Int
  private let firstOpen: Int
  private var workLeft: Int

  private static let firstBudget = 20_000_000

  init(
    _ problem: LayoutProblem, _ instance: ValleyInstance, options: ValleyOptions,
    from known: LayoutSolution, work: Int, deadline: ContinuousClock.Instant?
  ) {
    self.problem = problem
    self.instance = instance
    search = ValleySearch(instance, options: options)
    best = known
    workLeft = work
    self.deadline = deadline
    leastOpen =
      (problem.lowerBound + instance.heightUnit - 1) / instance.heightUnit * instance.heightUnit
    firstOpen = leastOpen
  }

  /// Whether there is less to try than would be worth it.
  var isExhausted: Bool {
    if let deadline, ContinuousClock.now >= deadline { return true }
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

  /// - Complexity: bounded by the work.
  mutating func run() {
    var budget = min(Self.firstBudget, max(1, workLeft / 8))
    while bestCapacity > leastOpen, !isExhausted {
      climb(budget)
      budget = budget > Int.max / 4 ? budget : budget * 2
    }
  }

  /// From the bound upwards in growing steps until a capacity works, then halves what is between.
  private mutating func climb(_ budget: Int) {
    let unit = instance.heightUnit
    var failed = leastOpen - unit
    var step = max(unit, leastOpen / 2000 / unit * unit)
    var capacity = leastOpen
    while capacity < bestCapacity, !isExhausted {
      if attempt(capacity, budget) { break }
      failed = capacity
      capacity = max(capacity + step, leastOpen)
      step *= 2
    }
    failed = max(failed, leastOpen - unit)
    while bestCapacity - failed > unit, !isExhausted {
      let middle = failed + max(1, (bestCapacity - failed) / unit / 2) * unit
      if !attempt(middle, budget) { failed = max(middle, leastOpen - unit) }
    }
  }

  /// Whether a layout of at most the capacity was found.
  private mutating func attempt(_ capacity: Int, _ budget: Int) -> Bool {
    let result = search.result(
      capacity: capacity, work: min(budget, workLeft), deadline: deadline)
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
