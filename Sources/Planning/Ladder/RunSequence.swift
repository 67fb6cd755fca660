// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout

/// Runs in an order, those of all nodes and some once more, with what is live during each: changed run
/// by run, and back.
///
/// A storage's touches are a list in the order of the runs (``TouchLists``). Behind a touch it stays in the arena until
/// the next one, unless it comes anew with that; so what a run that comes, goes or moves does to the
/// loads lies between its touches and their neighbours. Loads are those of ``Residencies``.
struct RunSequence {
  /// A run, by number: a node's first one has the node's.
  typealias Run = Int32
  private typealias Touch = TouchLists.Touch

  /// One change, as it is taken back.
  private enum Change {
    case moved(Run, from: Int)
    case inserted(Run)
    case removed(Run, from: Int)
  }

  let model: LadderModel
  let dependencies: Dependencies
  /// What no load should be above, in bytes.
  let budget: Int
  /// The price of each node's rerun.
  private let prices: [Double]
  private let hasTakeovers: [Bool]
  /// Graph inputs that nothing reads: in the arena during the first run.
  private let idleBytes: Int

  // The run before all others and the one behind them.
  private let start: Run
  private let end: Run
  private var nodes: [Int32]
  private var positions: [Int32]
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

  /// The runs in order.
  private(set) var runs: [Run] = []
  private var loads: [Int] = []
  private var changes: [Change] = []
  /// The sum of what each load is above the budget by.
  private(set) var excess = 0
  /// The sum of all loads, in byte steps.
  private(set) var total = 0
  /// What all reruns cost.
  private(set) var price = 0.0
  /// Entries looked at.
  var work = 0

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
    self.budget = budget
    hasTakeovers = model.takeovers.map { !$0.isEmpty }
    let count = model.nodeCount
    start = Run(count)
    end = Run(count + 1)
    nodes = (0..<count + 2).map { Int32($0) }
    positions = [Int32](repeating: -1, count: count + 2)
    positions[Int(end)] = 0
    saved = [Int](repeating: 0, count: count + 2)
    placeInAgain = [Int32](repeating: -1, count: count + 2)
    spare = [[Run]](repeating: [], count: count)
    reruns = spare
    touches = TouchLists(isOutput: model.isOutput, start: start, end: end)
    for node in 0..<count {
      touches.add(reads: model.reads[node], makes: model.makes[node], of: Run(node))
    }
    for _ in 0..<2 { touches.add(reads: IndexRows.none, makes: IndexRows.none, of: -1) }
    var isRead = model.isOutput
    for node in 0..<count {
      for storage in model.reads[node] { isRead[storage] = true }
    }
    idleBytes = model.bytes.indices.reduce(0) {
      model.isInput[$1] && !isRead[$1] ? $0 + model.bytes[$1] : $0
    }
    for action in actions {
      guard let node = action.node else { preconditionFailure("a run sequence spills nothing") }
      if action.kind == .run {
        place(Run(node.rawValue), at: runs.count)
      } else {
        insertRerun(of: node.index, at: runs.count)
      }
    }
    keep()
  }

  // MARK: Looking

  /// Whether a run is a rerun.
  func isAgain(_ run: Run) -> Bool { run > end }

  func node(of run: Run) -> Int { Int(nodes[Int(run)]) }

  func position(of run: Run) -> Int { Int(positions[Int(run)]) }

  /// The runs as actions.
  var actions: [LadderAction] {
    runs.map { isAgain($0) ? .recompute(NodeID(node(of: $0))) : .run(NodeID(node(of: $0))) }
  }

  /// What is live during the run at a position, in bytes.
  func load(at position: Int) -> Int { loads[position] }

  func position(at touch: TouchLists.Touch) -> Int { Int(positions[Int(touches.run[Int(touch)])]) }

  /// Whether a storage is in the arena between the run at a position and the one before.
  mutating func isLive(_ storage: Int, at position: Int) -> Bool {
    !touches.comes[Int(touches.next[Int(touch(of: storage, before: position, from: -1))])]
  }

  // MARK: Changing

  /// Moves a run to a position of its window.
  mutating func move(_ run: Run, to position: Int) {
    let source = self.position(of: run)
    guard source != position else { return }
    changes.append(.moved(run, from: source))
    shift(run, to: position)
  }

  /// Runs a node again at a position, in front of what is there.
  mutating func insertRerun(of node: Int, at position: Int) {
    let run: Run
    if let known = spare[node].popLast() {
      run = known
    } else {
      run = Run(nodes.count)
      nodes.append(Int32(node))
      positions.append(-1)
      saved.append(0)
      placeInAgain.append(-1)
      touches.add(reads: model.rereads[node], makes: model.remakes[node], of: run)
    }
    changes.append(.inserted(run))
    register(run)
    place(run, at: position)
  }

  /// Takes a rerun out.
  mutating func remove(_ run: Run) {
    changes.append(.removed(run, from: position(of: run)))
    unregister(run)
    takeOut(run)
  }

  /// Keeps all changes since the last time.
  mutating func keep() {
    for case .removed(let run, _) in changes { forget(run) }
    changes.removeAll(keepingCapacity: true)
  }

  /// Takes all changes since then back.
  mutating func takeBack() {
    while let change = changes.popLast() {
      switch change {
      case .moved(let run, let source): shift(run, to: source)
      case .inserted(let run):
        unregister(run)
        takeOut(run)
        forget(run)
      case .removed(let run, let source):
        register(run)
        place(run, at: source)
      }
    }
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

  // MARK: Positions

  private mutating func place(_ run: Run, at position: Int) {
    let last = runs.count
    runs.append(run)
    loads.append(0)
    positions[Int(end)] = Int32(last + 1)
    slide(run, from: last, to: position)
    link(run)
  }

  private mutating func takeOut(_ run: Run) {
    unlink(run)
    slide(run, from: position(of: run), to: runs.count - 1)
    add(-loads[runs.count - 1], runs.count - 1..<runs.count)
    loads.removeLast()
    runs.removeLast()
    positions[Int(end)] = Int32(runs.count)
  }

  private mutating func shift(_ run: Run, to position: Int) {
    unlink(run)
    slide(run, from: self.position(of: run), to: position)
    link(run)
  }

  /// Moves a run that touches nothing.
  private mutating func slide(_ run: Run, from source: Int, to target: Int) {
    if source == 0 || target == 0 { add(-idleBytes, 0..<1) }
    add(-loads[source], source..<source + 1)
    work += abs(target - source)
    runs.withUnsafeMutableBufferPointer { runs in
      loads.withUnsafeMutableBufferPointer { loads in
        positions.withUnsafeMutableBufferPointer { positions in
          var position = source
          while position > target {
            runs[position] = runs[position - 1]
            loads[position] = loads[position - 1]
            positions[Int(runs[position])] = Int32(position)
            position -= 1
          }
          while position < target {
            runs[position] = runs[position + 1]
            loads[position] = loads[position + 1]
            positions[Int(runs[position])] = Int32(position)
            position += 1
          }
        }
      }
    }
    runs[target] = run
    positions[Int(run)] = Int32(target)
    loads[target] = 0
    if source == 0, target > 0 { add(idleBytes, 0..<1) }
    add(liveBytes(before: target), target..<target + 1)
    if target == 0 { add(idleBytes, 0..<1) }
  }

  /// What stays in the arena from the run before a position on.
  private func liveBytes(before position: Int) -> Int {
    guard position > 0 else {
      return model.isInput.indices.reduce(0) {
        model.isInput[$1] && !touches.comes[Int(touches.next[$1])] ? $0 + model.bytes[$1] : $0
      }
    }
    let run = runs[position - 1]
    var live = loads[position - 1] + saved[Int(run)] - model.workspaces[node(of: run)]
    if position == 1 { live -= idleBytes }
    for touch in touches.of(run) where touches.comes[Int(touches.next[touch])] {
      live -= model.bytes[Int(touches.storage[touch])]
    }
    return live
  }

  private mutating func add(_ bytes: Int, _ range: Range<Int>) {
    guard bytes != 0 else { return }
    work += range.count
    total += bytes * range.count
    var sum = 0
    loads.withUnsafeMutableBufferPointer { loads in
      for position in range {
        let before = loads[position]
        let after = before &+ bytes
        loads[position] = after
        sum &+= max(after &- budget, 0) &- max(before &- budget, 0)
      }
    }
    excess += sum
  }

  // MARK: Touches

  /// The last touch of a storage before a position.
  private mutating func touch(of storage: Int, before position: Int, from hint: Touch) -> Touch {
    var touch = hint
    if touch < 0 {
      touch = Touch(2 * position < runs.count ? storage : model.storageCount + storage)
    }
    while self.position(at: touch) >= position {
      touch = touches.previous[Int(touch)]
      work += 1
    }
    while case let other = touches.next[Int(touch)], self.position(at: other) < position {
      touch = other
      work += 1
    }
    return touch
  }

  private mutating func link(_ run: Run) {
    let position = position(of: run)
    add(model.workspaces[node(of: run)], position..<position + 1)
    for touch in touches.of(run) {
      let storage = Int(touches.storage[touch])
      let before = self.touch(of: storage, before: position, from: touches.previous[touch])
      touches.link(touch, behind: before)
      change(touch, by: model.bytes[storage])
    }
    refresh(run)
  }

  private mutating func unlink(_ run: Run) {
    let position = position(of: run)
    add(saved[Int(run)] - model.workspaces[node(of: run)], position..<position + 1)
    saved[Int(run)] = 0
    for touch in touches.of(run) {
      touches.unlink(touch)
      change(touch, by: -model.bytes[Int(touches.storage[touch])])
    }
  }

  /// Counts what a touch between its neighbours adds, or its absence takes away.
  private mutating func change(_ touch: Int, by bytes: Int) {
    let (before, after) = (touches.previous[touch], touches.next[touch])
    let (low, position) = (self.position(at: before) + 1, Int(positions[Int(touches.run[touch])]))
    switch (touches.comes[touch], touches.comes[Int(after)]) {
    case (true, false):
      if touches.run[Int(before)] == start, !model.isInput[Int(touches.storage[touch])] {
        add(bytes, position..<self.position(at: after))
      } else {
        add(-bytes, low..<position)
      }
    case (true, true): add(bytes, position..<position + 1)
    case (false, true): add(bytes, low..<position + 1)
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
    let position = position(of: run)
    add(saved[Int(run)] - bytes, position..<position + 1)
    saved[Int(run)] = bytes
  }
}
