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
    /// A set with fewer bytes live than all between decides for those it was reached from:
    /// `ValleyCommit.swift`.
    static let valleyCommit = Rules(rawValue: 8)
    /// All rules.
    static let all: Rules = [.safeMoves, .forcedChains, .suffixCommit, .valleyCommit]
  }

  /// The execution.
  var state: OrderState
  /// The operators that can run, in no particular order.
  private(set) var ready: [Int32] = []
  /// What ran, in order.
  private(set) var order: [Int32] = []
  /// A fingerprint of the set of operators that ran.
  private(set) var fingerprint = Fingerprint()
  /// Entries looked at so far, the measure of work.
  var work: Int { state.visits + scans }
  /// Entries of lists of ready operators looked at.
  private var scans = 0
  /// The operators that can run and do not raise what is live, in no particular order.
  private(set) var gaining: [Int32] = []
  /// Where each operator is in ``ready`` and in ``gaining``, or -1.
  private var position: [Int32]
  private var isRun: [Bool]
  private var gainPosition: [Int32]
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
    gainPosition = position
    isRun = [Bool](repeating: false, count: model.count)
    var isHeldBack = [Bool](repeating: false, count: model.count)
    for operation in tail { isHeldBack[operation] = true }
    self.isHeldBack = isHeldBack
    for operation in state.enabled { insert(operation) }
  }

  /// Whether an operator is to stay for the end.
  func isHeldBack(_ operation: Int) -> Bool { isHeldBack[operation] }

  /// Whether an operator ran.
  func hasRun(_ operation: Int) -> Bool { isRun[operation] }

  /// Counts entries looked at outside of the state.
  mutating func countScan(_ entries: Int = 1) { scans += entries }

  /// Runs a ready operator.
  mutating func run(_ operation: Int) {
    remove(operation)
    state.run(operation)
    order.append(Int32(operation))
    isRun[operation] = true
    fingerprint.toggle(operation)
    for other in state.changed { settle(other) }
    for other in state.enabled { insert(other) }
  }

  /// Takes back the operator that ran last.
  mutating func undo() {
    guard let last = order.popLast() else { preconditionFailure("nothing ran yet") }
    let operation = Int(last)
    isRun[operation] = false
    let successors = state.model.successors
    for index in successors[operation] {
      let successor = Int(successors.values[index])
      if position[successor] >= 0 { remove(successor) }
    }
    state.undo(operation)
    fingerprint.toggle(operation)
    for other in state.changed { settle(other) }
    insert(UInt32(operation))
  }

  /// Takes back all but the first operators that ran.
  mutating func undo(to count: Int) {
    while order.count > count { undo() }
  }

  private mutating func insert(_ operation: UInt32) {
    guard !isHeldBack[Int(operation)] else { return }
    ready.append(operation: Int32(operation), &position)
    settle(operation)
  }

  private mutating func remove(_ operation: Int) {
    ready.remove(operation: Int32(operation), &position)
    if gainPosition[operation] >= 0 { gaining.remove(operation: Int32(operation), &gainPosition) }
  }

  /// Lists a ready operator among those that gain, or does not.
  private mutating func settle(_ value: UInt32) {
    let operation = Int(value)
    guard position[operation] >= 0 else { return }
    let isGaining = state.net(operation) <= 0
    guard isGaining != (gainPosition[operation] >= 0) else { return }
    if isGaining {
      gaining.append(operation: Int32(operation), &gainPosition)
    } else {
      gaining.remove(operation: Int32(operation), &gainPosition)
    }
  }

  /// Runs everything that the rules allow under a budget, or a part of it where work or time end.
  ///
  /// - Returns: How many operators ran.
  mutating func close(
    under budget: Int, rules: Rules, workLimit: Int = .max, deadline: Deadline = .never
  ) -> Int {
    let before = order.count
    if rules.contains(.safeMoves) { runSafeMoves(under: budget) }
    guard rules.contains(.forcedChains) else { return order.count - before }
    var (index, passed) = (0, 0)
    // Until a whole round over the list finds nothing.
    while passed < ready.count, work <= workLimit {
      if passed & 255 == 255, deadline.isOver { break }
      if index >= ready.count { index = 0 }
      guard let chain = forcedChain(from: Int(ready[index]), under: budget) else {
        index += 1
        passed += 1
        continue
      }
      for operation in chain { run(operation) }
      if rules.contains(.safeMoves) { runSafeMoves(under: budget) }
      passed = 0
    }
    return order.count - before
  }
}

extension [Int32] {
  /// Adds an operator and notes where.
  fileprivate mutating func append(operation: Int32, _ position: inout [Int32]) {
    position[Int(operation)] = Int32(count)
    append(operation)
  }

  /// Takes an operator out and notes where the one is that takes its place.
  fileprivate mutating func remove(operation: Int32, _ position: inout [Int32]) {
    let place = Int(position[Int(operation)])
    let last = self[count - 1]
    self[place] = last
    position[Int(last)] = Int32(place)
    removeLast()
    position[Int(operation)] = -1
  }
}
