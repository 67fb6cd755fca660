// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout

/// Runs in an order, those of all nodes and some once more, with what is live during each: changed run
/// by run, and back.
///
/// A storage's touches are a list in the order of the runs (``TouchLists``). Behind a touch it stays in
/// the arena until the next one, unless it comes anew with that; so what a run that comes, goes or moves
/// does to the loads lies between its touches and their neighbours. Loads are those of ``Residencies``.
///
/// Runs have slots (``RunSlots``), whose loads are in ``SlotLoads``.
struct RunSequence {
  /// A run, by number: a node's first one has the node's.
  typealias Run = Int32
  private typealias Touch = TouchLists.Touch

  /// One change, as it is taken back.
  private enum Change {
    case moved(Run, from: Int)
    /// Into what was the vacant slot.
    case inserted(Run, vacant: Int)
    case removed(Run, from: Int)
  }

  let model: LadderModel
  let dependencies: Dependencies
  /// The price of each node's rerun.
  private let prices: [Double]
  private let hasTakeovers: [Bool]
  /// Graph inputs that nothing reads: in the arena during the first run.
  private let idleBytes: Int

  // The run before all others, the one behind them, and the one of vacant slots.
  private let start: Run
  private let end: Run
  private let vacant: Run
  private var nodes: [Int32]
  private var slots: RunSlots
  /// What takeovers save during each run.
  private var saved: [Int]
  /// Reruns of each node that are not in the sequence now.
  private var spare: [[Run]]
  /// Reruns of each node that are.
  private(set) var reruns: [[Run]]
  /// All of those, in any order.
  private(set) var again: [Run] = []
  private(set) var placeInAgain: [Int32]

  private(set) var touches: TouchLists

  private var loads: SlotLoads
  private var changes: [Change] = []
  private var looks = 0
  /// What all reruns cost.
  private(set) var price = 0.0

  /// - Parameters:
  ///   - actions: Runs and recomputes that can be executed.
  ///   - prices: What a rerun of each node costs.
  ///   - budget: What no load should be above, in bytes.
  /// - Complexity: O(the sum of all stays).
  init(
    _ actions: [LadderAction], of model: LadderModel, _ dependencies: Dependencies,
    prices: [Double], budget: Int
  ) {
    self.model = model
    self.dependencies = dependencies
    self.prices = prices
    hasTakeovers = model.takeovers.map { !$0.isEmpty }
    let count = model.nodeCount
    (start, end, vacant) = (Run(count), Run(count + 1), Run(count + 2))
    nodes = (0..<count + 3).map { Int32($0) }
    slots = RunSlots(runCount: count + 3, end: end, vacant: vacant)
    saved = [Int](repeating: 0, count: count + 3)
    placeInAgain = [Int32](repeating: -1, count: count + 3)
    spare = [[Run]](repeating: [], count: count)
    reruns = spare
    touches = TouchLists(isOutput: model.isOutput, start: start, end: end)
    for node in 0..<count {
      touches.add(reads: model.reads[node], makes: model.makes[node], of: Run(node))
    }
    for _ in count...Int(vacant) {
      touches.add(reads: IndexRows.none, makes: IndexRows.none, of: -1)
    }
    var isRead = model.isOutput
    for node in 0..<count {
      for storage in model.reads[node] { isRead[storage] = true }
    }
    idleBytes = model.bytes.indices.reduce(0) {
      model.isInput[$1] && !isRead[$1] ? $0 + model.bytes[$1] : $0
    }
    loads = SlotLoads(count: 0, bytes: 0, budget: budget)
    var order: [Run] = []
    for action in actions {
      guard let node = action.node else { preconditionFailure("a run sequence spills nothing") }
      let isAgain = action.kind != .run
      order.append(isAgain ? rerun(of: node.index) : Run(node.rawValue))
      if isAgain { register(order[order.count - 1]) }
    }
    fill(order)
  }

  // MARK: Looking

  /// What no load should be above, in bytes.
  var budget: Int { loads.budget }

  /// The sum of what each load is above the budget by.
  var excess: Int { loads.excess }

  /// The sum of all loads, in byte steps.
  var total: Int { loads.total }

  /// Entries looked at.
  var work: Int { loads.work + looks }

  /// Whether a run is a rerun.
  func isAgain(_ run: Run) -> Bool { run > vacant }

  /// The run in each slot.
  var runs: [Run] { slots.runs }

  /// How many slots are vacant.
  var vacancies: Int { slots.vacancies }

  func isVacant(_ slot: Int) -> Bool { slots.isVacant(slot) }

  func node(of run: Run) -> Int { Int(nodes[Int(run)]) }

  func slot(of run: Run) -> Int { slots.slot(of: run) }

