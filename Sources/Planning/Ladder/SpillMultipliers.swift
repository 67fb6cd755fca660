// SPDX-License-Identifier: Apache-2.0

/// What a byte above the budget is worth at each row, and what that proves: Lagrangian relaxation of the
/// rows of ``SpillGapProgram``.
///
/// For any worths of 0 or more, rows weighed by them and left to choose freely give a number that no
/// choice of cuts moves less than. With the best worths it is that of the relaxed program. They are
/// sought by steps along the subgradient (Held, Wolfe and Crowder, 1974), each of which looks at every
/// gap and row once and needs no more memory than they do.
struct SpillMultipliers {
  let gaps: SpillGaps
  /// The worths, by row.
  private(set) var worth: [Double]
  /// The largest number proved so far, compulsory bytes included.
  private(set) var bound = 0.0
  /// The worths that proved it.
  private(set) var best: [Double]

  /// - Parameter start: Worths to begin with, by row.
  init(_ gaps: SpillGaps, start: [Double]? = nil) {
    self.gaps = gaps
    worth = start ?? Self.peakOnly(gaps)
    best = worth
  }

  /// Nothing but the highest row is worth anything: as much as the cheapest relief there costs.
  private static func peakOnly(_ gaps: SpillGaps) -> [Double] {
    var worth = [Double](repeating: 0, count: gaps.rows.count)
    let peak = gaps.rows.indices.max {
      (gaps.rows[$0].excess, $1) < (gaps.rows[$1].excess, $0)
    }
    if let peak { worth[peak] = 1 }
    return worth
  }

  /// What cutting each gap costs beyond what its bytes are worth.
  ///
  /// - Complexity: O(gaps + rows).
  func reducedCosts(_ worth: [Double]) -> [Double] {
    var sum = [0.0]
    sum.reserveCapacity(worth.count + 1)
    for value in worth { sum.append(sum[sum.count - 1] + value) }
    return gaps.gaps.map { gap in
      let open = sum[gap.rows.upperBound] - sum[gap.rows.lowerBound]
      let head = gap.headRow >= 0 ? Double(gap.headBytes) * worth[gap.headRow] : 0
      return Double(gap.copied) - Double(gap.bytes) * open - head
    }
  }

  /// The cheapest choice under worths: its value, and which gaps it cuts.
  ///
  /// - Complexity: O(gaps + rows).
  func relaxed(_ worth: [Double]) -> (value: Double, isCut: [Bool], reduced: [Double]) {
    let reduced = reducedCosts(worth)
    let totals = versionTotals(reduced)
    var value = Double(gaps.compulsoryBytes)
    for (row, weight) in zip(gaps.rows, worth) { value += Double(row.excess) * weight }
    for total in totals { value += min(0, total) }
    var isCut = [Bool](repeating: false, count: reduced.count)
    for (index, gap) in gaps.gaps.enumerated() where reduced[index] < 0 {
      if gap.version < 0 { value += reduced[index] }
      isCut[index] = gap.version < 0 || totals[gap.version] < 0
    }
    return (value, isCut, reduced)
  }

  /// For each version, what spilling it and cutting all of its gaps that are worth it comes to.
  func versionTotals(_ reduced: [Double]) -> [Double] {
    var totals = gaps.versionBytes.map { Double($0) }
    for (index, gap) in gaps.gaps.enumerated() where gap.version >= 0 && reduced[index] < 0 {
      totals[gap.version] += reduced[index]
    }
    return totals
  }

