// SPDX-License-Identifier: Apache-2.0

// Why it is exact. Let I be a set of operators that ran and X one that was reached from I within the
// budget, such that no set between the two has fewer bytes live than X. Take any order that
// continues from I within the budget; let it run what X has beyond I first, as X was reached, and
// the others as before. Where it had run D, it has now run D and X; `live` is submodular, so that is
// no higher than `live(D)` plus `live(X)` less `live` of what D and X share, which lies between I and
// X and is no lower than X. What counts besides `live` while an operator runs does not rise either:
// see `SafeMove.swift`. So if X leads nowhere, I does not. The safe move and the forced chain are the
// cases in which the sets between are few.

/// Finds the lowest of the sets between two sets of operators.
struct ValleyCommit {
  private let model: OrderModel
  /// The vertex of each operator of the question, or -1.
  private var vertex: [Int32]
  /// The question in which a storage was last looked at.
  private var seen: [Int32]
  private var round: Int32 = 0
  /// Entries looked at so far.
  private(set) var visits = 0

  init(_ model: OrderModel) {
    self.model = model
    vertex = [Int32](repeating: -1, count: model.count)
    seen = [Int32](repeating: 0, count: model.storageCount)
  }

  /// Of some operators that ran last, those after which the fewest bytes are live: all of them if no
  /// part is lower; in the order given.
  ///
  /// - Parameter hasRun: Whether an operator ran, be it one of these or before.
  mutating func lowest(of operations: ArraySlice<Int32>, hasRun: (Int) -> Bool) -> [Int32]? {
    var network = FlowNetwork()
    for operation in operations { vertex[Int(operation)] = Int32(network.addVertices(1)) }
    defer { for operation in operations { vertex[Int(operation)] = -1 } }
    round += 1
    /// What the storages of the question cost after all the operators.
    var whole = 0
    for value in operations {
      let operation = Int(value)
      for index in model.predecessors[operation] {
        let predecessor = vertex[Int(model.predecessors.values[index])]
        guard predecessor >= 0 else { continue }
        network.addEdge(
          from: Int(vertex[operation]), to: Int(predecessor), capacity: FlowNetwork.unlimited)
      }
      for index in model.touched[operation] {
        let storage = Int(model.touched.values[index])
        guard seen[storage] != round else { continue }
        seen[storage] = round
        var isInside = model.isLiveIn[storage]
        var isOutside = model.isLiveOut[storage]
        var open: [Int] = []
        for index in model.touchers[storage] {
          let toucher = Int(model.touchers.values[index])
          if vertex[toucher] >= 0 {
            open.append(Int(vertex[toucher]))
          } else if hasRun(toucher) {
            isInside = true
          } else {
            isOutside = true
          }
        }
        visits += model.touchers.length(storage)
        if isInside, isOutside { continue }
        if isOutside { whole += model.bytes[storage] }
        network.addStorage(
          model.bytes[storage], isInside: isInside, isOutside: isOutside, open: open)
      }
    }
    guard let cut = network.leastCut(deadline: .never) else {
      preconditionFailure("a least cut without limits is found")
    }
    visits += network.visits + network.vertexCount
    guard cut < whole else { return nil }
    let isInside = network.sourceSide
    return operations.filter { isInside[Int(vertex[Int($0)])] }
  }
}
