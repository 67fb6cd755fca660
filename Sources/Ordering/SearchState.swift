// SPDX-License-Identifier: Apache-2.0

/// A partial execution with the list of ready operators and a fingerprint of what ran.
struct SearchState {
  /// Which rules shorten a search; each can be left out to measure or test it.
  struct Rules: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    /// A ready operator that fits and adds nothing runs at once: `SafeMove.swift`.
    static let safeMoves = Rules(rawValue: 1)
    /// A chain that fits and ends no higher than it began runs at once: `ForcedChain.swift`.
    static let forcedChains = Rules(rawValue: 2)
    /// Both rules, read backwards, fix the end of the order: `SuffixCommit.swift`.
    static let suffixCommit = Rules(rawValue: 4)
    /// All rules.
    static let all: Rules = [.safeMoves, .forcedChains, .suffixCommit]
  }

  /// The execution.
  var state: OrderState
  /// The operators that can run, in no particular order.
  private(set) var ready: [Int32] = []
  /// What ran, in order.
  private(set) var order: [Int32] = []
  /// A fingerprint of the set of operators that ran.
  private(set) var fingerprint = Fingerprint()
  /// Costs looked at so far, the measure of work.
  var work = 0
  /// The least cost that was refused so far for being over the budget. Under any budget below it the
  /// same would have been refused.
  private(set) var refused = Int.max
  private var position: [Int32]
  /// Operators that are not to run, because they were fixed for the end.
  private let isHeldBack: [Bool]

  /// 128 bits: among fewer than 2^40 sets, two of one fingerprint are less likely than 2^-48.
  struct Fingerprint: Hashable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    mutating func toggle(_ operation: Int) {
      low ^= Self.mixed(UInt64(2 * operation))
      high ^= Self.mixed(UInt64(2 * operation + 1))
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
      var z = (value &+ 1) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// Starts before the first operator.
  init(_ model: OrderModel, holdingBack tail: [Int] = []) {
    state = OrderState(model)
    position = [Int32](repeating: -1, count: model.count)
    var isHeldBack = [Bool](repeating: false, count: model.count)
    for operation in tail { isHeldBack[operation] = true }
    self.isHeldBack = isHeldBack
    for operation in state.enabled { insert(operation) }
  }

  /// Whether an operator is to stay for the end.
  func isHeldBack(_ operation: Int) -> Bool { isHeldBack[operation] }

  /// Whether a cost is within a budget.
  mutating func fits(_ cost: Int, under budget: Int) -> Bool {
    if cost <= budget { return true }
    refused = min(refused, cost)
    return false
  }

  /// Runs a ready operator.
  mutating func run(_ operation: Int) {
    remove(operation)
    state.run(operation)
    order.append(Int32(operation))
    fingerprint.toggle(operation)
    for other in state.enabled { insert(other) }
  }

  /// Takes back the operator that ran last.
  mutating func undo() {
    guard let last = order.popLast() else { preconditionFailure("nothing ran yet") }
    let operation = Int(last)
    let successors = state.model.successors
    for index in successors[operation] {
      let successor = Int(successors.values[index])
      if position[successor] >= 0 { remove(successor) }
    }
    state.undo(operation)
    fingerprint.toggle(operation)
    insert(UInt32(operation))
  }

  private mutating func insert(_ operation: UInt32) {
    guard !isHeldBack[Int(operation)] else { return }
    position[Int(operation)] = Int32(ready.count)
    ready.append(Int32(operation))
  }

  private mutating func remove(_ operation: Int) {
    let place = Int(position[operation])
    let last = ready[ready.count - 1]
    ready[place] = last
    position[Int(last)] = Int32(place)
    ready.removeLast()
    position[operation] = -1
  }

  /// Runs everything that the rules allow under a budget.
  ///
  /// - Returns: How many operators ran.
  mutating func close(under budget: Int, rules: Rules) -> Int {
    let before = order.count
    var isChanged = true
    while isChanged {
      isChanged = false
      if rules.contains(.safeMoves) { runSafeMoves(under: budget) }
      if rules.contains(.forcedChains) { isChanged = runForcedChain(under: budget) }
    }
    return order.count - before
  }
}
