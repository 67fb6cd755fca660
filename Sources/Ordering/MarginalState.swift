// SPDX-License-Identifier: Apache-2.0

/// A partial execution that knows, for every operator that did not run, what running it would cost.
///
/// The costs of an operator change only when a storage it touches is first touched or has one
/// toucher left, so a whole execution updates them O(touches) times.
struct MarginalState {
  /// What is executed.
  let model: OrderModel
  /// The bytes live between the operators that ran and those that did not.
  private(set) var live: Int
  /// The operators that just became ready; valid until the next run.
  private(set) var enabled: [UInt32] = []
  /// The operators whose costs just changed, with repetitions; valid until the next run.
  private(set) var changed: [UInt32] = []
  private var missing: [Int32]
  private var remaining: [Int32]
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
    lastToucher = (0..<model.storageCount).map { storage in
      model.touchers[storage].reduce(0) { $0 ^ model.touchers.values[$1] }
    }
    fresh = model.workspaces
    dying = [Int](repeating: 0, count: model.count)
    saved = dying
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
  func rise(_ operation: Int) -> Int { fresh[operation] - saved[operation] }

  /// The change of ``live`` by running an operator now.
  func net(_ operation: Int) -> Int {
    fresh[operation] - model.workspaces[operation] - dying[operation]
  }

  /// Runs an operator.
  ///
  /// - Returns: The bytes live while it runs.
  /// - Precondition: The operator is ready and did not run.
  mutating func run(_ operation: Int) -> Int {
    let during = live + rise(operation)
    live += net(operation)
    enabled.removeAll(keepingCapacity: true)
    changed.removeAll(keepingCapacity: true)
    for index in model.touched[operation] {
      let storage = Int(model.touched.values[index])
      if isFresh(storage) { touchFirst(storage, by: operation) }
      remaining[storage] -= 1
      lastToucher[storage] ^= UInt32(operation)
      if remaining[storage] == 1, !model.isLiveOut[storage] {
        let last = Int(lastToucher[storage])
        dying[last] += model.bytes[storage]
        updateSaved(last)
        changed.append(UInt32(last))
      }
    }
    for index in model.successors[operation] {
      let successor = model.successors.values[index]
      missing[Int(successor)] -= 1
      if missing[Int(successor)] == 0 { enabled.append(successor) }
    }
    return during
  }

  private func isFresh(_ storage: Int) -> Bool {
    Int(remaining[storage]) == model.touchers.length(storage) && !model.isLiveIn[storage]
  }

  private mutating func touchFirst(_ storage: Int, by operation: Int) {
    for index in model.touchers[storage] {
      let other = Int(model.touchers.values[index])
      guard other != operation else { continue }
      fresh[other] -= model.bytes[storage]
      // Backwards, a takeover holds while its input is untouched.
      if model.isReversed, model.takeoverStart[other] < model.takeoverStart[other + 1] {
        saved[other] = model.savedBytes(at: other) { $0 != storage && isFresh($0) }
      }
      changed.append(UInt32(other))
    }
  }

  private mutating func updateSaved(_ operation: Int) {
    guard model.takeoverStart[operation] < model.takeoverStart[operation + 1] else { return }
    saved[operation] = model.savedBytes(at: operation) { input in
      model.isReversed ? isFresh(input) : remaining[input] == 1
    }
  }
}
