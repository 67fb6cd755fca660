// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// Which nodes run before and behind which others in every order.
struct Ancestry {
  /// For each node, those that it depends on, itself not included.
  let above: [NodeBits]
  /// For each node, those that depend on it, itself not included.
  let below: [NodeBits]

  /// The most nodes of a graph for which this is worth its memory: 100 MB.
  static let nodeLimit = 20_000

  /// - Complexity: O(nodes · (nodes + dependencies) / 64), time and memory.
  init(_ dependencies: Dependencies, nodes count: Int) {
    var above = [NodeBits](repeating: NodeBits(count), count: count)
    var below = above
    // Nodes of a graph are numbered in an order that keeps dependencies.
    for node in 0..<count {
      for other in dependencies.predecessors(of: NodeID(node)) {
        above[node].formUnion(above[Int(other)])
        above[node].insert(Int(other))
      }
    }
    for node in (0..<count).reversed() {
      for other in dependencies.predecessors(of: NodeID(node)) {
        below[Int(other)].formUnion(below[node])
        below[Int(other)].insert(node)
      }
    }
    (self.above, self.below) = (above, below)
  }
}

/// A set of nodes, one bit each.
struct NodeBits {
  private var words: [UInt64]
  private let count: Int

  init(_ count: Int) {
    self.count = count
    words = [UInt64](repeating: 0, count: (count + 63) / 64)
  }

  mutating func fill() {
    for node in 0..<count { insert(node) }
  }

  mutating func insert(_ node: Int) { words[node / 64] |= 1 << UInt64(node % 64) }

  mutating func remove(_ node: Int) { words[node / 64] &= ~(1 << UInt64(node % 64)) }

  func contains(_ node: Int) -> Bool { words[node / 64] >> UInt64(node % 64) & 1 == 1 }

  mutating func formUnion(_ other: NodeBits) {
    for index in words.indices { words[index] |= other.words[index] }
  }

  mutating func formIntersection(_ other: NodeBits) {
    for index in words.indices { words[index] &= other.words[index] }
  }

  /// Calls for each node of the set, in order.
  func visit(_ body: (Int) -> Void) {
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body(index * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }
}
