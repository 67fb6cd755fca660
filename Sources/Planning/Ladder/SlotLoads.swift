// SPDX-License-Identifier: Apache-2.0

/// What is live during each slot of a ``RunSequence``, with what that comes to above a budget and in all.
///
/// Vacant slots are counted for nothing, but know what stays in the arena while they pass: their loads
/// lie below all others by a constant, so that bytes are added to both alike. What one change adds is
/// gathered first; where it takes bytes away from the steps that it adds them to, nothing is done.
struct SlotLoads {
  private struct Edge {
    var slot: Int
    /// What is added from there on.
    var bytes: Int
  }

  /// How far loads of vacant slots lie below.
  private static let depth = 1 << 60

  let budget: Int
  /// The sum of what each load is above the budget by, without what is gathered.
  private(set) var excess = 0
  /// The sum of all loads, in byte steps, without what is gathered.
  private(set) var total = 0
  /// Entries looked at.
  private(set) var work = 0
  private var loads: [Int]
  private var edges: [Edge] = []

  /// Vacant slots.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - bytes: What stays in the arena during all of them.
  init(count: Int, bytes: Int, budget: Int) {
    loads = [Int](repeating: bytes - Self.depth, count: count)
    self.budget = budget
  }

  /// What is live during a slot, vacant or not; in bytes.
  func bytes(at slot: Int) -> Int {
    var bytes = loads[slot]
    if bytes < -Self.depth / 2 { bytes += Self.depth }
    for edge in edges where edge.slot <= slot { bytes += edge.bytes }
    return bytes
  }

  /// Adds bytes to some slots, when all that is gathered is applied.
  mutating func add(_ bytes: Int, _ range: Range<Int>) {
    guard bytes != 0, !range.isEmpty else { return }
    edges.append(Edge(slot: range.lowerBound, bytes: bytes))
    edges.append(Edge(slot: range.upperBound, bytes: -bytes))
  }

  /// Applies what is gathered.
  ///
  /// - Complexity: O(e log e + slots that change) for e edges.
  mutating func apply() {
    work += edges.count
    edges.sort { $0.slot < $1.slot }
    var bytes = 0
    for index in edges.indices {
      bytes += edges[index].bytes
      if bytes != 0 { apply(bytes, edges[index].slot..<edges[index + 1].slot) }
    }
    edges.removeAll(keepingCapacity: true)
  }

  private mutating func apply(_ bytes: Int, _ range: Range<Int>) {
    work += range.count
    var (above, taken) = (0, 0)
    loads.withUnsafeMutableBufferPointer { loads in
      for slot in range {
        let before = loads[slot]
        let after = before &+ bytes
        loads[slot] = after
        above &+= max(after &- budget, 0) &- max(before &- budget, 0)
        taken &+= after > -Self.depth / 2 ? 1 : 0
      }
    }
    excess += above
    total += bytes * taken
  }

  /// Counts a vacant slot from now on.
  mutating func occupy(_ slot: Int) {
    loads[slot] += Self.depth
    excess += max(loads[slot] - budget, 0)
    total += loads[slot]
  }

  /// Counts a slot no longer.
  mutating func vacate(_ slot: Int) {
    excess -= max(loads[slot] - budget, 0)
    total -= loads[slot]
    loads[slot] -= Self.depth
  }

  /// Moves a vacant slot; those between make room.
  ///
  /// What is live during it is to be told by ``set(_:at:)``.
  mutating func move(_ source: Int, to target: Int) {
    work += abs(target - source)
    let vacant = loads[source]
    loads.withUnsafeMutableBufferPointer { loads in
      var slot = source
      while slot > target {
        loads[slot] = loads[slot - 1]
        slot -= 1
      }
      while slot < target {
        loads[slot] = loads[slot + 1]
        slot += 1
      }
    }
    loads[target] = vacant
    for index in edges.indices {
      let slot = edges[index].slot
      if source < slot, slot <= target { edges[index].slot -= 1 }
      if target <= slot, slot <= source { edges[index].slot += 1 }
    }
  }

  /// Says what is live during a vacant slot, with what is gathered.
  mutating func set(_ bytes: Int, at slot: Int) {
    loads[slot] += bytes - self.bytes(at: slot)
  }
}
