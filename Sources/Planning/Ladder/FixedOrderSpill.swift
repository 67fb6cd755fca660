// SPDX-License-Identifier: Apache-2.0

import IntegerProgramming

/// The least traffic of an order, by programs: whole where they are small, by windows where not.
struct FixedOrderSpill {
  /// The most gaps, rows and entries of a program that is solved whole.
  private static let whole = (gaps: 700, rows: 400)
  /// The most gaps that a window frees at once.
  private static let windowGaps = 90
  /// The most windows.
  private static let windowLimit = 12
  /// The simplex iterations of all programs together.
  private static let iterationLimit = 120_000

  /// What came of it.
  struct Outcome {
    var state: LadderState
    /// What no cuts of this order move less than.
    var bound: Int
    var isOptimal: Bool
  }

  /// Improves on the cuts of a greedy ladder that only spilled.
  ///
  /// - Parameters:
  ///   - start: The state without cuts.
  ///   - greedy: The state within the budget.
  static func improved(_ start: LadderState, greedy: LadderState, budget: Int) -> Outcome {
    let program = SpillProgram(start, budget: budget)
    let solver = GLPKSolver()
    let known = program.cuts(of: greedy)
    guard program.isWithinBudget(known) else {
      return Outcome(state: greedy, bound: 0, isOptimal: false)
    }
    let knownTraffic = program.traffic(known)
    if program.gaps.count <= whole.gaps, program.rows.count <= whole.rows {
      let answer = program.solve(
        solver, known: known, nodes: 20_000, iterations: iterationLimit)
      var bound = answer.bound
      if program.hasTakeovers {
        // Some cuts let a result be written over what is cut; the program above counts on none.
        bound =
          SpillProgram(start, budget: budget, countsTakeovers: true).solve(
            solver, known: nil, nodes: 20_000, iterations: iterationLimit
          ).bound
      }
      var (state, traffic) = (greedy, knownTraffic)
      if let isCut = answer.isCut, program.traffic(isCut) <= knownTraffic {
        (state, traffic) = (program.state(start, cutting: isCut), program.traffic(isCut))
      }
      return Outcome(
        state: state, bound: min(bound, traffic), isOptimal: bound >= traffic)
    }
    var best = known
    for window in windows(of: program) {
      let part = program.restricted(to: window, known: best)
      let now = window.map { best[$0] }
      let answer = part.solve(solver, known: now, nodes: 200, iterations: 3_000)
      guard let isCut = answer.isCut, part.traffic(isCut) < part.traffic(now) else { continue }
      var next = best
      for (index, gap) in window.enumerated() { next[gap] = isCut[index] }
      if program.isWithinBudget(next) { best = next }
    }
    let traffic = program.traffic(best)
    let bound = min(lowerBound(start, budget: budget), traffic)
    return Outcome(
      state: traffic < knownTraffic ? program.state(start, cutting: best) : greedy,
      bound: bound, isOptimal: bound >= traffic)
  }

  /// Around each over-budget row, from the worst down, the gaps that cover it and that no window
  /// before had, dearest bytes first: each window frees those and leaves the rest.
  private static func windows(of program: SpillProgram) -> [[Int]] {
    var windows: [[Int]] = []
    let ranked = program.rows.indices.sorted {
      (program.rows[$1].excess, $0) < (program.rows[$0].excess, $1)
    }
    var isSeen = [Bool](repeating: false, count: program.gaps.count)
    for row in ranked where windows.count < windowLimit {
      let fresh = program.rows[row].gaps.filter { !isSeen[$0] }
      guard fresh.count > 1 else { continue }
      let chosen = fresh.sorted {
        (program.gaps[$1].bytes, $0) < (program.gaps[$0].bytes, $1)
      }.prefix(windowGaps)
      for gap in chosen { isSeen[gap] = true }
      windows.append(chosen.sorted())
    }
    return windows
  }

  /// What each over-budget row alone asks for, the most of them: its excess must go out.
  private static func lowerBound(_ start: LadderState, budget: Int) -> Int {
    let program = SpillProgram(start, budget: budget, countsTakeovers: true)
    return program.rows.map { program.cheapest($0) }.max() ?? 0
  }
}

extension SpillProgram {
  /// The least traffic that takes a row's excess away, by fractions: per byte of its gaps, what each
  /// of them copies at least.
  func cheapest(_ row: Row) -> Int {
    let priced = row.gaps.map { index -> (rate: Double, bytes: Int) in
      // Other gaps of the version may pay for the spill.
      (Double(gaps[index].copied) / Double(gaps[index].bytes), gaps[index].bytes)
    }.sorted { $0 < $1 }
    var (rest, traffic) = (row.excess, 0.0)
    for (rate, bytes) in priced where rest > 0 {
      traffic += rate * Double(min(rest, bytes))
      rest -= bytes
    }
    return Int(max(0, traffic - 1))
  }
}
