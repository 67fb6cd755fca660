// SPDX-License-Identifier: Apache-2.0

/// A partial execution that knows, for every operator that did not run, what running it would cost,
/// and that can be taken back step by step.
///
/// The costs of an operator change only when a storage it touches is first touched or has one
/// toucher left, so a whole execution updates them O(touches) times.
struct OrderState {
  /// What is executed.
  let model: OrderModel
  /// The bytes live between the operators that ran and those that did not.
  private(set) var live: Int
  /// The operators that became ready by the last run; at first, those that are ready.
  private(set) var enabled: [UInt32] = []
  /// The operators whose costs changed by the last run, with repetitions.
  private(set) var changed: [UInt32] = []
  /// The predecessors still to run, by operator.
  private(set) var missing: [Int32]
  private var remaining: [Int32]
  private let total: [Int32]
  /// The exclusive or of the touchers to come: the last one itself once it is alone.
  private var lastToucher: [UInt32]
  private var fresh: [Int]
  private var dying: [Int]
  private var saved: [Int]

  /// Starts before the first operator.
  ///
  /// - Complexity: O(operators + touches).
  init(_ model: OrderModel) {
    self.model = model
    live = model.initialBytes
    missing = (0..<model.count).map { Int32(model.predecessors.length($0)) }
    remaining = (0..<model.storageCount).map { Int32(model.touchers.length($0)) }
    total = remaining
    lastToucher = (0..<model.storageCount).map { storage in
      model.touchers[storage].reduce(0) { $0 ^ model.touchers.values[$1] }
    }
    fresh = [Int](repeating: 0, count: model.count)
    dying = fresh
    saved = fresh
    for storage in 0..<model.storageCount {
      if !model.isLiveIn[storage] {
        for index in model.touchers[storage] {
          fresh[Int(model.touchers.values[index])] += model.bytes[storage]
        }
      }
      if remaining[storage] == 1, !model.isLiveOut[storage] {
        dying[Int(lastToucher[storage])] += model.bytes[storage]
      }
    }
    for operation in 0..<model.count { updateSaved(operation) }
    enabled = (0..<UInt32(model.count)).filter { missing[Int($0)] == 0 }
  }

  /// The bytes that running an operator now adds while it runs.
  func rise(_ operation: Int) -> Int {
    fresh[operation] + model.workspaces[operation] - saved[operation]
  }

  /// The change of ``live`` by running an operator now.
  func net(_ operation: Int) -> Int { fresh[operation] - dying[operation] }

  /// Runs an operator.
  ///
  /// - Returns: The bytes live while it runs.
  /// - Precondition: The operator is ready and did not run.
  @discardableResult
  mutating func run(_ operation: Int) -> Int {
    let during = live + rise(operation)
    live += net(operation)
    enabled.removeAll(keepingCapacity: true)
    changed.removeAll(keepingCapacity: true)
    for index in model.touched[operation] {
      let storage = Int(model.touched.values[index])
      let wasFresh = isFresh(storage)
      remaining[storage] -= 1
      lastToucher[storage] ^= UInt32(operation)
      if wasFresh { settleFirst(storage, besides: operation, by: -model.bytes[storage]) }
      if remaining[storage] == 1, !model.isLiveOut[storage] {
        settleLast(storage, by: model.bytes[storage])
      }
    }
    for index in model.successors[operation] {
      let successor = model.successors.values[index]
      missing[Int(successor)] -= 1
      if missing[Int(successor)] == 0 { enabled.append(successor) }
    }
    return during
  }

  /// Takes back the operator that ran last. ``enabled`` and ``changed`` then mean nothing.
  mutating func undo(_ operation: Int) {
    for index in model.successors[operation] { missing[Int(model.successors.values[index])] += 1 }
    changed.removeAll(keepingCapacity: true)
    for index in model.touched[operation].reversed() {
      let storage = Int(model.touched.values[index])
      let last = Int(lastToucher[storage])
      let wasLast = remaining[storage] == 1 && !model.isLiveOut[storage]
      remaining[storage] += 1
      lastToucher[storage] ^= UInt32(operation)
      if wasLast {
        dying[last] -= model.bytes[storage]
        updateSaved(last)
      }
      if isFresh(storage) { settleFirst(storage, besides: operation, by: model.bytes[storage]) }
    }
    live -= net(operation)
  }

  private func isFresh(_ storage: Int) -> Bool {
    remaining[storage] == total[storage] && !model.isLiveIn[storage]
  }

  private mutating func settleFirst(_ storage: Int, besides operation: Int, by bytes: Int) {
    for index in model.touchers[storage] {
      let other = Int(model.touchers.values[index])
      guard other != operation else { continue }
      fresh[other] += bytes
      // Backwards, a takeover holds while its input is untouched.
      if model.isReversed { updateSaved(other) }
      changed.append(UInt32(other))
    }
  }

  private mutating func settleLast(_ storage: Int, by bytes: Int) {
    let last = Int(lastToucher[storage])
    dying[last] += bytes
    updateSaved(last)
    changed.append(UInt32(last))
  }

  private mutating func updateSaved(_ operation: Int) {
    guard model.takeoverStart[operation] < model.takeoverStart[operation + 1] else { return }
    saved[operation] = model.savedBytes(at: operation) { input in
      model.isReversed ? isFresh(input) : remaining[input] == 1
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

  /// The most bytes live at any step of an order, or before the first.
  func peak(of order: [Int]) -> Int {
    max(initialBytes, profile(of: order).max() ?? 0)
  }
}
