// SPDX-License-Identifier: Apache-2.0

/// Where to branch: the cases are each unplaced buffer that can lie on the floor of the section, and
/// that none does.
struct ValleyBranch {
  var section: Int
  /// How many buffers can lie on the floor.
  var restingCount: Int
  /// The least height at which anything can lie if nothing lies on the floor; nil where that is
  /// impossible.
  var lift: Int?
}

/// The least heights over the sections of a valley at which something can rest that was not on its
/// floor.
struct ValleyScratch: ~Copyable {
  /// The lowest top of an unplaced buffer of the valley that ends at or before a section.
  let leftTop: FlatArray<Int>
  /// The same for buffers that begin after a section.
  let rightTop: FlatArray<Int>
  /// The number of buffers on the floor, and the least offset of the others.
  let restingCount: FlatArray<Int32>
  let nextOffset: FlatArray<Int>

  init(sectionCount: Int) {
    leftTop = FlatArray(repeating: 0, count: sectionCount)
    rightTop = FlatArray(repeating: 0, count: sectionCount)
    restingCount = FlatArray(repeating: 0, count: sectionCount)
    nextOffset = FlatArray(repeating: 0, count: sectionCount)
  }
}

extension ValleyState {
  /// The best section to branch at, or the section at which nothing can rest any more.
  enum BranchChoice {
    case branch(ValleyBranch)
    case deadEnd(section: Int)
  }

  /// Looks through all valleys: runs of sections of equal floor between higher or finished ones.
  ///
  /// In a valley, a buffer whose least offset is the floor lies within the run, so that no gap opens
  /// under it. If no buffer rests on the floor of a section, the lowest buffer there rests on a
  /// buffer of the valley that misses the section, or is one that cannot lie on the floor.
  mutating func chooseBranch(
    in range: Range<Int>, rule: ValleyOptions.Rule, _ scratch: borrowing ValleyScratch
  ) -> BranchChoice {
    var best = ValleyBranch(section: -1, restingCount: 0, lift: nil)
    var bestScore = Double.infinity
    var low = range.lowerBound
    while low < range.upperBound {
      guard unplacedCount[low] > 0 else {
        low += 1
        continue
      }
      let height = floor[low]
      var high = low + 1
      while high < range.upperBound, unplacedCount[high] > 0, floor[high] == height { high += 1 }
      let isValley =
        (low == range.lowerBound || unplacedCount[low - 1] == 0 || floor[low - 1] > height)
        && (high == range.upperBound || unplacedCount[high] == 0 || floor[high] > height)
      let valley = low..<high
      low = high
      guard isValley else { continue }
      if rule == .lowest, Double(height) >= bestScore { continue }

      measure(valley, height: height, scratch)
      for section in valley {
        let resting = Int(scratch.restingCount[section])
        let next = min(
          scratch.nextOffset[section], scratch.leftTop[section], scratch.rightTop[section])
        let canLift = next != Int.max && next - height <= slack(section)
        let cases = resting + (canLift ? 1 : 0)
        if cases == 0 { return .deadEnd(section: section) }
        let score: Double
        if cases == 1 {
          score = -1
        } else {
          // Ties go to the lower floor; with the second rule, heights come first.
          let relative = Double(height) / Double(max(1, ceiling[section]))
          switch rule {
          case .weighted: score = Double(cases) * 1e6 / (1 + weight[section]) + relative
          case .lowest: score = Double(height) + Double(cases) * 1e-6
          case .fewest: score = Double(cases) * 1e6 + relative
          case .leftmost: score = -1
          }
        }
        if score < bestScore {
          bestScore = score
          best = ValleyBranch(
            section: section, restingCount: resting, lift: canLift ? next : nil)
          if score < 0 { return .branch(best) }
        }
      }
    }
    guard best.section >= 0 else {
      preconditionFailure("the lowest sections of a component are a valley")
    }
    return .branch(best)
  }

  private mutating func measure(
    _ valley: Range<Int>, height: Int, _ scratch: borrowing ValleyScratch
  ) {
    for section in valley {
      scratch.leftTop[section] = Int.max
      scratch.rightTop[section] = Int.max
    }
    for section in valley {
      var resting: Int32 = 0
      var next = Int.max
      let unplaced = unplaced(in: section)
      work += unplaced.count + 2
      for index in unplaced {
        let member = Int(self.member[index])
        let least = leastOffset[member]
        if least <= height { resting += 1 } else if least < next { next = least }
        // Each buffer once, where it enters the valley.
        let begin = Int(first[member])
        guard begin == section || section == valley.lowerBound else { continue }
        let top = least + size[member]
        if begin > valley.lowerBound, top < scratch.rightTop[begin - 1] {
          scratch.rightTop[begin - 1] = top
        }
        let end = Int(end[member])
        if end < valley.upperBound, top < scratch.leftTop[end] { scratch.leftTop[end] = top }
      }
      scratch.restingCount[section] = resting
      scratch.nextOffset[section] = next
      if section > valley.lowerBound {
        let before = scratch.leftTop[section - 1]
        if before < scratch.leftTop[section] { scratch.leftTop[section] = before }
      }
    }
    var section = valley.upperBound - 2
    while section >= valley.lowerBound {
      let after = scratch.rightTop[section + 1]
      if after < scratch.rightTop[section] { scratch.rightTop[section] = after }
      section -= 1
    }
  }
}
