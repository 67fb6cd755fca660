// SPDX-License-Identifier: Apache-2.0

/// What must run again behind several moments, one after the other.
///
/// What runs again between two moments is counted by the first of them for what is used until the
/// second, that one included. So the bounds of a chain of moments add up, and the best chain is found
/// from the end.
enum RecomputeWindows {
  /// Arcs that are looked at to decide what relaxations leave open, about a second, and branches behind
  /// one moment; what is still open then in small graphs stays so for long.
  static let (searchWork, searchBranches) = (15_000_000, 600)

  /// The best sum of bounds over a chain of moments, in operations that must run again; at most what is
  /// known to be enough.
  ///
  /// - Parameter work: For the search behind each moment of the best chain, all together.
  /// - Complexity: O(moments²) relaxations, and the work.
  static func flops(
    of moments: some RecomputeMoments, in model: LadderModel, costs: CostModel,
    within budget: Int, known: Int, work: Int, by means: LadderMeans
  ) -> Int {
    func bound(_ index: Int, until end: Int?, work: Int = 0) -> Int {
      let moment = moments.moment(index, until: end)
      let cut = RecomputeCut(
        at: moment, in: model, costs: costs, within: budget, known: known, work: work,
        branches: searchBranches, by: means)
      return min(cut.flops ?? known, known)
    }
    // The best chain that begins with each moment, found from the last one: its sum and next moment.
    var best = [(sum: Int, next: Int?)](repeating: (0, nil), count: moments.count)
    for index in (0..<moments.count).reversed() {
      let alone = bound(index, until: nil)
      best[index].sum = alone
      for other in (index + 1)..<max(moments.count, index + 1)
      where best[other].sum > 0 && moments.isOrdered(index, before: other) {
        guard alone + best[other].sum > best[index].sum else { continue }
        let sum = best[other].sum + (alone > 0 ? bound(index, until: other) : 0)
        if sum > best[index].sum { best[index] = (sum, other) }
      }
    }
    guard var index = best.indices.max(by: { (best[$0].sum, $1) < (best[$1].sum, $0) }),
      best[index].sum < known
    else { return best.isEmpty ? 0 : known }
    var chain = [index]
    while let next = best[index].next {
      index = next
      chain.append(index)
    }
    var sum = best[chain[0]].sum
    if work > 0 {
      sum = 0
      for (place, index) in chain.enumerated() {
        let next = place + 1 < chain.count ? chain[place + 1] : nil
        sum += bound(index, until: next, work: work / chain.count)
      }
    }
    return min(known, sum)
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
    let count = min(64, max(2, Int((8e6 / Double(operands)).squareRoot())))
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