  /// The runs as actions.
  var actions: [LadderAction] {
    slots.order.map {
      isAgain($0) ? .recompute(NodeID(node(of: $0))) : .run(NodeID(node(of: $0)))
    }
  }

  /// What is live during a slot, in bytes.
  func load(at slot: Int) -> Int { loads.bytes(at: slot) }

  func slot(at touch: TouchLists.Touch) -> Int { slots.slot(of: touches.run[Int(touch)]) }

  /// Whether a storage is in the arena between the run in a slot and the one before.
  mutating func isLive(_ storage: Int, before slot: Int) -> Bool {
    !touches.comes[Int(touches.next[Int(touch(of: storage, before: slot, from: -1))])]
  }

  // MARK: Changing

  /// Moves a run to a slot of its window.
  mutating func move(_ run: Run, to slot: Int) {
    let source = self.slot(of: run)
    guard source != slot else { return }
    changes.append(.moved(run, from: source))
    shift(run, to: slot)
  }

  /// Runs a node again in front of the run in a slot, if there is room.
  ///
  /// - Returns: The slot behind the new run's.
  @discardableResult mutating func insertRerun(of node: Int, before slot: Int) -> Int? {
    guard let known = slots.vacantSlot(near: slot) else { return nil }
    let run = rerun(of: node)
    changes.append(.inserted(run, vacant: known))
    register(run)
    let target = known < slot ? slot - 1 : slot
    takeIdleOut()
    slide(known, to: target)
    occupy(target, by: run)
    applyWithIdle()
    return target + 1
  }

  /// Takes a rerun out; its slot is vacant then.
  mutating func remove(_ run: Run) {
    changes.append(.removed(run, from: slot(of: run)))
    unregister(run)
    takeIdleOut()
    vacate(slot(of: run))
    applyWithIdle()
  }

  /// Keeps all changes since the last time. Slots may be others then.
  mutating func keep() {
    for case .removed(let run, _) in changes { forget(run) }
    changes.removeAll(keepingCapacity: true)
    if slots.areUneven { spread() }
  }

  /// Takes all changes since then back.
  mutating func takeBack() {
    while let change = changes.popLast() {
      switch change {
      case .moved(let run, let source): shift(run, to: source)
      case .inserted(let run, let known):
        unregister(run)
        let slot = slot(of: run)
        takeIdleOut()
        vacate(slot)
        slide(slot, to: known)
        applyWithIdle()
        forget(run)
      case .removed(let run, let source):
        register(run)
        takeIdleOut()
        occupy(source, by: run)
        applyWithIdle()
      }
    }
  }

  /// A rerun that is not in the sequence.
  private mutating func rerun(of node: Int) -> Run {
    if let known = spare[node].popLast() { return known }
    let run = Run(nodes.count)
    nodes.append(Int32(node))
    slots.addRun()
    saved.append(0)
    placeInAgain.append(-1)
    touches.add(reads: model.rereads[node], makes: model.remakes[node], of: run)
    return run
  }

  private mutating func register(_ run: Run) {
    let node = node(of: run)
    price += prices[node]
    reruns[node].append(run)
    placeInAgain[Int(run)] = Int32(again.count)
    again.append(run)
  }

  private mutating func unregister(_ run: Run) {
    let node = node(of: run)
    price -= prices[node]
    reruns[node].removeAll { $0 == run }
    let place = Int(placeInAgain[Int(run)])
    placeInAgain[Int(run)] = -1
    let last = again.removeLast()
    if last != run {
      again[place] = last
      placeInAgain[Int(last)] = Int32(place)
    }
  }

  private mutating func forget(_ run: Run) {
    spare[node(of: run)].append(run)
    touches.forget(run)
  }

  // MARK: Slots

  /// Puts runs that touch nothing into slots, every so many of which are vacant.
  private mutating func fill(_ order: [Run]) {
    slots.makeRoom(for: order.count)
    looks += loads.work
    loads = SlotLoads(count: vacancies, bytes: liveBytes(before: 0), budget: budget)
    for (index, run) in order.enumerated() {
      occupy(RunSlots.slot(ofRun: index), by: run)
      loads.apply()
    }
    applyWithIdle()
  }

  /// Spreads the vacant slots evenly.
  private mutating func spread() {
    let order = slots.order
    for run in order {
      for touch in touches.of(run) { touches.unlink(touch) }
      touches.forget(run)
      saved[Int(run)] = 0
    }
    fill(order)
  }

  /// Takes idle inputs out while runs change, among them perhaps the first one.
  private mutating func takeIdleOut() { addIdle(-idleBytes) }

  /// Applies a change, with idle inputs.
  private mutating func applyWithIdle() {
    addIdle(idleBytes)
    loads.apply()
  }

