// SPDX-License-Identifier: Apache-2.0
import GraphIR

@testable import Planning

/// The least traffic of a small graph by trying everything: every place for every spill, fetch and drop,
/// one at a time, in a given order of runs or in all of them.
///
/// Knows nothing of gaps, versions' first spills or fetches right before uses.
struct SpillOracle {
  let model: LadderModel
  let budget: Int
  /// The runs, where their order is given.
  let order: [Int]?
  let predecessors: [[Int]]

  private struct State: Hashable {
    var ran: Set<Int>
    /// What is in the arena.
    var arena: Set<Int>
    /// What the second memory has a valid copy of.
    var copied: Set<Int>
    var isStarted: Bool
  }

  /// The least traffic, or `nil` where nothing keeps the budget.
  func leastTraffic() -> Int? {
    let storages = 0..<model.storageCount
    let inputs = Set(storages.filter { model.isInput[$0] })
    guard bytes(inputs) <= budget else { return nil }
    let start = State(
      ran: [], arena: inputs, copied: Set(storages.filter { model.isStreamed[$0] }),
      isStarted: false)
    var least = [start: 0]
    var open: [Int: Set<State>] = [0: [start]]
    while let cost = open.keys.min() {
      guard var level = open.removeValue(forKey: cost) else { break }
      while let state = level.popFirst() {
        guard least[state] == cost else { continue }
        if isEnd(state) { return cost }
        expand(state) { next, price in
          guard least[next].map({ cost + price < $0 }) ?? true else { return }
          least[next] = cost + price
          if price == 0 { level.insert(next) } else { open[cost + price, default: []].insert(next) }
        }
      }
    }
    return nil
  }

  private func bytes(_ storages: Set<Int>) -> Int {
    storages.reduce(0) { $0 + model.bytes[$1] }
  }

  private func isEnd(_ state: State) -> Bool {
    state.ran.count == model.nodeCount
      && (0..<model.storageCount).allSatisfy {
        (!model.isOutput[$0] || state.arena.contains($0))
          && (!model.isStreamed[$0] || state.copied.contains($0))
      }
  }

  private func expand(_ state: State, _ visit: (State, Int) -> Void) {
    for storage in state.arena {
      var next = state
      if !state.copied.contains(storage), bytes(state.arena) <= budget {
        next.copied.insert(storage)
        next.isStarted = true
        visit(next, model.copiedBytes[storage])
      }
      // Inputs are all there at the first step.
      guard state.isStarted else { continue }
      next = state
      next.arena.remove(storage)
      visit(next, 0)
    }
    for storage in state.copied where !state.arena.contains(storage) {
      var next = state
      next.arena.insert(storage)
      next.isStarted = true
      if bytes(next.arena) <= budget { visit(next, model.copiedBytes[storage]) }
    }
    for node in 0..<model.nodeCount where mayRun(node, state) { run(node, state, visit) }
  }

  private func mayRun(_ node: Int, _ state: State) -> Bool {
    if let order, state.ran.count < order.count, order[state.ran.count] != node { return false }
    return !state.ran.contains(node) && predecessors[node].allSatisfy { state.ran.contains($0) }
      && model.reads[node].allSatisfy { state.arena.contains($0) }
  }

  private func run(_ node: Int, _ state: State, _ visit: (State, Int) -> Void) {
    let made = Set(model.makes[node])
    let takeable = Array(Set(model.takeovers[node].map(\.input.index)))
    for choice in 0..<(1 << takeable.count) {
      let dying = Set(takeable.indices.filter { choice >> $0 & 1 == 1 }.map { takeable[$0] })
      var (makers, takers) = (Set<Int>(), Set<Int>())
      for takeover in model.takeovers[node]
      where dying.contains(takeover.input.index) && !makers.contains(takeover.output.index)
        && !takers.contains(takeover.input.index)
      {
        makers.insert(takeover.output.index)
        takers.insert(takeover.input.index)
      }
      let live = bytes(state.arena.union(made)) + model.workspaces[node] - bytes(makers)
      guard live <= budget else { continue }
      var next = state
      next.ran.insert(node)
      next.arena.formUnion(made)
      next.arena.subtract(dying)
      next.copied.subtract(model.updates[node])
      next.copied.subtract(made)
      next.isStarted = true
      visit(next, 0)
    }
  }
}
