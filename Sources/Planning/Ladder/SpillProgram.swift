// SPDX-License-Identifier: Apache-2.0

import GraphIR
import IntegerProgramming

/// COSMA's program for a given order (arXiv 2311.18246), in the variables that are left when every
/// storage is created at its maker, spilled right behind a use and retrieved right before the next.
///
/// `cut[s,g]` is 1 if storage `s` is not preserved over its gap `g` between two uses, which costs
/// retrieving it; `spill[s,v]` is 1 if version `v` of it is spilled, which every cut of that version
/// asks for, once. Row `time[t]`: over each stretch of time between neighbouring ends of gaps, the
/// bytes of the cut gaps are at least what the load is above the budget there; coefficients are no
/// larger than that, which cuts off fractions and no plan. Minimized is the traffic.
/// Deviation: no variables for addresses, which the layout finds afterwards; storages that share bytes
/// by takeovers of the order are counted as the order has them.
struct SpillProgram {
  /// A gap that may be cut.
  struct Gap {
    let gap: LadderState.Gap
    let bytes: Int
    let copied: Int
    /// The version of the storage over the gap, as a number over all storages; -1 where the second
    /// memory has it anyway.
    let version: Int
    /// The times that are free of it; from the use before on where its bytes may be taken over there.
    let range: Range<Int>
  }

  /// A stretch of time over which too much is live.
  struct Row {
    let excess: Int
    let gaps: [Int]
  }

  let gaps: [Gap]
  let rows: [Row]
  /// The bytes of each version.
  let versionBytes: [Int]
  /// Whether the gaps together can bring every row within the budget.
  let isFeasible: Bool

  /// Whether some gap begins where its bytes may be taken over, so that cutting it may save more.
  let hasTakeovers: Bool

  /// - Parameters:
  ///   - countsTakeovers: Whether every takeover that a cut makes possible is counted on, for bounds,
  ///     or none, for plans.
  ///   - rowLimit: The most rows; those with the largest excess are kept.
  /// - Complexity: O(storages · uses + times + rows · gaps of a row).
  init(
    _ state: LadderState, budget: Int, countsTakeovers: Bool = false, rowLimit: Int = .max
  ) {
    let loads = state.loads.loads
    var before = [0]
    before.reserveCapacity(loads.count + 1)
    for load in loads { before.append(before[before.count - 1] + (load > budget ? 1 : 0)) }
    var gaps: [Gap] = []
    var versionBytes: [Int] = []
    var hasTakeovers = false
    let model = state.model
    for storage in 0..<model.storageCount where model.isMovable[storage] {
      let updates = state.updateTimes[storage]
      var versions: [Int: Int] = [:]
      for (index, segment) in state.segments[storage].enumerated() {
        var use = segment.start
        for need in segment.needs {
          let gap = LadderState.Gap(
            storage: storage, segment: index, before: use, next: need, slot: need & ~1)
          use = need
          guard gap.before + 1 < gap.slot else { continue }
          let isTakeable =
            gap.before % 2 == 1
            && model.takeovers[state.order[gap.before / 2].index].contains {
              $0.input.index == storage
            }
          let range = gap.range.lowerBound - (isTakeable && countsTakeovers ? 1 : 0)..<gap.slot
          guard
            before[range.upperBound] > before[range.lowerBound], model.bytes[storage] > 0
          else { continue }
          hasTakeovers = hasTakeovers || isTakeable
          let seen = updates.count { $0 <= gap.before }
          var version = -1
          if !(model.isStreamed[storage] && (seen == 0 || seen == updates.count)) {
            version = versions[seen] ?? versionBytes.count
            if versions[seen] == nil {
              versions[seen] = version
              versionBytes.append(model.copiedBytes[storage])
            }
          }
          gaps.append(
            Gap(
              gap: gap, bytes: model.bytes[storage], copied: model.copiedBytes[storage],
              version: version, range: range))
        }
      }
    }
    self.gaps = gaps
    self.hasTakeovers = hasTakeovers
    self.versionBytes = versionBytes

    // Stretches between neighbouring ends of gaps, with the most that is live in them.
    var starting: [Int: [Int]] = [:]
    var ending: [Int: [Int]] = [:]
    for (index, gap) in gaps.enumerated() {
      starting[gap.range.lowerBound, default: []].append(index)
      ending[gap.range.upperBound, default: []].append(index)
    }
    var open: Set<Int> = []
    var rows: [Row] = []
    var most = 0
    var isFeasible = true
    func close() {
      if most > 0 {
        let members = open.sorted()
        rows.append(Row(excess: most, gaps: members))
        if members.reduce(0, { $0 + gaps[$1].bytes }) < most { isFeasible = false }
      }
      most = 0
    }
    for (time, load) in loads.enumerated() {
      let (arrivals, departures) = (starting[time] ?? [], ending[time] ?? [])
      if !arrivals.isEmpty || !departures.isEmpty { close() }
      open.subtract(departures)
      open.formUnion(arrivals)
      most = max(most, load - budget)
    }
    close()
    self.isFeasible = isFeasible
    if rows.count > rowLimit {
      rows = rows.enumerated().sorted {
        ($1.element.excess, $0.offset) < ($0.element.excess, $1.offset)
      }.prefix(rowLimit).map(\.element)
    }
    self.rows = rows
  }

