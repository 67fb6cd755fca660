// SPDX-License-Identifier: Apache-2.0

extension ValleyState {
  /// Raises what crosses the border behind a section to a height that is possible on both sides.
  ///
  /// Below the lowest crossing buffer lie, in each of the two sections, only buffers that do not
  /// cross, and gaps of at most the section's slack: its offset is the floor, plus a sum of sizes of
  /// such buffers, plus at most the slack, on both sides at once.
  ///
  /// - Returns: false where there is no such height.
  mutating func applyStepRule(at border: Int) -> Bool {
    let left = border
    let right = border + 1
    guard crossingCount[border] > 0 else { return true }
    let unplaced = unplaced(in: left)
    var least = Int.max
    // A buffer that needs nothing below it, for the slack is enough on both sides, is possible.
    let reach = min(floor[left] + slack(left), floor[right] + slack(right))
    var index = unplaced.lowerBound
    while index < unplaced.upperBound {
      let member = Int(self.member[index])
      if end[member] > right, leastOffset[member] < least {
        least = leastOffset[member]
        if least <= reach { break }
      }
      index += 1
    }
    work += index - unplaced.lowerBound + 16
    if least <= reach { return true }

    sums.begin()
    for index in Int(endingStart[left])..<Int(endingStart[left + 1]) {
      let member = Int(ending[index])
      guard isPlaced[member] || sums.addLeft(size[member], atMost: ceiling[left] - floor[left])
      else { return true }
    }
    for index in Int(startingStart[right])..<Int(startingStart[right + 1]) {
      let member = Int(starting[index])
      guard
        isPlaced[member] || sums.addRight(size[member], atMost: ceiling[right] - floor[right])
      else { return true }
    }
    work += sums.count
    guard
      let height = sums.leastCommonHeight(
        atLeast: least, floors: (floor[left], floor[right]), slacks: (slack(left), slack(right)))
    else { return false }
    if height > least, options.raisesToSums {
      for index in unplaced {
        let member = Int(self.member[index])
        if end[member] > right, leastOffset[member] < height {
          setLeastOffset(member, to: aligned(height, for: member))
        }
      }
    }
    return true
  }
}

/// The sums of subsets of sizes, on either side of a border.
struct SubsetSums: ~Copyable {
  private static let limit = 256

  /// Ascending sums of the left side, then of the right, then room for a merge.
  private let values = FlatArray<Int>(repeating: 0, count: 6 * limit)
  private var leftCount = 1
  private var rightCount = 1

  var count: Int { leftCount + rightCount }

  /// Forgets all sizes; zero is a sum on both sides.
  mutating func begin() {
    values[0] = 0
    values[2 * Self.limit] = 0
    leftCount = 1
    rightCount = 1
  }

  /// Adds a size to the left side; false where there would be too many sums.
  mutating func addLeft(_ size: Int, atMost most: Int) -> Bool {
    guard leftCount <= Self.limit else { return false }
    leftCount = add(size, from: 0, count: leftCount, atMost: most)
    return true
  }

  mutating func addRight(_ size: Int, atMost most: Int) -> Bool {
    guard rightCount <= Self.limit else { return false }
    rightCount = add(size, from: 2 * Self.limit, count: rightCount, atMost: most)
    return true
  }

  private func add(_ size: Int, from start: Int, count: Int, atMost most: Int) -> Int {
    let merged = 4 * Self.limit
    var written = 0
    var without = 0
    var with = 0
    while without < count || with < count {
      let plain = without < count ? values[start + without] : Int.max
      let grown = with < count ? values[start + with] + size : Int.max
      let sum = min(plain, grown)
      if plain == sum { without += 1 }
      if grown == sum { with += 1 }
      if sum > most { break }
      values[merged + written] = sum
      written += 1
    }
    for index in 0..<written { values[start + index] = values[merged + index] }
    return written
  }

  /// The least height that is at least `least`, and on each side within the slack above the floor
  /// plus a sum.
  func leastCommonHeight(
    atLeast least: Int, floors: (left: Int, right: Int), slacks: (left: Int, right: Int)
  ) -> Int? {
    var left = 0
    var right = 0
    while left < leftCount, right < rightCount {
      let leftHeight = floors.left + values[left]
      let rightHeight = floors.right + values[2 * Self.limit + right]
      let height = max(least, max(leftHeight, rightHeight))
      if height > leftHeight + slacks.left {
        left += 1
      } else if height > rightHeight + slacks.right {
        right += 1
      } else {
        return height
      }
    }
    return nil
  }
}
