// SPDX-License-Identifier: Apache-2.0

extension ValleyState {
  /// Appends the components of a range: neighbours joined by unplaced buffers. Without splitting
  /// there is one, from the first section with something unplaced to the last.
  ///
  /// - Parameters:
  ///   - range: one component, before buffers within `changed` were placed.
  ///   - changed: sections of the range.
  /// - Complexity: O(c) in the c changed sections.
  mutating func appendComponents(
    of range: Range<Int>, changed: Range<Int>, to components: inout [Range<Int>]
  ) {
    work += changed.count
    guard options.splitsComponents else {
      var (low, high) = (range.lowerBound, range.upperBound)
      while low < high, unplacedCount[low] == 0 { low += 1 }
      while low < high, unplacedCount[high - 1] == 0 { high -= 1 }
      if low < high { components.append(low..<high) }
      return
    }
    var low = range.lowerBound
    for section in changed {
      if unplacedCount[section] == 0 {
        if low < section { components.append(low..<section) }
        low = section + 1
      } else if section + 1 < range.upperBound, crossingCount[section] == 0 {
        components.append(low..<section + 1)
        low = section + 1
      }
    }
    if low < range.upperBound { components.append(low..<range.upperBound) }
  }

  /// Puts every buffer that spans a whole component away, without loss: any layout of the rest can
  /// be moved up over it, or down from under it. The ceiling of a component is one height.
  /// Conclusions are left to `propagate`.
  ///
  /// - Returns: whether there was such a buffer.
  mutating func peel(_ component: Range<Int>, spanning: inout [Int32]) -> Bool {
    guard options.peels, isTranslatable else { return false }
    spanning.removeAll(keepingCapacity: true)
    let outermost =
      unplacedCount[component.lowerBound] <= unplacedCount[component.upperBound - 1]
      ? component.lowerBound : component.upperBound - 1
    let unplaced = unplaced(in: outermost)
    work += unplaced.count
    for index in unplaced {
      let span = span(Int(member[index]))
      if span.lowerBound <= component.lowerBound, span.upperBound >= component.upperBound {
        spanning.append(member[index])
      }
    }
    guard !spanning.isEmpty, canMove(component) else { return false }
    work += (spanning.count + 1) * component.count
    // The longest-lived outermost, which leaves the others the best holes for what is no member.
    spanning.sort { (-width[Int($0)], $0) < (-width[Int($1)], $1) }
    let height = floor[component.lowerBound]
    let isFlat = component.allSatisfy { floor[$0] == height }
    for member in spanning {
      if isFlat { stackOnFloor(Int(member)) } else { placeUnderCeiling(Int(member)) }
    }
    for section in component { dirtySections.push(section) }
    if isFlat { raiseAll(in: component) }
    return true
  }

  /// Whether any layout of what is unplaced in a range may be moved up or down.
  func canMove(_ range: Range<Int>) -> Bool {
    isTranslatable && (!hasFixed || range.allSatisfy { unplacedFixedCount[$0] == 0 })
  }

  /// A hash of what is unplaced in a range and of the room over each floor: all that a solution of
  /// the range depends on, since the ceiling of a component is one height.
  func hash(of range: Range<Int>) -> UInt64 {
    var hash: UInt64 = 0
    let canMove = canMove(range)
    for section in range where unplacedCount[section] > 0 {
      var room = UInt64(bitPattern: Int64(ceiling[section] - floor[section]))
      // Where that matters, so does the height itself.
      if !canMove { room ^= UInt64(bitPattern: Int64(floor[section])) << 32 }
      hash = SplitMix64.mixed(
        (hash ^ room ^ unplacedKey[section]) &+ UInt64(section + 1) &* 0x9e37_79b9_7f4a_7c15)
    }
    return hash
  }
}
