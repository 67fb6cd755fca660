// SPDX-License-Identifier: Apache-2.0

/// What must run again behind several moments, one after the other.
///
/// What runs again between two moments is counted by the first of them for what is used until the
/// second, that one included. So the bounds of a chain of moments add up, and the best chain is found
/// from the end.
enum RecomputeWindows {
  /// The best sum of bounds over a chain of moments, in operations that must run again; at most what is
  /// known to be enough.
  ///
  /// - Complexity: O(moments²) cuts.
  static func flops(
    of moments: some RecomputeMoments, in model: LadderModel, costs: CostModel,
    within budget: Int, known: Int
  ) -> Int {
    func bound(_ index: Int, until end: Int?) -> Double {
      let moment = moments.moment(index, until: end)
      let cut = RecomputeCut(at: moment, in: model, costs: costs, within: budget, known: known)
      return cut.flops ?? Double(known)
    }
    var best: [Double] = []
    for index in (0..<moments.count).reversed() {
      var sum = bound(index, until: nil)
      let alone = sum
      // `best` has the moments behind this one, the last one first.
      for (place, more) in best.enumerated() where more > 0 {
        let other = moments.count - 1 - place
        guard moments.isOrdered(index, before: other), alone + more > sum else { continue }
        sum = max(sum, more + (alone > 0 ? bound(index, until: other) : 0))
      }
      best.append(sum)
    }
    return min(known, costs.leastFlops(notBelow: best.max() ?? 0))
  }
}

extension RecomputeWindows {
  /// Where bytes are short: what a moment is known by, and by how many.
  struct Shortage {
    let place: Int
    let bytes: Int
  }

  /// The moments that are looked at, by place: those of the most missing bytes, and some from
  /// everywhere.
  ///
  /// - Parameter shortages: By place.
  static func places(among shortages: [Shortage], in model: LadderModel) -> [Int] {
    // Cuts take about as long as there are operands.
    let operands = max(1, model.touchCount)
    let count = min(32, max(2, Int((2e6 / Double(operands)).squareRoot())))
    guard shortages.count > count else { return shortages.map(\.place) }
    func isMore(_ a: Shortage, _ b: Shortage) -> Bool {
      (b.bytes, a.place) < (a.bytes, b.place)
    }
    var places = Set(shortages.sorted(by: isMore).prefix(count / 2).map(\.place))
    let parts = count - places.count
    for part in 0..<parts {
      let span = shortages[shortages.count * part / parts..<shortages.count * (part + 1) / parts]
      if let highest = span.min(by: isMore) { places.insert(highest.place) }
    }
    return places.sorted()
  }
}

extension CostModel {
  /// The least that runs of nodes come to that is not below a number, rounding aside.
  func leastFlops(notBelow value: Double) -> Int {
    let above = value * (1 - 1e-9) - 1e-3
    guard above > 0 else { return 0 }
    guard above < 4e18 else { return .max }
    var divisor = 0
    for flops in flops where divisor != 1 {
      var (a, b) = (divisor, flops)
      while b != 0 { (a, b) = (b, a % b) }
      divisor = a
    }
    let common = max(1, divisor)
    let (least, isTooMuch) = ((Int(above.rounded(.up)) - 1) / common + 1)
      .multipliedReportingOverflow(by: common)
    return isTooMuch ? .max : least
  }
}
