// SPDX-License-Identifier: Apache-2.0

import GraphIR
import HeapModule
import Ordering

/// The cheapest schedule of a small graph within a budget, over all orders, recomputes and spills
/// together: a search by price over what ran, what is in the arena and what is in the second memory.
///
/// Dropping is free and a step of its own, so that whether a node's output takes over an operand's
/// bytes is decided where the operand is dropped: at the node. Graphs in which something in the arena
/// is updated in place are not searched, since what is fetched would have a version.
struct LadderExact {
  private let model: LadderModel
  private let costs: CostModel
  private let predecessors: [UInt64]
  private let readMask: [UInt64]
  private let makeMask: [UInt64]
  private let rereadMask: [UInt64]
  private let remakeMask: [UInt64]
  private let spoilerMask: [UInt64]
  private let budget: Int
  private let mayRecompute: Bool
  private let maySpill: Bool

  /// The most nodes and storages of a graph that is searched.
  static let limit = (nodes: 8, storages: 24)
  /// The most states that are looked at.
  private static let stateLimit = 20_000

  private struct State: Hashable {
    var ran: UInt64
    var arena: UInt64
    var second: UInt64
    /// Whether a step was made: before it, all inputs are there.
    var isStarted: Bool
  }

  private struct Entry: Comparable {
    var price: Double
    var number: Int
    static func < (a: Entry, b: Entry) -> Bool { (a.price, a.number) < (b.price, b.number) }
    static func == (a: Entry, b: Entry) -> Bool { a.number == b.number }
  }

  private struct Record {
    var state: State
    var price: Double
    var parent: Int
    var action: LadderAction?
    var isDone = false
  }

  /// What a search came to.
  enum Answer {
    /// The cheapest schedule.
    case optimal([LadderAction])
    /// There is no schedule within the budget.
    case infeasible
    /// The search was stopped.
    case stopped
  }

  /// - Returns: `nil` for graphs that are too large or not of the kind that is searched.
  init?(
    _ model: LadderModel, _ dependencies: Dependencies, costs: CostModel, budget: Int,
    mayRecompute: Bool, maySpill: Bool
  ) {
    guard model.nodeCount <= Self.limit.nodes, model.storageCount <= Self.limit.storages,
      !(0..<model.storageCount).contains(where: { model.isMovable[$0] && model.isUpdated[$0] })
    else { return nil }
    self.model = model
    self.costs = costs
    self.budget = budget
    self.mayRecompute = mayRecompute
    self.maySpill = maySpill
    func mask(_ bits: some Sequence<Int>) -> UInt64 { bits.reduce(0) { $0 | 1 << UInt64($1) } }
    predecessors = (0..<model.nodeCount).map { node in
      mask(dependencies.predecessors(of: NodeID(node)).map { Int($0) })
    }
    readMask = (0..<model.nodeCount).map { mask(model.reads[$0]) }
    makeMask = (0..<model.nodeCount).map { mask(model.makes[$0]) }
    rereadMask = (0..<model.nodeCount).map { mask(model.rereads[$0]) }
    remakeMask = (0..<model.nodeCount).map { mask(model.remakes[$0]) }
    spoilerMask = (0..<model.nodeCount).map { mask(model.spoilers[$0]) }
  }

  private func bytes(of storages: UInt64) -> Int {
    var (rest, sum) = (storages, 0)
    while rest != 0 {
      sum += model.bytes[rest.trailingZeroBitCount]
      rest &= rest - 1
    }
    return sum
  }

  private var outputs: UInt64 {
    (0..<model.storageCount).reduce(0) { model.isOutput[$1] ? $0 | 1 << UInt64($1) : $0 }
  }

