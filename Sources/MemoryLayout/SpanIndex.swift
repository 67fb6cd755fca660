// SPDX-License-Identifier: Apache-2.0

/// Finds the best-ranked buffer whose whole span lies within a range of sections, while buffers are
/// removed.
///
/// A buffer is the point (first section, end section); the wanted ones fill a quadrant. The points
/// are laid along a Z-order curve, under a binary tree whose nodes hold the extent of their points
/// and the best rank left among them.
/// Source of the curve: Morton, "A computer oriented geodetic data base" (IBM, 1966).
struct SpanIndex {
  private struct Node {
    var leastFirst: Int32
    var greatestFirst: Int32
    var leastEnd: Int32
    var greatestEnd: Int32
  }

  private static let leafSize = 8

  /// The number of leaves; the leaf nodes follow the inner ones.
  private let leafCount: Int
  private let nodes: [Node]
  /// Members along the curve, with their spans.
  private let curve: [Int32]
  private let firsts: [Int32]
  private let ends: [Int32]
  /// The place of each buffer on the curve.
  private let places: [Int32]

  /// The rank of each member along the curve, `none` once removed.
  private var ranks: [Int32] = []
  private var bestRanks: [Int32] = []
  private var memberOfRank: [Int32] = []

  private static let none = Int32.max

  /// How many nodes and points were looked at so far.
  private(set) var work = 0

  /// - Complexity: O(n log n) in the n members.
  init(of problem: LayoutProblem) {
    let sections = problem.sections
    let members = problem.members
    let codes = members.map { member in
      (
        code: Self.interleaved(
          UInt32(sections.first[Int(member)]), UInt32(sections.end[Int(member)])), member: member
      )
    }
    curve = codes.sorted { $0 < $1 }.map(\.member)
    firsts = curve.map { sections.first[Int($0)] }
    ends = curve.map { sections.end[Int($0)] }
    var places = [Int32](repeating: -1, count: problem.buffers.count)
    for (place, member) in curve.enumerated() { places[Int(member)] = Int32(place) }
    self.places = places

    let blocks = max(1, (curve.count + Self.leafSize - 1) / Self.leafSize)
    var leafCount = 1
    while leafCount < blocks { leafCount *= 2 }
    self.leafCount = leafCount
    let nothing = Node(
      leastFirst: .max, greatestFirst: .min, leastEnd: .max, greatestEnd: .min)
    var nodes = [Node](repeating: nothing, count: 2 * leafCount)
    for place in curve.indices {
      let leaf = leafCount + place / Self.leafSize
      let point = Node(
        leastFirst: firsts[place], greatestFirst: firsts[place], leastEnd: ends[place],
        greatestEnd: ends[place])
      nodes[leaf] = Self.union(nodes[leaf], point)
    }
    for node in stride(from: leafCount - 1, to: 0, by: -1) {
      nodes[node] = Self.union(nodes[2 * node], nodes[2 * node + 1])
    }
    self.nodes = nodes
  }

  /// Makes the given members the present ones, first to last in rank.
  ///
  /// - Complexity: O(n).
  mutating func fill(with order: [Int32]) {
    work = 0
    memberOfRank = order
    ranks = [Int32](repeating: Self.none, count: curve.count)
    for (rank, member) in order.enumerated() { ranks[Int(places[Int(member)])] = Int32(rank) }
    bestRanks = [Int32](repeating: Self.none, count: 2 * leafCount)
    for place in curve.indices {
      let leaf = leafCount + place / Self.leafSize
      bestRanks[leaf] = min(bestRanks[leaf], ranks[place])
    }
    for node in stride(from: leafCount - 1, to: 0, by: -1) {
      bestRanks[node] = min(bestRanks[2 * node], bestRanks[2 * node + 1])
    }
  }

  /// Removes and returns the best-ranked member whose span lies within `low..<high`.
  ///
  /// - Complexity: O(log n) where a node lies in the quadrant as a whole or not at all; O(√n) node
  ///   visits are typical at worst.
  mutating func removeBest(within low: Int32, _ high: Int32) -> Int32? {
    var best = Self.none
    search(1, low, high, &best)
    guard best != Self.none else { return nil }
    let member = memberOfRank[Int(best)]
    remove(at: Int(places[Int(member)]))
    return member
  }

  private mutating func search(
    _ node: Int, _ low: Int32, _ high: Int32, _ best: inout Int32
  ) {
    work += 1
    guard bestRanks[node] < best else { return }
    let extent = nodes[node]
    guard extent.greatestFirst >= low, extent.leastEnd <= high else { return }
    if extent.leastFirst >= low, extent.greatestEnd <= high {
      best = bestRanks[node]
      return
    }
    if node >= leafCount {
      let start = (node - leafCount) * Self.leafSize
      work += Self.leafSize
      for place in start..<min(start + Self.leafSize, curve.count)
      where ranks[place] < best && firsts[place] >= low && ends[place] <= high {
        best = ranks[place]
      }
      return
    }
    // The more promising half first, so that the other is more often not needed.
    let left = 2 * node
    let right = left + 1
    if bestRanks[left] <= bestRanks[right] {
      search(left, low, high, &best)
      search(right, low, high, &best)
    } else {
      search(right, low, high, &best)
      search(left, low, high, &best)
    }
  }

  private mutating func remove(at place: Int) {
    ranks[place] = Self.none
    var node = leafCount + place / Self.leafSize
    let start = (node - leafCount) * Self.leafSize
    var least = Self.none
    for neighbour in start..<min(start + Self.leafSize, curve.count) {
      least = min(least, ranks[neighbour])
    }
    bestRanks[node] = least
    while node > 1 {
      node /= 2
      let least = min(bestRanks[2 * node], bestRanks[2 * node + 1])
      if bestRanks[node] == least { break }
      bestRanks[node] = least
    }
  }

  private static func union(_ a: Node, _ b: Node) -> Node {
    Node(
      leastFirst: min(a.leastFirst, b.leastFirst),
      greatestFirst: max(a.greatestFirst, b.greatestFirst),
      leastEnd: min(a.leastEnd, b.leastEnd), greatestEnd: max(a.greatestEnd, b.greatestEnd))
  }

  /// The bits of two numbers, in turn.
  private static func interleaved(_ a: UInt32, _ b: UInt32) -> UInt64 {
    spread(a) | spread(b) << 1
  }

  private static func spread(_ value: UInt32) -> UInt64 {
    var bits = UInt64(value)
    bits = (bits | bits << 16) & 0x0000_FFFF_0000_FFFF
    bits = (bits | bits << 8) & 0x00FF_00FF_00FF_00FF
    bits = (bits | bits << 4) & 0x0F0F_0F0F_0F0F_0F0F
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333
    bits = (bits | bits << 1) & 0x5555_5555_5555_5555
    return bits
  }
}
