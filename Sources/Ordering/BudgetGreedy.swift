// SPDX-License-Identifier: Apache-2.0

/// A greedy order that tries to stay within a budget.
///
/// Safe moves run at once, the least rise first. Where there is none, ready operators are weighed as
/// macros: one that fits and gains, of the lowest hill; else one that fits, by a rule; else the one
/// of the lowest hill. Macros are kept from step to step and built anew only where something they
/// looked at has changed.
struct BudgetGreedy {
  /// How to climb when nothing gains.
  enum Rule: Int, CaseIterable {
    /// The least net change.
    case leastNet
    /// The most to come down again: hill over valley.
    case deepestFall
    /// File order.
    case file
    /// The lowest hill.
    case lowestHill
  }

  /// Macros are not built anew when a storage with more touchers than this loses one.
  private static let toucherLimit = 32

  private let model: OrderModel
  private let rule: Rule
  private var state: OrderState
  private var order: [Int] = []
  /// Entries looked at outside of the state.
  private var scans = 0
  /// Entries looked at, the measure of work.
  var work: Int { state.visits + scans }
  private var isReady: [Bool]
  /// Ready operators that do not raise what is live, keyed by rise.
  private var safe: TournamentTree
  private var board: MacroBoard
  private var low: [Macro?]
  private var deep: [Macro?]
  private var stale: [Int] = []
  private var isStale: [Bool]
  /// The operators whose macros looked at an operator.
  private var watchers: [[UInt32]]

  init(_ model: OrderModel, rule: Rule) {
    self.model = model
    self.rule = rule
    state = OrderState(model)
    isReady = [Bool](repeating: false, count: model.count)
    isStale = isReady
    low = [Macro?](repeating: nil, count: model.count)
    deep = low
    watchers = [[UInt32]](repeating: [], count: model.count)
    safe = TournamentTree(ties: (0..<UInt32(model.count)).map { $0 })
    board = MacroBoard(slots: 2 * model.count)
  }

  /// Read backwards, the last of the file comes first.
  private func slot(_ operation: Int) -> Int {
    model.isReversed ? model.count - 1 - operation : operation
  }

  /// The order.
  ///
  /// - Parameters:
  ///   - budget: What to stay under, in bytes.
  ///   - limit: A peak from which on the order is of no use.
  ///   - workLimit: How many entries to look at before giving up.
  ///   - deadline: When to stop.
  /// - Returns: The order, or `nil` if its peak reaches `limit` or work or time are up.
  mutating func order(
    under budget: Int, below limit: Int, workLimit: Int = .max, deadline: Deadline
  )
    -> [Int]?
  {
    enable()
    while order.count < model.count {
      if work > workLimit || order.count & 63 == 0 && deadline.isOver { return nil }
      if let slot = safe.minimum(in: 0..<model.count),
        state.live + state.rise(self.slot(slot)) <= budget
      {
        guard run(self.slot(slot), below: limit) else { return nil }
        continue
      }
      refresh()
      guard let macro = choice(gap: budget - state.live) else {
        preconditionFailure("a model without circles has a ready operator until all ran")
      }
      for operation in macro.operations {
        guard run(Int(operation), below: limit) else { return nil }
      }
    }
    return order
  }

  private func choice(gap: Int) -> Macro? {
    guard
      let slot = board.lowestGain(fitting: gap) ?? board.leastKey(fitting: gap)
        ?? board.lowestHill
    else { return nil }
    let operation = self.slot(slot / 2)
    return slot & 1 == 0 ? low[operation] : deep[operation]
  }

  private func key(of macro: Macro, at slot: Int) -> Int {
    switch rule {
    case .leastNet: macro.net
    case .deepestFall: macro.net - macro.hill
    case .file: slot
    case .lowestHill: macro.hill
    }
  }

  private mutating func run(_ operation: Int, below limit: Int) -> Bool {
    guard state.run(operation) < limit else { return false }
    order.append(operation)
    isReady[operation] = false
    safe.setKey(nil, at: slot(operation))
    board.set(nil, at: 2 * slot(operation))
    board.set(nil, at: 2 * slot(operation) + 1)
    for index in model.successors[operation] { notify(Int(model.successors.values[index])) }
    // Fewer touchers to come may let a storage die within a macro, though no cost changed yet.
    for index in model.touched[operation] {
      let storage = Int(model.touched.values[index])
      guard model.touchers.length(storage) <= Self.toucherLimit else { continue }
      for toucher in model.touchers[storage] {
        let other = Int(model.touchers.values[toucher])
        notify(other)
        markStale(other)
      }
    }
    enable()
    settle(state.changed)
    return true
  }

  private mutating func enable() {
    for operation in state.enabled { isReady[Int(operation)] = true }
    settle(state.enabled)
  }

  private mutating func settle(_ operations: UnsafeBufferPointer<UInt32>) {
    for value in operations {
      let operation = Int(value)
      notify(operation)
      guard isReady[operation] else { continue }
      let isSafe = state.net(operation) <= 0
      safe.setKey(isSafe ? state.rise(operation) : nil, at: slot(operation))
      markStale(operation)
    }
  }

  private mutating func notify(_ operation: Int) {
    guard !watchers[operation].isEmpty else { return }
    for watcher in watchers[operation] { markStale(Int(watcher)) }
    watchers[operation].removeAll(keepingCapacity: true)
  }

  private mutating func markStale(_ operation: Int) {
    guard isReady[operation], !isStale[operation] else { return }
    isStale[operation] = true
    stale.append(operation)
  }

  /// Builds the macros anew that may have changed.
  private mutating func refresh() {
    for operation in stale {
      isStale[operation] = false
      guard isReady[operation] else { continue }
      var visited: [Int] = []
      let macros = Macro.macros(from: operation, in: &state) { visited.append($0) }
      scans += visited.count
      for other in visited where other != operation { watchers[other].append(UInt32(operation)) }
      low[operation] = macros.low
      deep[operation] = macros.deep
      let slot = self.slot(operation)
      board.set(
        (macros.low.hill, macros.low.net, key(of: macros.low, at: slot)), at: 2 * slot)
      board.set(
        (macros.deep.hill, macros.deep.net, key(of: macros.deep, at: slot)), at: 2 * slot + 1)
    }
    stale.removeAll(keepingCapacity: true)
  }
}