  /// - Complexity: O(states · (nodes + storages) · 2^takeovers), at most the limit of states.
  func answer() -> Answer {
    let inputs = (0..<model.storageCount).reduce(UInt64(0)) {
      model.isInput[$1] ? $0 | 1 << UInt64($1) : $0
    }
    let home = (0..<model.storageCount).reduce(UInt64(0)) {
      model.isStreamed[$1] ? $0 | 1 << UInt64($1) : $0
    }
    guard bytes(of: inputs) <= budget else { return .infeasible }
    let all = model.nodeCount == 64 ? UInt64.max : (1 << UInt64(model.nodeCount)) - 1
    var records = [
      Record(
        state: State(ran: 0, arena: inputs, second: home, isStarted: false), price: 0, parent: -1,
        action: nil)
    ]
    var number = [records[0].state: 0]
    var heap = Heap([Entry(price: 0, number: 0)])
    while let entry = heap.popMin() {
      let current = records[entry.number]
      guard !current.isDone, current.price == entry.price else { continue }
      records[entry.number].isDone = true
      if current.state.ran == all, current.state.arena & outputs == outputs {
        return .optimal(path(to: entry.number, records))
      }
      guard records.count < Self.stateLimit else { return .stopped }
      expand(current.state) { next, price, action in
        let total = current.price + price
        if let known = number[next] {
          guard !records[known].isDone, total < records[known].price else { return }
          records[known].price = total
          records[known].parent = entry.number
          records[known].action = action
          heap.insert(Entry(price: total, number: known))
        } else {
          number[next] = records.count
          heap.insert(Entry(price: total, number: records.count))
          records.append(
            Record(state: next, price: total, parent: entry.number, action: action))
        }
      }
    }
    return .infeasible
  }

  private func path(to end: Int, _ records: [Record]) -> [LadderAction] {
    var actions: [LadderAction] = []
    var number = end
    while number >= 0 {
      if let action = records[number].action { actions.append(action) }
      number = records[number].parent
    }
    return actions.reversed()
  }

  private func expand(_ state: State, _ visit: (State, Double, LadderAction?) -> Void) {
    for node in 0..<model.nodeCount {
      let bit = UInt64(1) << UInt64(node)
      if state.ran & bit == 0 {
        guard readMask[node] & ~state.arena == 0, predecessors[node] & ~state.ran == 0
        else { continue }
        run(node, state, price: 0, visit)
      } else if mayRecompute, model.isRepeatable[node], spoilerMask[node] & state.ran == 0,
        rereadMask[node] & ~state.arena == 0, remakeMask[node] & ~state.arena != 0
      {
        run(node, state, price: costs.seconds(ofNode: node), visit)
      }
    }
    for storage in 0..<model.storageCount where model.isMovable[storage] {
      let bit = UInt64(1) << UInt64(storage)
      let price = costs.seconds(ofBytes: model.copiedBytes[storage])
      var next = state
      next.isStarted = true
      if state.arena & bit != 0 {
        if maySpill, state.second & bit == 0 {
          next.second |= bit
          visit(next, price, .spill(StorageID(storage)))
          next.second = state.second
        }
        // Before the first step nothing is gone yet.
        if state.isStarted {
          next.arena &= ~bit
          visit(next, 0, nil)
        }
      } else if state.second & bit != 0 {
        next.arena |= bit
        if bytes(of: next.arena) <= budget { visit(next, price, .fetch(StorageID(storage))) }
      }
    }
  }

  /// Runs a node, with each choice of operands that end there and may be taken over.
  private func run(
    _ node: Int, _ state: State, price: Double, _ visit: (State, Double, LadderAction?) -> Void
  ) {
    let isAgain = state.ran & (1 << UInt64(node)) != 0
    let action: LadderAction = isAgain ? .recompute(NodeID(node)) : .run(NodeID(node))
    // Made anew, a result that is still there ends before.
    let makes = isAgain ? remakeMask[node] : makeMask[node]
    let kept = state.arena & ~makes
    if isAgain, kept != state.arena, !state.isStarted { return }
    let base = bytes(of: kept | makes) + model.workspaces[node]
    var takeable: [UInt64] = []
    for takeover in model.takeovers[node] {
      let bit = UInt64(1) << UInt64(takeover.input.index)
      if kept & bit != 0, !takeable.contains(bit) { takeable.append(bit) }
    }
    for choice in 0..<(1 << min(takeable.count, 8)) {
      var dying: UInt64 = 0
      for (index, bit) in takeable.enumerated() where choice >> index & 1 == 1 { dying |= bit }
      var used: UInt64 = 0
      var saved = 0
      for takeover in model.takeovers[node] {
        let made = UInt64(1) << UInt64(takeover.output.index)
        let taken = UInt64(1) << UInt64(takeover.input.index)
        guard dying & taken != 0, used & (made | taken) == 0 else { continue }
        used |= made | taken
        saved += model.bytes[takeover.output.index]
      }
      guard base - saved <= budget else { continue }
      visit(
        State(
          ran: state.ran | 1 << UInt64(node), arena: (kept & ~dying) | makes,
          second: state.second, isStarted: true), price, action)
    }
  }
}
