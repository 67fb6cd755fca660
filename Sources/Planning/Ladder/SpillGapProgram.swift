// SPDX-License-Identifier: Apache-2.0

import IntegerProgramming

/// COSMA's program for a given order (arXiv 2311.18246, section 4), in the variables that are left when
/// every storage is created at its maker, spilled right behind it and retrieved right before a use.
///
/// `cut[g]` is 1 if a storage is not preserved over gap `g`, which costs retrieving it; `spill[v]` is 1
/// if version `v` is spilled, which every cut of it asks for, once; `over[r]` is 1 if results are
/// written over storages that are cut there. Row `time[r]`: cut bytes and those are at least what is
/// live above the budget; coefficients are no larger than that, which cuts off fractions and no plan.
/// Minimized is the traffic. Only `cut` is binary, the rest follows. Deviation: no variables for
/// addresses, which the layout finds afterwards.
struct SpillGapProgram {
  let gaps: SpillGaps
  /// The program.
  private(set) var program = IntegerProgram(name: "spill")
  /// The gaps that may change, with their variables.
  private(set) var free: [(gap: Int, variable: VariableID)] = []
  /// What gaps that may not change move, and compulsory accesses, in bytes.
  private(set) var fixedBytes: Int
  /// The most operands of a node for whose sets of cuts rows are written.
  private static let patternLimit = 5
  /// What is cut for good.
  private let fixed: [Bool]
  /// What the objective is counted in, in bytes.
  let unit: Double

  /// - Parameters:
  ///   - known: Which gaps are cut, where that may not change.
  ///   - isFree: The gaps that may.
  /// - Complexity: O(gaps + rows + entries of rows that free gaps cover).
  init(_ gaps: SpillGaps, known: [Bool], isFree: [Bool]) {
    self.gaps = gaps
    let copied = gaps.gaps.indices.lazy.filter { isFree[$0] }.map { gaps.gaps[$0].copied }
    unit = Double(max(1, copied.max() ?? 1))
    // What is cut for good, and the versions that it spills.
    let fixed = known.indices.map { known[$0] && !isFree[$0] }
    self.fixed = fixed
    fixedBytes = gaps.traffic(fixed)
    var isSpilled = [Bool](repeating: false, count: gaps.versionBytes.count)
    for (index, gap) in gaps.gaps.enumerated() where fixed[index] && gap.version >= 0 {
      isSpilled[gap.version] = true
    }
    let residues = gaps.residues(fixed)

    var spill: [Int: VariableID] = [:]
    var objective = LinearExpression()
    var opening = [[Int]](repeating: [], count: gaps.rows.count + 1)
    var closing = opening
    var heads: [Int: [Int]] = [:]
    for (index, gap) in gaps.gaps.enumerated() where isFree[index] {
      let variable = program.addVariable(
        "cut[\(index)]", kind: .binary)
      objective.add(Double(gap.copied) / unit, variable)
      opening[gap.rows.lowerBound].append(free.count)
      closing[gap.rows.upperBound].append(free.count)
      if gap.headRow >= 0 { heads[gap.headRow, default: []].append(free.count) }
      free.append((index, variable))
    }
    for (index, variable) in free {
      let version = gaps.gaps[index].version
      guard version >= 0, !isSpilled[version] else { continue }
      let spilled: VariableID
      if let known = spill[version] {
        spilled = known
      } else {
        spilled = program.addVariable("spill[\(version)]", from: 0, to: 1)
        spill[version] = spilled
        objective.add(Double(gaps.versionBytes[version]) / unit, spilled)
      }
      program.addConstraint("spilled[\(index)]", 1 * spilled - 1 * variable, .atLeast, 0)
    }
    var open: Set<Int> = []
    // Of rows in which the same free gaps are open the one that misses most says all.
    var worst = Array(gaps.rows.indices)
    var last: Int?
    for row in gaps.rows.indices {
      if !opening[row].isEmpty || !closing[row].isEmpty || heads[row] != nil { last = nil }
      if let first = last, heads[row] == nil {
        if residues[row] > residues[worst[first]] { worst[first] = row }
        worst[row] = -1
      } else {
        last = heads[row] == nil ? row : nil
      }
    }
    for first in gaps.rows.indices {
      open.subtract(closing[first])
      open.formUnion(opening[first])
      let row = worst[first]
      guard row >= 0, residues[row] > 0 else { continue }
      let scale = Double(residues[row])
      var sum = LinearExpression()
      for member in open.sorted() {
        sum.add(min(1, Double(gaps.gaps[free[member].gap].bytes) / scale), free[member].variable)
      }
      if let members = heads[row], gaps.headRelief(row, fixed) < gaps.rows[row].headLimit {
        let most = gaps.rows[row].headLimit - gaps.headRelief(row, fixed)
        let variable = program.addVariable("over[\(row)]", from: 0, to: 1)
        sum.add(min(1, Double(most) / scale), variable)
        limit(variable, row, members.map { free[$0] }, most: most)
      }
      program.addConstraint("time[\(row)]", sum, .atLeast, 1)
    }
    program.setObjective(.minimize, objective)
  }

