// SPDX-License-Identifier: Apache-2.0

/// A partial execution that can be taken back step by step.
///
/// Costs are computed when asked for, from counts per storage; see ``MarginalState`` for the one
/// that keeps them all up to date but only runs forward.
struct OrderState {
  /// What is executed.
  let model: OrderModel
  /// The bytes live between the operators that ran and those that did not.
  private(set) var live: Int
  /// The predecessors still to run, by operator.
  private(set) var missing: [Int32]
  private var remaining: [Int32]
  private let total: [Int32]

  /// Starts before the first operator.
  init(_ model: OrderModel) {
    self.model = model
    live = model.initialBytes
    missing = (0..<model.count).map { Int32(model.predecessors.length($0)) }
    remaining = (0..<model.storageCount).map { Int32(model.touchers.length($0)) }
    total = remaining
  }

  /// What running an operator now would cost: what it adds while it runs, and the change of ``live``.
  ///
  /// - Complexity: O(touches of the operator).
  func cost(_ operation: Int) -> (rise: Int, net: Int) {
    var (fresh, dying) = (0, 0)
    for index in model.touched[operation] {
      let storage = Int(model.touched.values[index])
      let left = remaining[storage]
      if left == total[storage], !model.isLiveIn[storage] { fresh += model.bytes[storage] }
      if left == 1, !model.isLiveOut[storage] { dying += model.bytes[storage] }
    }
    return (fresh + model.workspaces[operation] - saved(operation), fresh - dying)
  }

  /// The operators that can run first.
  var initiallyReady: [UInt32] { (0..<UInt32(model.count)).filter { missing[Int($0)] == 0 } }

  /// Runs an operator.
  ///
  /// - Returns: The bytes live while it runs.
  mutating func run(_ operation: Int) -> Int {
    let (rise, net) = cost(operation)
    let during = live + rise
    live += net
    for index in model.touched[operation] { remaining[Int(model.touched.values[index])] -= 1 }
    for index in model.successors[operation] { missing[Int(model.successors.values[index])] -= 1 }
    return during
  }

  /// Takes back the operator that ran last.
  mutating func undo(_ operation: Int) {
    for index in model.successors[operation] { missing[Int(model.successors.values[index])] += 1 }
    for index in model.touched[operation] { remaining[Int(model.touched.values[index])] += 1 }
    live -= cost(operation).net
  }

  private func saved(_ operation: Int) -> Int {
    model.savedBytes(at: operation) { input in
      model.isReversed
        ? remaining[input] == total[input] && !model.isLiveIn[input] : remaining[input] == 1
    }
  }
}

extension OrderModel {
  /// The bytes live while each operator of an order runs, step by step.
  ///
  /// - Complexity: O(touches + dependencies).
  func profile(of order: [Int]) -> [Int] {
    var state = OrderState(self)
    return order.map { state.run($0) }
  }

  /// The most bytes live at any step of an order, or before and after it.
  func peak(of order: [Int]) -> Int {
    max(initialBytes, profile(of: order).max() ?? 0)
  }
}
