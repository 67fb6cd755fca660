// SPDX-License-Identifier: Apache-2.0
@testable import Ordering

/// The least peak of a small model, by trying every set of operators closed under predecessors.
///
/// Costs are taken from the definition in `OrderModel`, not from the states that searches use.
struct DownsetOracle {
  let model: OrderModel
  /// The touchers of each storage and the predecessors of each operator, as sets.
  private let touchers: [UInt32]
  private let needed: [UInt32]

  init(model: OrderModel) {
    self.model = model
    touchers = (0..<model.storageCount).map { storage in
      model.touchers[storage].reduce(0) { $0 | 1 << model.touchers.values[$1] }
    }
    needed = (0..<model.count).map { operation in
      model.predecessors[operation].reduce(0) { $0 | 1 << model.predecessors.values[$1] }
    }
  }

  /// The bytes live while `operation` runs, with the operators of `done` run before.
  func during(_ operation: Int, after done: UInt32) -> Int {
    let own = UInt32(1) << UInt32(operation)
    var live = model.permanentBytes + model.workspaces[operation]
    for storage in 0..<touchers.count {
      let set = touchers[storage]
      let isBefore = model.isLiveIn[storage] || set & done != 0
      let isAfter = model.isLiveOut[storage] || set & ~done != 0
      if set & own != 0 || isBefore && isAfter { live += model.bytes[storage] }
    }
    var used: Set<UInt32> = []
    for takeover in model.takeovers[
      model.takeoverStart[operation]..<model.takeoverStart[operation + 1]]
    {
      let others = touchers[Int(takeover.input)] & ~own
      // Backwards, what ran before is what runs after.
      let dies = model.isReversed ? others & done == 0 : others & ~done == 0
      guard dies, !used.contains(takeover.input), !used.contains(takeover.output) else { continue }
      used.formUnion([takeover.input, takeover.output])
      live -= model.bytes[Int(takeover.output)]
    }
    return live
  }

  /// The peak of an order.
  func peak(of order: [Int]) -> Int {
    var done: UInt32 = 0
    var peak = 0
    for operation in order {
      peak = max(peak, during(operation, after: done))
      done |= 1 << UInt32(operation)
    }
    return peak
  }

  func isReady(_ operation: Int, after done: UInt32) -> Bool { needed[operation] & ~done == 0 }

  /// The least peak, an order that has it, and for each operator the least that is live while it
  /// runs in any order.
  func solve() -> (peak: Int, order: [Int], least: [Int]) {
    var least = [Int](repeating: .max, count: model.count)
    var best: [UInt32: (peak: Int, last: Int)] = [0: (0, -1)]
    var level: [UInt32] = [0]
    for _ in 0..<model.count {
      var found: [UInt32] = []
      for set in level {
        guard let reached = best[set] else { continue }
        for operation in 0..<model.count
        where set & 1 << UInt32(operation) == 0 && isReady(operation, after: set) {
          let cost = during(operation, after: set)
          least[operation] = min(least[operation], cost)
          let peak = max(reached.peak, cost)
          let next = set | 1 << UInt32(operation)
          if let known = best[next] {
            if peak < known.peak { best[next] = (peak, operation) }
          } else {
            best[next] = (peak, operation)
            found.append(next)
          }
        }
      }
      level = found
    }
    var order: [Int] = []
    var set = (UInt32(1) << UInt32(model.count)) - 1
    let peak = best[set]?.peak ?? 0
    while let step = best[set], step.last >= 0 {
      order.append(step.last)
      set &= ~(1 << UInt32(step.last))
    }
    return (peak, order.reversed(), least)
  }
}