  /// Adds bytes up to the first run.
  private mutating func addIdle(_ bytes: Int) {
    guard bytes != 0, let first = slots.first else { return }
    loads.add(bytes, 0..<first + 1)
  }

  private mutating func occupy(_ slot: Int, by run: Run) {
    slots.occupy(slot, by: run)
    loads.occupy(slot)
    link(run)
  }

  private mutating func vacate(_ slot: Int) {
    unlink(runs[slot])
    slots.vacate(slot)
    loads.vacate(slot)
  }

  private mutating func shift(_ run: Run, to slot: Int) {
    let source = self.slot(of: run)
    takeIdleOut()
    vacate(source)
    slide(source, to: slot)
    occupy(slot, by: run)
    applyWithIdle()
  }

  /// Moves a vacant slot.
  private mutating func slide(_ source: Int, to target: Int) {
    guard source != target else { return }
    slots.move(source, to: target)
    loads.move(source, to: target)
    loads.set(liveBytes(before: target), at: target)
  }

  /// What stays in the arena from the run before a slot on.
  private func liveBytes(before slot: Int) -> Int {
    guard slot > 0 else {
      return model.isInput.indices.reduce(0) {
        model.isInput[$1] && !touches.comes[Int(touches.next[$1])] ? $0 + model.bytes[$1] : $0
      }
    }
    let run = runs[slot - 1]
    var live = loads.bytes(at: slot - 1)
    guard run != vacant else { return live }
    live += saved[Int(run)] - model.workspaces[node(of: run)]
    for touch in touches.of(run) where touches.comes[Int(touches.next[touch])] {
      live -= model.bytes[Int(touches.storage[touch])]
    }
    return live
  }

  // MARK: Touches

  /// The last touch of a storage before a slot.
  private mutating func touch(of storage: Int, before slot: Int, from hint: Touch) -> Touch {
    var touch = hint
    if touch < 0 {
      let last = touches.previous[model.storageCount + storage]
      touch = 2 * slot < runs.count && self.slot(at: last) >= slot ? Touch(storage) : last
    }
    while self.slot(at: touch) >= slot {
      touch = touches.previous[Int(touch)]
      looks += 1
    }
    while case let other = touches.next[Int(touch)], self.slot(at: other) < slot {
      touch = other
      looks += 1
    }
    return touch
  }

  private mutating func link(_ run: Run) {
    let slot = slot(of: run)
    loads.add(model.workspaces[node(of: run)], slot..<slot + 1)
    for touch in touches.of(run) {
      let storage = Int(touches.storage[touch])
      let before = self.touch(of: storage, before: slot, from: touches.previous[touch])
      touches.link(touch, behind: before)
      change(touch, by: model.bytes[storage])
    }
    refresh(run)
  }

  private mutating func unlink(_ run: Run) {
    let slot = slot(of: run)
    loads.add(saved[Int(run)] - model.workspaces[node(of: run)], slot..<slot + 1)
    saved[Int(run)] = 0
    for touch in touches.of(run) {
      touches.unlink(touch)
      change(touch, by: -model.bytes[Int(touches.storage[touch])])
    }
  }

  /// Counts what a touch between its neighbours adds, or its absence takes away.
  private mutating func change(_ touch: Int, by bytes: Int) {
    let (before, after) = (touches.previous[touch], touches.next[touch])
    let (low, slot) = (slot(at: before) + 1, slot(at: Touch(touch)))
    switch (touches.comes[touch], touches.comes[Int(after)]) {
    case (true, false):
      if touches.run[Int(before)] == start, !model.isInput[Int(touches.storage[touch])] {
        loads.add(bytes, slot..<self.slot(at: after))
      } else {
        loads.add(-bytes, low..<slot)
      }
    case (true, true): loads.add(bytes, slot..<slot + 1)
    case (false, true): loads.add(bytes, low..<slot + 1)
    case (false, false): break
    }
    let other = touches.run[Int(before)]
    if other != start, hasTakeovers[node(of: other)] { refresh(other) }
  }

  /// Counts anew what is taken over during a run.
  private mutating func refresh(_ run: Run) {
    let node = node(of: run)
    guard hasTakeovers[node] else { return }
    let own = touches.of(run)
    let bytes = model.takenOverBytes(
      by: node,
      isMade: { made in own.contains { touches.comes[$0] && Int(touches.storage[$0]) == made } },
      isFree: { read in
        own.contains {
          !touches.comes[$0] && Int(touches.storage[$0]) == read
            && touches.comes[Int(touches.next[$0])]
        }
      })
    let slot = slot(of: run)
    loads.add(saved[Int(run)] - bytes, slot..<slot + 1)
    saved[Int(run)] = bytes
  }
}
