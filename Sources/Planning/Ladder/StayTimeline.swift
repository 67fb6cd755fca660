// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A list of actions with what is in the arena at each, from which recomputes are left out one by one.
///
/// Counts exactly what ``Residencies`` does.
struct StayTimeline {
  private let model: LadderModel
  private let actions: [LadderAction]
  private let costs: CostModel
  private var isThere: [Bool]
  /// The actions that touch each storage, in order; inputs are made at -1.
  private var touches: [[Touch]]
  private var loads: LoadTree
  /// What takeovers save at each action.
  private var saved: [Int]
  private var changes: [(bytes: Int, range: Range<Int>)] = []
  private var savedBefore: [(step: Int, bytes: Int)] = []

  private struct Touch {
    var step: Int
    /// Whether the storage comes into the arena; it may have been there already.
    var comes: Bool
  }

  /// - Parameter actions: Actions that can be executed; at least one.
  /// - Complexity: O(touches).
  init(_ actions: [LadderAction], in model: LadderModel, costs: CostModel) {
    self.model = model
    self.actions = actions
    self.costs = costs
    isThere = [Bool](repeating: true, count: actions.count)
    var touches = [[Touch]](repeating: [], count: model.storageCount)
    for storage in 0..<model.storageCount where model.isInput[storage] {
      touches[storage].append(Touch(step: -1, comes: true))
    }
    for (step, action) in actions.enumerated() {
      switch action {
      case .run, .recompute:
        for storage in model.reads(of: action) {
          touches[storage].append(Touch(step: step, comes: false))
        }
        for storage in model.makes(of: action) {
          touches[storage].append(Touch(step: step, comes: true))
        }
      case .spill(let storage): touches[storage.index].append(Touch(step: step, comes: false))
      case .fetch(let storage): touches[storage.index].append(Touch(step: step, comes: true))
      }
    }
    var change = [Int](repeating: 0, count: actions.count + 1)
    for storage in 0..<model.storageCount {
      var stay: (first: Int, last: Int)?
      for touch in touches[storage] + [Touch(step: actions.count, comes: true)] {
        if touch.comes {
          if let (first, last) = stay {
            let isLast = touch.step == actions.count
            let end = isLast && model.isOutput[storage] ? actions.count - 1 : max(last, 0)
            change[max(first, 0)] += model.bytes[storage]
            change[end + 1] -= model.bytes[storage]
          }
          stay = (touch.step, touch.step)
        } else {
          stay?.last = touch.step
        }
      }
    }
    self.touches = touches
    var live = 0
    loads = LoadTree(
      actions.indices.map { step in
        live += change[step]
        return live + (actions[step].node.map { model.workspaces[$0.index] } ?? 0)
      })
    saved = [Int](repeating: 0, count: actions.count)
    for step in actions.indices { refresh(step) }
  }

  /// The most bytes that are live at once.
  var peakBytes: Int { loads.peak.bytes }

  /// What is left of the actions.
  var rest: [LadderAction] { actions.indices.filter { isThere[$0] }.map { actions[$0] } }

  /// Leaves out what nothing needs, and then recomputes, dearest first, as long as the peak stays within
  /// a budget.
  ///
  /// - Complexity: O(recomputes · operands · (log actions + touches)).
  mutating func thin(within budget: Int) {
    let again = actions.indices.filter { actions[$0].kind == .recompute }
    let prices = actions.map { $0.node.map { costs.seconds(ofNode: $0.index) } ?? 0 }
    let dearestFirst = again.sorted { (-prices[$0], $0) < (-prices[$1], $1) }
    dropUseless(again)
    while true {
      var isThinner = false
      for step in dearestFirst where isThere[step] && remove(step, within: budget) {
        isThinner = true
      }
      guard isThinner else { return }
      dropUseless(again)
    }
  }

  private mutating func dropUseless(_ again: [Int]) {
    for step in again.reversed() where isThere[step] {
      if model.makes(of: actions[step]).allSatisfy({ !isUsed($0, behind: step) }) {
        _ = remove(step, within: .max)
      }
    }
  }

  /// Whether something uses what an action brings before it comes again.
  private func isUsed(_ storage: Int, behind step: Int) -> Bool {
    guard let next = next(storage, behind: step) else { return model.isOutput[storage] }
    return !next.comes
  }

  private func first(_ storage: Int, from step: Int) -> Int {
    var (low, high) = (0, touches[storage].count)
    while low < high {
      let middle = (low + high) / 2
      if touches[storage][middle].step < step { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func isThere(_ touch: Touch) -> Bool { touch.step < 0 || isThere[touch.step] }

  private func next(_ storage: Int, behind step: Int) -> Touch? {
    touches[storage][first(storage, from: step + 1)...].first { isThere($0) }
  }

  private func previous(_ storage: Int, before step: Int) -> Touch? {
    touches[storage][..<first(storage, from: step)].last { isThere($0) }
  }

  private mutating func add(_ bytes: Int, _ range: Range<Int>) {
    guard !range.isEmpty, bytes != 0 else { return }
    changes.append((bytes, range))
    loads.add(bytes, range)
  }

  /// Leaves out one recompute, unless the peak would be above a budget.
  private mutating func remove(_ step: Int, within budget: Int) -> Bool {
    changes.removeAll(keepingCapacity: true)
    savedBefore.removeAll(keepingCapacity: true)
    let action = actions[step]
    var ends = [step]
    isThere[step] = false
    for storage in model.reads(of: action) where !isUsed(storage, behind: step) {
      // Its stay ends with the use before.
      guard let last = previous(storage, before: step)?.step else { continue }
      add(-model.bytes[storage], max(last, 0) + 1..<step + 1)
      ends.append(last)
    }
    for storage in model.makes(of: action) {
      if isUsed(storage, behind: step) {
        let last = previous(storage, before: step)?.step ?? -1
        add(model.bytes[storage], max(last, 0) + 1..<max(step, max(last, 0) + 1))
        ends.append(last)
      } else {
        add(-model.bytes[storage], step..<step + 1)
      }
    }
    add(-(action.node.map { model.workspaces[$0.index] } ?? 0), step..<step + 1)
    for end in ends where end >= 0 { refresh(end) }
    if peakBytes <= budget { return true }
    for (bytes, range) in changes { loads.add(-bytes, range) }
    for (step, bytes) in savedBefore.reversed() { saved[step] = bytes }
    isThere[step] = true
    return false
  }

  /// Counts anew what is taken over at an action.
  private mutating func refresh(_ step: Int) {
    guard let node = actions[step].node else { return }
    var bytes = 0
    if isThere[step], !model.takeovers[node.index].isEmpty {
      let makes = model.makes(of: actions[step])
      bytes = model.takenOverBytes(
        by: node.index, isMade: { makes.contains($0) },
        isFree: { !makes.contains($0) && !isUsed($0, behind: step) })
    }
    guard bytes != saved[step] else { return }
    savedBefore.append((step, saved[step]))
    add(saved[step] - bytes, step..<step + 1)
    saved[step] = bytes
  }
}
