// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Planning

@Suite struct MinimumCutTests {
  /// An arc of a small network.
  private struct Arc {
    let tail: Int
    let head: Int
    var capacity: Int
  }

  /// Against every set of vertices on the source's side.
  @Test(arguments: Seeds.first(60)) func `the cheapest of all cuts`(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let vertices = Int.random(in: 2...7, using: &random)
    var arcs = (0..<Int.random(in: 0...16, using: &random)).map { _ in
      Arc(
        tail: Int.random(in: 0..<vertices, using: &random),
        head: Int.random(in: 0..<vertices, using: &random),
        capacity: Int.random(in: 0...9, using: &random))
    }
    var network = MinimumCut(vertices: vertices)
    let numbers = arcs.map { network.addArc(from: $0.tail, to: $0.head, capacity: $0.capacity) }
    // Cut once, and again with other capacities.
    for _ in 0..<2 {
      func has(_ side: Int, _ vertex: Int) -> Bool { (side >> vertex) & 1 == 1 }
      func cost(_ side: Int) -> Int {
        var sum = 0
        for arc in arcs where has(side, arc.tail) && !has(side, arc.head) { sum += arc.capacity }
        return sum
      }
      let sides = (0..<(1 << vertices)).filter { has($0, 0) && !has($0, 1) }
      let cut = network.cut(from: 0, to: 1)
      #expect(cut == sides.map(cost).min())
      var side = 0
      for vertex in 0..<vertices where network.isOnSourceSide(vertex) { side |= 1 << vertex }
      #expect(sides.contains(side))
      #expect(cost(side) == cut)
      for (index, number) in numbers.enumerated() {
        arcs[index].capacity = Int.random(in: 0...9, using: &random)
        network.setCapacity(of: number, to: arcs[index].capacity)
      }
    }
  }

  @Test func `what may not be cut is on one side`() {
    var network = MinimumCut(vertices: 4)
    _ = network.addArc(from: 0, to: 2, capacity: 3)
    _ = network.addArc(from: 2, to: 3)
    _ = network.addArc(from: 3, to: 1, capacity: 5)
    #expect(network.cut(from: 0, to: 1) == 3)
    #expect(!network.isOnSourceSide(2) && !network.isOnSourceSide(3))
  }
}