  /// Bounds what results written over cut storages save at a row: nothing without a cut, and where there
  /// are several results, what each set of cuts allows.
  private mutating func limit(
    _ over: VariableID, _ row: Int, _ members: [(gap: Int, variable: VariableID)], most: Int
  ) {
    let any = LinearExpression(sumOf: members.map(\.variable))
    program.addConstraint("ends[\(row)]", any - 1 * over, .atLeast, 0)
    guard members.count <= Self.patternLimit else { return }
    let base = gaps.headRelief(row, fixed)
    for pattern in 1..<(1 << members.count) {
      var isCut = fixed
      for (place, member) in members.enumerated() where pattern >> place & 1 == 1 {
        isCut[member.gap] = true
      }
      let relief = gaps.headRelief(row, isCut) - base
      guard relief < most else { continue }
      var sum = 1 * over
      for (place, member) in members.enumerated() {
        sum.add(pattern >> place & 1 == 1 ? 1 : -1, member.variable)
      }
      program.addConstraint(
        "over[\(row),\(pattern)]", sum, .atMost,
        Double(relief) / Double(most) + Double(pattern.nonzeroBitCount))
    }
  }

  /// What a solve came to.
  struct Outcome {
    /// The choice; `nil` where none was found.
    var isCut: [Bool]?
    /// No choice of the free gaps moves fewer bytes, up to what is known.
    var bound: Int
    /// The simplex iterations spent, times rows.
    var work: Int
  }

  /// Looks for a choice that moves fewer bytes than is known to be enough.
  ///
  /// - Parameters:
  ///   - known: Traffic that is known to be enough; all that moves no less is cut off.
  ///   - nodes: The most nodes of the search tree.
  ///   - work: The most simplex iterations, times rows.
  func solve(
    with solver: some IntegerProgramSolver, below known: Int, nodes: Int, work: Int
  ) -> Outcome {
    let common = gaps.commonBytes
    let height = program.constraintCount + 1
    guard !free.isEmpty else {
      // Nothing else is left than what is fixed.
      let isWithin = gaps.isWithinBudget(fixed)
      return Outcome(
        isCut: isWithin ? fixed : nil, bound: isWithin ? min(fixedBytes, known) : known,
        work: 0)
    }
    let options = SolveOptions(
      nodeLimit: nodes, iterationLimit: max(1, work / height),
      cutoff: (Double(known - fixedBytes) - 0.5 * Double(common)) / unit)
    let solution: Solution
    do throws(SolverError) {
      solution = try solver.solve(program, options: options)
    } catch {
      return Outcome(isCut: nil, bound: fixedBytes, work: work)
    }
    if solution.status == .infeasible {
      return Outcome(isCut: nil, bound: known, work: solution.iterationCount * height)
    }
    let raw = Double(fixedBytes) + max(0, (solution.bestBound ?? 0) * unit * (1 - 1e-9) - 0.5)
    var outcome = Outcome(
      isCut: nil, bound: gaps.roundedUp(raw), work: solution.iterationCount * height)
    if let point = solution.point {
      var isCut = fixed
      for (index, variable) in free { isCut[index] = point[variable] > 0.5 }
      outcome.isCut = isCut
    }
    return outcome
  }
}