  /// The traffic of a choice of cuts, in bytes.
  func traffic(_ isCut: [Bool]) -> Int {
    var isSpilled = [Bool](repeating: false, count: versionBytes.count)
    var sum = 0
    for (index, gap) in gaps.enumerated() where isCut[index] {
      sum += gap.copied
      if gap.version >= 0 { isSpilled[gap.version] = true }
    }
    for (version, bytes) in versionBytes.enumerated() where isSpilled[version] { sum += bytes }
    return sum
  }

  /// What a solve came to.
  struct Outcome {
    /// Whether each gap is cut; `nil` where nothing was found.
    var isCut: [Bool]?
    /// No choice of cuts moves fewer bytes.
    var bound: Int
    /// Whether the choice is as good as any.
    var isOptimal: Bool
    /// The simplex iterations spent.
    var iterations: Int
  }

  /// The program of some of the gaps, as if the cuts of all others were known.
  ///
  /// - Parameter free: The gaps that may change, ascending.
  func restricted(to free: [Int], known: [Bool]) -> SpillProgram {
    var number = [Int](repeating: -1, count: gaps.count)
    for (index, gap) in free.enumerated() { number[gap] = index }
    var isPaid = [Bool](repeating: false, count: versionBytes.count)
    for index in gaps.indices where known[index] && number[index] < 0 && gaps[index].version >= 0 {
      isPaid[gaps[index].version] = true
    }
    var rest: [Row] = []
    for row in rows {
      var excess = row.excess
      var members: [Int] = []
      for gap in row.gaps {
        if number[gap] >= 0 {
          members.append(number[gap])
        } else if known[gap] {
          excess -= gaps[gap].bytes
        }
      }
      guard excess > 0 else { continue }
      if let last = rest.last, last.gaps == members {
        rest[rest.count - 1] = Row(excess: max(last.excess, excess), gaps: members)
      } else {
        rest.append(Row(excess: excess, gaps: members))
      }
    }
    return SpillProgram(
      gaps: free.map { gaps[$0] }, rows: rest,
      versionBytes: versionBytes.enumerated().map { isPaid[$0.offset] ? 0 : $0.element },
      hasTakeovers: hasTakeovers, isFeasible: isFeasible)
  }

  private init(
    gaps: [Gap], rows: [Row], versionBytes: [Int], hasTakeovers: Bool, isFeasible: Bool
  ) {
    self.gaps = gaps
    self.rows = rows
    self.versionBytes = versionBytes
    self.hasTakeovers = hasTakeovers
    self.isFeasible = isFeasible
  }

