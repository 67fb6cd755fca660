// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct ValleyCommitTests {
  /// The bytes live after a set of operators, by definition.
  private static func live(_ model: OrderModel, after done: Set<Int>) -> Int {
    var live = model.permanentBytes
    for storage in 0..<model.storageCount {
      let touchers = model.touchers[storage].map { Int(model.touchers.values[$0]) }
      guard !touchers.isEmpty else { continue }
      let isBefore = model.isLiveIn[storage] || touchers.contains { done.contains($0) }
      let isAfter = model.isLiveOut[storage] || touchers.contains { !done.contains($0) }
      if isBefore && isAfter { live += model.bytes[storage] }
    }
    return live
  }

  /// All sets between two that are closed under predecessors.
  private static func sets(
    _ model: OrderModel, from first: Set<Int>, adding operations: [Int]
  ) -> [Set<Int>] {
    (0..<(1 << operations.count)).compactMap { bits in
      let set = first.union(
        operations.indices.filter { bits >> $0 & 1 == 1 }.map { operations[$0] })
      let isClosed = set.allSatisfy { operation in
        model.predecessors[operation].allSatisfy {
          set.contains(Int(model.predecessors.values[$0]))
        }
      }
      return isClosed ? set : nil
    }
  }

  @Test(arguments: 0..<200)
  func `the lowest set between two is found`(seed: Int) {
    let given = ReducedModelTests.model(seed: seed)
    let model = seed % 2 == 0 ? given : given.reversed()
    let order = OrderModelTests.randomOrder(of: model, seed: seed)
    var valleys = ValleyCommit(model)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<6 {
      let start = Int.random(in: 0...order.count, using: &random)
      let end = Int.random(in: start...order.count, using: &random)
      let (before, operations) = (Set(order[..<start]), Array(order[start..<end]))
      let after = before.union(operations)
      let between = Self.sets(model, from: before, adding: operations)
      let least = between.map { Self.live(model, after: $0) }.min()
      let values = operations.map { Int32($0) }
      let lowest = valleys.lowest(of: values[...]) { after.contains($0) }
      if let lowest {
        let set = before.union(lowest.map { Int($0) })
        #expect(between.contains(set))
        #expect(Self.live(model, after: set) == least)
        #expect(Self.live(model, after: set) < Self.live(model, after: after))
        // In the order given.
        #expect(lowest == values.filter { lowest.contains($0) })
      } else {
        #expect(Self.live(model, after: after) == least)
      }
    }
  }

  @Test(arguments: 0..<200)
  func `a valley decides for where it was reached from`(seed: Int) {
    // The rule itself, against all orders: from I, through X within the budget, none between lower.
    let given = ReducedModelTests.model(seed: seed)
    let model = seed % 2 == 0 ? given : given.reversed()
    let oracle = DownsetOracle(model: model)
    let order = OrderModelTests.randomOrder(of: model, seed: seed)
    for start in 0..<order.count {
      for end in (start + 1)...order.count {
        let before = Set(order[..<start])
        let after = Set(order[..<end])
        let between = Self.sets(model, from: before, adding: Array(order[start..<end]))
        let least = between.map { Self.live(model, after: $0) }.min()
        guard Self.live(model, after: after) == least else { continue }
        var done = order[..<start].reduce(UInt32(0)) { $0 | 1 << UInt32($1) }
        let first = done
        var climb = 0
        for operation in order[start..<end] {
          climb = max(climb, oracle.during(operation, after: done))
          done |= 1 << UInt32(operation)
        }
        let optimum = oracle.leastPeak(after: first)
        #expect(max(climb, optimum) == max(climb, oracle.leastPeak(after: done)))
      }
    }
  }
}

extension DownsetOracle {
  /// The least peak of all that is still to come after a set.
  func leastPeak(after done: UInt32) -> Int {
    var best: [UInt32: Int] = [done: 0]
    var level = [done]
    let all = (UInt32(1) << UInt32(model.count)) - 1
    while let set = level.first, set != all {
      var next: [UInt32: Int] = [:]
      for set in level {
        guard let reached = best[set] else { continue }
        for operation in 0..<model.count
        where set & 1 << UInt32(operation) == 0 && isReady(operation, after: set) {
          let grown = set | 1 << UInt32(operation)
          next[grown] = min(next[grown] ?? .max, max(reached, during(operation, after: set)))
        }
      }
      best = next
      level = Array(next.keys)
    }
    return best[all] ?? 0
  }
}
