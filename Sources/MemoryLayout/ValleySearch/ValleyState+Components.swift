// SPDX-License-Identifier: Apache-2.0

extension ValleyState {
  /// The first component in a range of sections: neighbours joined by unplaced buffers; nil where
  /// nothing is unplaced.
  func firstComponent(in range: Range<Int>) -> Range<Int>? {
    var low = range.lowerBound
    while low < range.upperBound, unplacedCount[low] == 0 { low += 1 }
    guard low < range.upperBound else { return nil }
    if options.splitsComponents {
      var last = low
      while crossingCount[last] > 0 { last += 1 }
      return low..<last + 1
    }
    var high = range.upperBound
    while unplacedCount[high - 1] == 0 { high -= 1 }
    return low..<high
  }

  /// Puts every buffer that spans its whole component away, without loss: any layout of the rest
  /// can be moved up over it, or down from under it. The ceiling of a component is one height.
  ///
  /// - Returns: nil where no buffer spans its component; else whether the rest can still be placed.
  mutating func peel(_ range: Range<Int>, spanning: inout [Int32]) -> Bool? {
    guard options.peels, isTranslatable else { return nil }
    var didPeel = false
    var low = range.lowerBound
    while let component = firstComponent(in: low..<range.upperBound) {
      low = component.upperBound
      guard canMove(component) else { continue }
      spanning.removeAll(keepingCapacity: true)
      let unplaced = unplaced(in: component.lowerBound)
      work += unplaced.count + component.count
      for index in unplaced where Int(end[Int(member[index])]) >= component.upperBound {
        spanning.append(member[index])
      }
      guard !spanning.isEmpty else { continue }
      didPeel = true
      // The longest-lived outermost, which leaves the others the best holes for what is no member.
      spanning.sort { (-width[Int($0)], $0) < (-width[Int($1)], $1) }
      let height = floor[component.lowerBound]
      let isFlat = component.allSatisfy { floor[$0] == height }
      for member in spanning {
        if isFlat { stackOnFloor(Int(member)) } else { placeUnderCeiling(Int(member)) }
      }
      for section in component {
        if isFlat { raiseLeastOffsets(in: section) }
        dirtySections.push(section)
      }
    }
    return didPeel ? propagate() : nil
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