  /// Solves the program.
  ///
  /// - Parameter known: A choice within the budget to begin with.
  func solve(
    _ solver: some IntegerProgramSolver, known: [Bool]?, nodes: Int, iterations: Int
  ) -> Outcome {
    let unit = Double(max(1, gaps.map(\.copied).max() ?? 1))
    var program = IntegerProgram(name: "spill")
    var start: [Double] = []
    var objective = LinearExpression()
    var cut: [VariableID] = []
    for (index, gap) in gaps.enumerated() {
      let variable = program.addVariable(
        "cut[\(index)]", kind: .binary, from: 0, to: 1)
      start.append(known?[index] == true ? 1 : 0)
      objective.add(Double(gap.copied) / unit, variable)
      cut.append(variable)
    }
    var spill: [Int: VariableID] = [:]
    for (index, gap) in gaps.enumerated()
    where gap.version >= 0 && versionBytes[gap.version] > 0 {
      let version = gap.version
      let variable: VariableID
      if let other = spill[version] {
        variable = other
      } else {
        variable = program.addVariable("spill[\(version)]", from: 0, to: 1)
        objective.add(Double(versionBytes[version]) / unit, variable)
        spill[version] = variable
        start.append(0)
      }
      program.addConstraint("spilled[\(index)]", 1 * variable - 1 * cut[index], .atLeast, 0)
      if known?[index] == true { start[variable.index] = 1 }
    }
    for (index, row) in rows.enumerated() {
      var sum = LinearExpression()
      let scale = Double(row.excess)
      for gap in row.gaps { sum.add(min(1, Double(gaps[gap].bytes) / scale), cut[gap]) }
      program.addConstraint("time[\(index)]", sum, .atLeast, 1)
    }
    program.setObjective(.minimize, objective)
    let options = SolveOptions(
      nodeLimit: nodes, iterationLimit: iterations, start: known == nil ? nil : start)
    let solution: Solution
    do throws(SolverError) {
      solution = try solver.solve(program, options: options)
    } catch {
      return Outcome(isCut: nil, bound: 0, isOptimal: false, iterations: iterations)
    }
    // Every traffic is a sum of sizes, and so a multiple of what they have in common.
    let raw = Int(max(0, ((solution.bestBound ?? 0) * unit * (1 - 1e-9) - 0.5).rounded(.down)))
    let bound = (raw + common - 1) / common * common
    guard let point = solution.point else {
      return Outcome(
        isCut: nil, bound: bound, isOptimal: false, iterations: solution.iterationCount)
    }
    let isCut = cut.map { point[$0] > 0.5 }
    guard isWithinBudget(isCut) else {
      return Outcome(
        isCut: nil, bound: bound, isOptimal: false, iterations: solution.iterationCount)
    }
    let isOptimal = solution.status == .optimal
    return Outcome(
      isCut: isCut, bound: isOptimal ? traffic(isCut) : bound, isOptimal: isOptimal,
      iterations: solution.iterationCount)
  }

  /// The largest number that all copied sizes are multiples of.
  private var common: Int {
    let divisor = (gaps.map(\.copied) + versionBytes).reduce(0) { a, b in
      var (a, b) = (a, b)
      while b != 0 { (a, b) = (b, a % b) }
      return a
    }
    return max(1, divisor)
  }

  /// Whether a choice brings every row within the budget, in whole numbers.
  func isWithinBudget(_ isCut: [Bool]) -> Bool {
    rows.allSatisfy { row in
      row.gaps.reduce(0) { isCut[$1] ? $0 + gaps[$1].bytes : $0 } >= row.excess
    }
  }

  /// The state with the chosen gaps cut.
  func state(_ start: LadderState, cutting isCut: [Bool]) -> LadderState {
    var state = start
    for index in gaps.indices where isCut[index] {
      if let gap = state.gap(of: gaps[index].gap.storage, around: gaps[index].gap.range.lowerBound)
      {
        state.cut(gap, source: .fetch)
      }
    }
    return state
  }

  /// Which gaps a state has cut.
  func cuts(of state: LadderState) -> [Bool] {
    gaps.map { gap in
      state.segments[gap.gap.storage].contains {
        $0.source == .fetch && $0.start == gap.gap.slot && $0.start > 0
      }
    }
  }
}