  /// Makes steps towards better worths.
  ///
  /// - Parameters:
  ///   - target: Traffic that is known to be enough.
  ///   - steps: How many steps at most.
  ///   - visit: Called with the reduced costs of every tenth step; gives back traffic that is known to be
  ///     enough.
  /// - Complexity: O(steps · (gaps + rows)).
  mutating func ascend(
    towards target: Int, steps: Int, _ visit: ([Double], [Bool]) -> Int
  ) {
    var (target, pace, stale) = (Double(target), 1.0, 0)
    // Steps are damped by the ones before.
    var direction = [Double](repeating: 0, count: worth.count)
    for step in 0..<steps {
      let now = relaxed(worth)
      if now.value > bound {
        stale = now.value - bound > 1e-5 * (target - bound) ? 0 : stale + 1
        (bound, best) = (now.value, worth)
      } else {
        stale += 1
      }
      if step % 10 == 0 { target = min(target, Double(visit(now.reduced, now.isCut))) }
      if bound >= target { return }
      if stale >= 12 {
        (pace, stale, worth) = (pace / 2, 0, best)
        direction = [Double](repeating: 0, count: worth.count)
        if pace < 1e-4 { return }
        continue
      }
      let slopes = residues(now.isCut)
      var length = 0.0
      for row in worth.indices {
        direction[row] = 0.6 * direction[row] + slopes[row]
        // What is worth nothing and has room stays as it is.
        if worth[row] == 0, direction[row] < 0 { direction[row] = 0 }
        length += direction[row] * direction[row]
      }
      guard length > 0 else { return }
      let stride = pace * (target - now.value) / length
      for row in worth.indices { worth[row] = max(0, worth[row] + stride * direction[row]) }
    }
  }

  /// What the relaxed choice leaves above the budget at each row, each head counted for itself.
  private func residues(_ isCut: [Bool]) -> [Double] {
    var change = [Int](repeating: 0, count: gaps.rows.count + 1)
    var heads = [Int](repeating: 0, count: gaps.rows.count)
    for (index, gap) in gaps.gaps.enumerated() where isCut[index] {
      change[gap.rows.lowerBound] -= gap.bytes
      change[gap.rows.upperBound] += gap.bytes
      if gap.headRow >= 0 { heads[gap.headRow] += gap.headBytes }
    }
    var sum = 0
    return gaps.rows.indices.map { row in
      sum += change[row]
      return Double(gaps.rows[row].excess + sum - heads[row])
    }
  }

  /// The bound in whole bytes: traffic is a sum of sizes, and so a multiple of what they share.
  var provedBytes: Int { gaps.roundedUp(bound) }

  /// Which gaps every choice as good as a known one cuts, or none does: those whose other side proves
  /// more than it moves.
  ///
  /// - Complexity: O(gaps + rows).
  func decided(below known: Int) -> [Bool?] {
    let (value, _, reduced) = relaxed(best)
    let totals = versionTotals(reduced)
    let common = Double(gaps.commonBytes)
    return gaps.gaps.enumerated().map { index, gap in
      let cost = reduced[index]
      let (kept, cut): (Double, Double)
      if gap.version < 0 {
        (kept, cut) = (max(0, -cost), max(0, cost))
      } else {
        let total = totals[gap.version]
        cut = total + max(0, cost) - min(0, total)
        kept = min(0, total - min(0, cost)) - min(0, total)
      }
      // Only better choices are wanted.
      let limit = (Double(known) - common - value) + 0.5 + 1e-9 * value
      if cut > limit { return false }
      if kept > limit { return true }
      return nil
    }
  }
}

extension SpillGaps {
  /// The largest number that all copied sizes are multiples of.
  var commonBytes: Int {
    var divisor = 0
    for size in gaps.lazy.map(\.copied) {
      var (a, b) = (divisor, size)
      while b != 0 { (a, b) = (b, a % b) }
      divisor = a
      if divisor == 1 { break }
    }
    return max(1, divisor)
  }

  /// The least traffic that is not below a number, rounding aside.
  func roundedUp(_ value: Double) -> Int {
    let above = max(0, value - Double(compulsoryBytes)) * (1 - 1e-9) - 1e-3
    guard above > 0, above < 4e18 else { return compulsoryBytes }
    let common = commonBytes
    return compulsoryBytes + (Int(above.rounded(.up)) + common - 1) / common * common
  }
}
