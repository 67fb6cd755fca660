// SPDX-License-Identifier: Apache-2.0

extension ValleyState {
  /// Draws the conclusions of the start.
  ///
  /// - Returns: false where nothing fits.
  mutating func prepare() -> Bool {
    for member in 0..<memberCount where greatestOffset[member] < 0 { return false }
    for section in 0..<sectionCount {
      if slack(section) < 0 { return false }
      if floor[section] > 0 { raiseLeastOffsets(in: section) }
      dirtySections.push(section)
    }
    return propagate()
  }

  /// Puts a buffer at its least offset and draws all conclusions.
  ///
  /// - Returns: false where the rest cannot be placed any more.
  mutating func placeOnFloor(_ member: Int) -> Bool {
    let top = leastOffset[member] + size[member]
    settle(member, at: leastOffset[member])
    trail.append(.onFloor(member: Int32(truncatingIfNeeded: member)))
    let span = span(member)
    work += span.count
    for section in span {
      setFloor(section, to: top)
      dirtySections.push(section)
    }
    for section in span where unplacedCount[section] > 0 && slack(section) < 0 {
      return failed(at: section)
    }
    // Everything that shares a section with it, once: what lives in the first one, then what begins.
    raiseLeastOffsets(in: span.lowerBound)
    for section in span.dropFirst() {
      for index in Int(startingStart[section])..<Int(startingStart[section + 1]) {
        let other = Int(starting[index])
        if !isPlaced[other], leastOffset[other] < top {
          setLeastOffset(other, to: aligned(top, for: other))
        }
      }
    }
    return propagate()
  }

  /// Leaves the floor of a section free up to a height, and draws all conclusions.
  mutating func lift(_ section: Int, to height: Int) -> Bool {
    setFloor(section, to: height)
    if slack(section) < 0 { return failed(at: section) }
    dirtySections.push(section)
    raiseLeastOffsets(in: section)
    return propagate()
  }

  /// Puts a buffer under the ceiling of all its sections, which is one height.
  mutating func placeUnderCeiling(_ member: Int) {
    let bottom = ceiling[Int(first[member])] - size[member]
    settle(member, at: bottom)
    trail.append(.underCeiling(member: Int32(truncatingIfNeeded: member)))
    for section in span(member) { ceiling[section] = bottom }
  }

  /// Puts a buffer on the floor of all its sections, which is one height, without conclusions.
  mutating func stackOnFloor(_ member: Int) {
    let bottom = floor[Int(first[member])]
    settle(member, at: bottom)
    trail.append(.onFloor(member: Int32(truncatingIfNeeded: member)))
    for section in span(member) { setFloor(section, to: bottom + size[member]) }
  }

  /// Takes a buffer out of the unplaced ones.
  private mutating func settle(_ member: Int, at height: Int) {
    offset[member] = height
    isPlaced[member] = true
    let bytes = size[member]
    let start = placeStart[member]
    let span = span(member)
    unplacedKey[span.lowerBound] ^= key[member]
    if isFixed[member] {
      for section in span { unplacedFixedCount[section] -= 1 }
    }
    for section in span {
      rest[section] -= bytes
      if section + 1 < span.upperBound { crossingCount[section] -= 1 }
      // Swaps it behind the unplaced ones; taking back moves the border only.
      let last = unplacedCount[section] - 1
      unplacedCount[section] = last
      let row = memberStart[section]
      let position = place[start + section - span.lowerBound]
      let other = Int(self.member[row + Int(last)])
      self.member[row + Int(position)] = Int32(truncatingIfNeeded: other)
      self.member[row + Int(last)] = Int32(truncatingIfNeeded: member)
      place[placeStart[other] + section - Int(first[other])] = position
      place[start + section - span.lowerBound] = last
    }
  }

  private mutating func unsettle(_ member: Int) {
    isPlaced[member] = false
    let bytes = size[member]
    let span = span(member)
    work += span.count
    unplacedKey[span.lowerBound] ^= key[member]
    if isFixed[member] {
      for section in span { unplacedFixedCount[section] += 1 }
    }
    for section in span {
      rest[section] += bytes
      unplacedCount[section] += 1
      if section + 1 < span.upperBound { crossingCount[section] += 1 }
    }
  }

