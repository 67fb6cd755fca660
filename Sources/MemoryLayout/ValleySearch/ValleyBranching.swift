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
  /// In large components, what the search for a branch may take once there is one.
  private static let branchingWork = 2000

  /// The best section to branch at, or the section at which nothing can rest any more.
  enum BranchChoice {
    case branch(ValleyBranch)
    case deadEnd(section: Int)
  }

  /// Looks through the valleys: runs of sections of equal floor between higher or finished ones.
  ///
  /// All of them in a component of usual size. In a large one the search stays near its last
  /// change: what is far away is looked at only until there is a choice.
  ///
  /// In a valley, a buffer whose least offset is the floor lies within the run, so that no gap opens
  /// under it. If no buffer rests on the floor of a section, the lowest buffer there rests on a
  /// buffer of the valley that misses the section, or is one that cannot lie on the floor.
  mutating func chooseBranch(
    in range: Range<Int>, rule: ValleyOptions.Rule, from focus: Int,
    _ scratch: borrowing ValleyScratch
  ) -> BranchChoice {
    var best = ValleyBranch(section: -1, restingCount: 0, lift: nil)
    var bestScore = Double.infinity
    let isLarge = range.count > usualSectionCount
    let enough = isLarge ? work + Self.branchingWork : .max
    var start = isLarge && range.contains(focus) ? focus : range.lowerBound
    while start > range.lowerBound, floor[start - 1] == floor[start] { start -= 1 }
    var low = start
    var isBehind = false
    while true {
      if low == range.upperBound, !isBehind {
        low = range.lowerBound
        isBehind = true
      }
      if isBehind, low >= start { break }
      if work > enough, best.section >= 0 { break }
      work += 1
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
      work += high - low
      low = high
      guard isValley else { continue }
      if rule == .lowest, Double(height) >= bestScore { continue }

      let window = isLarge ? window(of: valley, near: focus) : valley
      measure(window, of: valley, height: height, scratch)
      for section in window {
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

  /// What is looked at of a very wide valley.
  private func window(of valley: Range<Int>, near focus: Int) -> Range<Int> {
    guard valley.count > windowWidth else { return valley }
    let wanted = (valley.contains(focus) ? focus : valley.lowerBound) - windowWidth / 4
    let low = min(max(wanted, valley.lowerBound), valley.upperBound - windowWidth)
    return low..<low + windowWidth
  }

  /// Fills the scratch for a window of a valley. Of what is beside the window only the least size is
  /// known, which makes lifts smaller than they might be.
  private mutating func measure(
    _ window: Range<Int>, of valley: Range<Int>, height: Int, _ scratch: borrowing ValleyScratch
  ) {
    for section in window {
      scratch.leftTop[section] = Int.max
      scratch.rightTop[section] = Int.max
    }
    if window.lowerBound > valley.lowerBound {
      scratch.leftTop[window.lowerBound] = height + leastSize
    }
    if window.upperBound < valley.upperBound {
      scratch.rightTop[window.upperBound - 1] = height + leastSize
    }
    for section in window {
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
        guard begin == section || section == window.lowerBound else { continue }
        let top = least + size[member]
        if begin > window.lowerBound, top < scratch.rightTop[begin - 1] {
          scratch.rightTop[begin - 1] = top
        }
        let end = Int(end[member])
        if end < window.upperBound, top < scratch.leftTop[end] { scratch.leftTop[end] = top }
      }
      scratch.restingCount[section] = resting
      scratch.nextOffset[section] = next
      if section > window.lowerBound {
        let before = scratch.leftTop[section - 1]
        if before < scratch.leftTop[section] { scratch.leftTop[section] = before }
      }
    }
    var section = window.upperBound - 2
    while section >= window.lowerBound {
      let after = scratch.rightTop[section + 1]
      if after < scratch.rightTop[section] { scratch.rightTop[section] = after }
      section -= 1
    }
  }
}
