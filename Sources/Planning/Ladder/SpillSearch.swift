// SPDX-License-Identifier: Apache-2.0

import GraphIR
import IntegerProgramming

/// The least traffic that keeps a list of runs within a budget: bounds and choices from worths of rows,
/// programs of what those leave open, and programs of windows where that is too much for one.
///
/// Everything is limited by counts of steps, nodes and simplex iterations, so that the same input gives
/// the same answer on every machine. Memory is linear in gaps and rows.
struct SpillSearch {
  /// How much work is done.
  struct Limits: Hashable, Sendable {
    /// Steps of the worths.
    var steps = 400
    /// Gaps of a program that is solved for the optimum.
    var programGaps = 500
    /// Gaps of a window's program.
    var windowGaps = 80
    /// Windows that are tried.
    var windows = 24
    /// Nodes of the search tree of a program.
    var nodes = 20_000
    /// Simplex iterations times rows, all programs together: an iteration looks at every row.
    var work = 8_000_000

    /// For runs and recomputes that are a guess themselves, so that no optimum for them is a proof.
    static let besideReruns = Limits(nodes: 1_000, work: 800_000)
    /// To tell good runs and recomputes from others.
    static let glance = Limits(steps: 20, programGaps: 0, windows: 0)
  }

  /// What came of it.
  struct Outcome {
    /// The runs with spills and fetches, within the budget.
    var actions: [LadderAction]
    /// What they move, compulsory accesses included, in bytes.
    var traffic: Int
    /// What no spills and fetches of these runs in this order move less than, compulsory accesses
    /// included, if nothing else runs again.
    var bound: Int
    /// What is moved whatever the budget: what is at home in the second memory.
    var compulsory: Int
    /// Whether no choice moves less.
    var isOptimal: Bool { traffic == bound }
  }

  private let gaps: SpillGaps
  private let limits: Limits
  /// Traffic that is of no use.
  private let enough: Int
  private var best: [Bool]?
  private var traffic = Int.max
  private var bound: Int

  /// Improves a list of actions: keeps its runs and recomputes in order, and chooses anew what is
  /// spilled and fetched.
  ///
  /// - Parameters:
  ///   - actions: Runs in which each has what it reads, with or without spills and fetches; where these
  ///     keep the budget, the outcome moves no more than they do.
  ///   - enough: Traffic that is of no use: where the bound is no lower, the search ends.
  /// - Returns: `nil` where nothing within the budget was found; that there is nothing is only certain
  ///   where no gap's cut lets a result be written over it.
  /// - Complexity: O(steps · (gaps + rows)) and that of the programs within the limits.
  static func improved(
    _ actions: [LadderAction], in model: LadderModel, budget: Int, limits: Limits = Limits(),
    below enough: Int = .max
  ) -> Outcome? {
    var search = SpillSearch(actions, model, budget, limits, enough)
    search.run()
    guard let isCut = search.best else { return nil }
    var found = search.gaps.actions(isCut)
    var traffic = search.traffic
    let known = Self.traffic(of: actions, in: model)
    if Residencies.peakBytes(of: found, in: model).map({ $0 > budget }) ?? true
      || known < traffic
        && Residencies.peakBytes(of: actions, in: model).map({ $0 <= budget }) ?? false
    {
      guard let peak = Residencies.peakBytes(of: actions, in: model), peak <= budget else {
        return nil
      }
      (found, traffic) = (actions, known)
    }
    return Outcome(
      actions: found, traffic: traffic, bound: min(search.bound, traffic),
      compulsory: search.gaps.compulsoryBytes)
  }

  /// What the spills and fetches of a list of actions move.
  static func traffic(of actions: [LadderAction], in model: LadderModel) -> Int {
    actions.reduce(0) { sum, action in
      switch action {
      case .run, .recompute: sum
      case .spill(let storage), .fetch(let storage): sum + model.copiedBytes[storage.index]
      }
    }
  }

  private init(
    _ actions: [LadderAction], _ model: LadderModel, _ budget: Int, _ limits: Limits, _ enough: Int
  ) {
    gaps = SpillGaps(actions, in: model, budget: budget)
    self.limits = limits
    self.enough = enough
    bound = gaps.compulsoryBytes
    take(gaps.cuts(of: actions))
  }

  /// Keeps a choice if it is within the budget and the best so far.
  private mutating func take(_ isCut: [Bool]?) {
    guard let isCut else { return }
    let moved = gaps.traffic(isCut)
    guard moved < traffic, gaps.isWithinBudget(isCut) else { return }
    (best, traffic) = (isCut, moved)
  }

  /// Notes a bound, unless the first run is above the budget for inputs that nothing reads: any other
  /// step before it would make it less.
  private mutating func prove(_ bytes: Int) {
    if !gaps.hasLooseStart { bound = max(bound, min(bytes, traffic)) }
  }