  @inline(__always) mutating func setFloor(_ section: Int, to height: Int) {
    trail.append(
      .floor(section: Int32(truncatingIfNeeded: section), old: floor[section]))
    floor[section] = height
  }

  @inline(__always) private mutating func changeLeastOffset(_ member: Int, to height: Int) {
    trail.append(
      .leastOffset(member: Int32(truncatingIfNeeded: member), old: leastOffset[member]))
    leastOffset[member] = height
    if height > greatestOffset[member] { misfit = member }
  }

  @inline(__always) mutating func setLeastOffset(_ member: Int, to height: Int) {
    let old = leastOffset[member]
    changeLeastOffset(member, to: height)
    // Elsewhere another buffer holds the floor down.
    let span = span(member)
    work += span.count
    for section in span where floor[section] >= old { dirtySections.push(section) }
  }

  /// Takes changes back until the trail has the given length.
  mutating func undo(to length: Int) {
    while trail.count > length {
      switch trail.removeLast() {
      case .floor(let section, let old): floor[Int(section)] = old
      case .leastOffset(let member, let old): leastOffset[Int(member)] = old
      case .onFloor(let member): unsettle(Int(member))
      case .underCeiling(let member):
        unsettle(Int(member))
        for section in span(Int(member)) { ceiling[section] += size[Int(member)] }
      }
    }
  }

  /// Lifts the least offsets of a section's unplaced buffers to its floor.
  mutating func raiseLeastOffsets(in section: Int) {
    let height = floor[section]
    for index in unplaced(in: section) {
      let member = Int(self.member[index])
      if leastOffset[member] < height {
        setLeastOffset(member, to: aligned(height, for: member))
      }
    }
  }

  /// Lifts everything in a component to its floor, which is flat and all of which waits already: once
  /// a buffer, not once a section.
  mutating func raiseAll(in component: Range<Int>) {
    let height = floor[component.lowerBound]
    for section in component {
      for index in Int(startingStart[section])..<Int(startingStart[section + 1]) {
        let member = Int(starting[index])
        if !isPlaced[member], leastOffset[member] < height {
          changeLeastOffset(member, to: aligned(height, for: member))
        }
      }
    }
  }

  @inline(__always) func aligned(_ height: Int, for member: Int) -> Int {
    let mask = alignmentMask[member]
    return (height + mask) & ~mask
  }

  /// Draws the conclusions of all sections and borders that wait for it; without propagation, only
  /// what makes the state impossible at once.
  ///
  /// - Returns: false where the rest cannot be placed any more.
  mutating func propagate() -> Bool {
    while true {
      var section = dirtySections.pop()
      while section >= 0 {
        if unplacedCount[section] > 0 {
          if options.usesStepRule {
            if section > 0, crossingCount[section - 1] > 0 { dirtyBorders.push(section - 1) }
            if crossingCount[section] > 0 { dirtyBorders.push(section) }
          }
          var least = Int.max
          let unplaced = unplaced(in: section)
          var index = unplaced.lowerBound
          // One buffer on the floor holds it down.
          while least > floor[section], index < unplaced.upperBound {
            least = min(least, leastOffset[Int(member[index])])
            index += 1
          }
          work += index - unplaced.lowerBound
          if least > floor[section], options.propagates {
            setFloor(section, to: least)
            if slack(section) < 0 { return failed(at: section) }
            raiseLeastOffsets(in: section)
          } else if slack(section) < 0 {
            return failed(at: section)
          }
        }
        section = dirtySections.pop()
      }
      if misfit >= 0 { return failed(at: Int(first[misfit])) }
      let border = dirtyBorders.pop()
      if border < 0 { return true }
      if !applyStepRule(at: border) {
        weight[border + 1] += 0.5
        return failed(at: border, weight: 0.5)
      }
    }
  }

  private mutating func failed(at section: Int, weight added: Double = 1) -> Bool {
    weight[section] += added
    dirtySections.removeAll()
    dirtyBorders.removeAll()
    misfit = -1
    return false
  }
}