  private mutating func run() {
    guard !gaps.rows.isEmpty else {
      take([Bool](repeating: false, count: gaps.gaps.count))
      bound = traffic
      return
    }
    let cover = SpillCover(gaps)
    for scores in plainScores { take(cover.choice(by: scores)) }
    guard best != nil else { return }
    var multipliers = SpillMultipliers(gaps)
    let gaps = gaps
    multipliers.ascend(towards: traffic, steps: limits.steps) { reduced, isCut in
      take(cover.choice(by: Self.scores(reduced, gaps)))
      take(cover.choice(by: Self.scores(reduced, gaps), from: isCut))
      return traffic
    }
    prove(multipliers.provedBytes)
    guard bound < min(traffic, enough) else { return }

    let decided = multipliers.decided(below: traffic)
    var spent = 0
    if decided.count(where: { $0 == nil }) <= limits.programGaps {
      var known = [Bool](repeating: false, count: decided.count)
      for index in decided.indices { known[index] = decided[index] ?? false }
      let program = SpillGapProgram(gaps, known: known, isFree: decided.map { $0 == nil })
      let answer = program.solve(
        with: GLPKSolver(), below: traffic, nodes: limits.nodes, work: limits.work / 2)
      // What is decided is so for all that is better than the best one known.
      take(answer.isCut)
      prove(answer.bound)
      spent = answer.work
      guard bound < min(traffic, enough) else { return }
    }
    improveByWindows(multipliers, spent)
  }

  /// By bytes moved for the bytes taken off rows above the budget, by bytes moved alone, and by what is
  /// needed last.
  private var plainScores: [[Double]] {
    var sum = [0.0]
    for row in gaps.rows { sum.append(sum[sum.count - 1] + Double(row.excess)) }
    let relief = gaps.gaps.map { gap in
      let over = sum[gap.rows.upperBound] - sum[gap.rows.lowerBound]
      let most = Double(gap.bytes) * Double(gap.rows.count)
      return min(most, over) + (gap.headRow >= 0 ? Double(gap.headBytes) : 0)
    }
    let cost = gaps.gaps.map { gap in
      Double(gap.copied + (gap.version >= 0 ? gaps.versionBytes[gap.version] : 0))
    }
    return [
      zip(cost, relief).map { $0 / max($1, 1) },
      cost,
      gaps.gaps.map { Double($0.before - $0.next) },
    ]
  }

  /// Reduced costs with each gap's share of its version's spill, for the bytes that are moved.
  private static func scores(_ reduced: [Double], _ gaps: SpillGaps) -> [Double] {
    var worthy = [Double](repeating: 0, count: gaps.versionBytes.count)
    for (index, gap) in gaps.gaps.enumerated() where gap.version >= 0 && reduced[index] < 0 {
      worthy[gap.version] -= reduced[index]
    }
    return gaps.gaps.enumerated().map { index, gap in
      guard gap.version >= 0 else { return reduced[index] / Double(gap.copied + 1) }
      let spill = Double(gaps.versionBytes[gap.version])
      let share = reduced[index] < 0 ? -reduced[index] / worthy[gap.version] : 1
      return (reduced[index] + spill * share) / (Double(gap.copied) + spill)
    }
  }

  /// Frees the gaps whose worths leave them most open around one row after the other, from the highest
  /// down, and around all of them at once; everything else stays as the best choice has it.
  private mutating func improveByWindows(_ multipliers: SpillMultipliers, _ used: Int) {
    var spent = used
    let open = Self.scores(multipliers.reducedCosts(multipliers.best), gaps).map { abs($0) }
    let ranked = gaps.gaps.indices.sorted { (open[$0], $0) < (open[$1], $1) }
    let rows = gaps.rows.indices.sorted {
      (gaps.rows[$1].excess, $0) < (gaps.rows[$0].excess, $1)
    }
    var isSeen = [Bool](repeating: false, count: gaps.rows.count)
    var tried = 0
    var centers: [Int?] = [nil]
    centers += rows
    for center in centers {
      guard bound < traffic, spent < limits.work, tried < limits.windows, let known = best
      else { return }
      var isFree = [Bool](repeating: false, count: gaps.gaps.count)
      var count = 0
      if let center {
        guard !isSeen[center] else { continue }
        for index in ranked where gaps.gaps[index].rows.contains(center) {
          isFree[index] = true
          count += 1
          for row in gaps.gaps[index].rows where abs(row - center) <= 8 { isSeen[row] = true }
          if count == limits.windowGaps { break }
        }
        isSeen[center] = true
      } else {
        for index in ranked.prefix(limits.windowGaps) { isFree[index] = true }
        count = min(ranked.count, limits.windowGaps)
      }
      guard count > 1 else { continue }
      tried += 1
      let answer = SpillGapProgram(gaps, known: known, isFree: isFree).solve(
        with: GLPKSolver(), below: traffic, nodes: 400,
        work: limits.work / 24)
      spent += answer.work
      take(answer.isCut)
    }
  }
}
