// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout

/// Runs in an order, those of all nodes and some once more, with what is live during each: changed run
/// by run, and back.
///
/// A storage's *touches* are a list in the order of the runs. Behind a touch it stays in the arena until
/// the next one, unless it comes anew with that; so what a run that comes, goes or moves does to the
/// loads lies between its touches and their neighbours. Loads are those of ``Residencies``, but for
/// graph inputs that nothing reads.
struct RunSequence {
  /// A run, by number: a node's first one has the node's.
  typealias Run = Int32
  /// A touch, by number: the first ones are the starts of all storages, then their ends.
  private typealias Touch = Int32

  /// One change, as it is taken back.
  private enum Change {
    case moved(Run, from: Int)
    case inserted(Run)
    case removed(Run, from: Int)
  }

  private let model: LadderModel
  private let dependencies: Dependencies
  /// What no load should be above, in bytes.
  let budget: Int
  /// The price of each node's rerun.
  private let prices: [Double]
  private let hasTakeovers: [Bool]

  // The run before all others and the one behind them.
  private let start: Run
  private let end: Run
  private var nodes: [Int32]
  private var positions: [Int32]
  /// What takeovers save during each run.
  private var saved: [Int]
  private var touchStart: [Int32]
  /// Reruns of each node that are not in the sequence now.
  private var spare: [[Run]]
  /// Reruns of each node that are.
  private(set) var reruns: [[Run]]
  /// All of those, in any order.
  private(set) var again: [Run] = []
  private var placeInAgain: [Int32]

  private var touchRun: [Run]
  private var touchStorage: [Int32]
  /// Whether a storage comes into the arena by a touch, or by its end is not needed any more.
  private var comes: [Bool]
  private var next: [Touch]
  private var previous: [Touch]

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
    prices: [Double],
    budget: Int
  ) {
    self.model = model
    self.dependencies = dependencies
    self.prices = prices
    self.budget = budget
    hasTakeovers = model.takeovers.map { !$0.isEmpty }
    let (count, storages) = (model.nodeCount, model.storageCount)
    start = Run(count)
    end = Run(count + 1)
    nodes = (0..<count + 2).map { Int32($0) }
    positions = [Int32](repeating: -1, count: count + 2)
    positions[Int(end)] = 0
    saved = [Int](repeating: 0, count: count + 2)
    placeInAgain = [Int32](repeating: -1, count: count + 2)
    spare = [[Run]](repeating: [], count: count)
    reruns = spare
    touchRun = (0..<2 * storages).map { [start, end] in $0 < storages ? start : end }
    touchStorage = (0..<2 * storages).map { Int32($0 < storages ? $0 : $0 - storages) }
    comes = [Bool](repeating: true, count: storages) + model.isOutput.map { !$0 }
    next = (0..<2 * storages).map { Touch($0 < storages ? $0 + storages : -1) }
    previous = (0..<2 * storages).map { Touch($0 < storages ? -1 : $0 - storages) }
    touchStart = [Touch(2 * storages)]
    for node in 0..<count { addTouches(model.reads[node], model.makes[node], of: Run(node)) }
    for _ in 0..<2 { touchStart.append(Touch(touchRun.count)) }
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

  private mutating func addTouches(_ reads: IndexRows.Row, _ makes: IndexRows.Row, of run: Run) {
    for storage in reads { addTouch(storage, of: run, comes: false) }
    for storage in makes { addTouch(storage, of: run, comes: true) }
    touchStart.append(Touch(touchRun.count))
  }

  private mutating func addTouch(_ storage: Int, of run: Run, comes: Bool) {
    touchRun.append(run)
    touchStorage.append(Int32(storage))
    self.comes.append(comes)
    next.append(-1)
    previous.append(-1)
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

  private func touches(of run: Run) -> Range<Int> {
    Int(touchStart[Int(run)])..<Int(touchStart[Int(run) + 1])
  }

  private func position(at touch: Touch) -> Int { Int(positions[Int(touchRun[Int(touch)])]) }

  /// One of the storages that a run reads, with the position of the touch before.
  func read(of run: Run, by random: inout SplitMix64) -> (storage: Int, touchedAt: Int)? {
    // Reads come first.
    let touches = touches(of: run)
    let count = (isAgain(run) ? model.rereads : model.reads)[node(of: run)].count
    guard count > 0 else { return nil }
    let touch = touches.lowerBound + random.below(count)
    return (Int(touchStorage[touch]), position(at: previous[touch]))
  }

  /// Where the first storage that a run makes was touched before, and is touched next.
  func neighbours(of run: Run) -> ClosedRange<Int>? {
    guard let touch = touches(of: run).first(where: { comes[$0] }) else { return nil }
    return position(at: previous[touch])...position(at: next[touch])
  }

  /// Whether a storage is in the arena between the run at a position and the one before.
  mutating func isLive(_ storage: Int, at position: Int) -> Bool {
    !comes[Int(next[Int(touch(of: storage, before: position, from: -1))])]
  }

  /// Whether a rerun is in the sequence, and nothing uses what it makes before that comes anew.
  func isUseless(_ run: Run) -> Bool {
    placeInAgain[Int(run)] >= 0
      && touches(of: run).allSatisfy { !comes[$0] || comes[Int(next[$0])] }
  }

  /// The reruns whose results only a run uses.
  func solelyFor(_ run: Run) -> [Run] {
    touches(of: run).compactMap { touch in
      guard !comes[touch], comes[Int(previous[touch])], comes[Int(next[touch])] else { return nil }
      let maker = touchRun[Int(previous[touch])]
      return isAgain(maker) ? maker : nil
    }
  }

  /// The positions that a run may have while all others keep their order.
  ///
  /// - Complexity: O(dependencies).
  func window(of run: Run) -> ClosedRange<Int> {
    let node = node(of: run)
    var (low, high) = (0, runs.count - 1)
    if isAgain(run) {
      low = position(of: Run(node)) + 1
      for writer in model.spoilers[node] { high = min(high, position(of: Run(writer)) - 1) }
    } else {
      for other in dependencies.predecessors(of: NodeID(node)) {
        low = max(low, position(of: Run(other)) + 1)
      }
      for other in dependencies.successors(of: NodeID(node)) {
        high = min(high, position(of: Run(other)) - 1)
      }
      for rerun in reruns[node] { high = min(high, position(of: rerun) - 1) }
      for reader in model.spoils[node] {
        for rerun in reruns[reader] { low = max(low, position(of: rerun) + 1) }
      }
    }
    return low...max(low, high)
  }

  /// Whether a node may run again at a position, in front of what is there.
  func mayRepeat(_ node: Int, at position: Int) -> Bool {
    model.isRepeatable[node] && self.position(of: Run(node)) < position
      && model.spoilers[node].allSatisfy { self.position(of: Run($0)) >= position }
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
      addTouches(model.rereads[node], model.remakes[node], of: run)
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
    for touch in touches(of: run) { previous[touch] = -1 }
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
    add(liveBytes(before: target), target..<target + 1)
  }

  /// What stays in the arena from the run before a position on.
  private func liveBytes(before position: Int) -> Int {
    guard position > 0 else {
      return model.isInput.indices.reduce(0) {
        model.isInput[$1] && !comes[Int(next[$1])] ? $0 + model.bytes[$1] : $0
      }
    }
    let run = runs[position - 1]
    var live = loads[position - 1] + saved[Int(run)] - model.workspaces[node(of: run)]
    for touch in touches(of: run) where comes[Int(next[touch])] {
      live -= model.bytes[Int(touchStorage[touch])]
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
      touch = previous[Int(touch)]
      work += 1
    }
    while case let other = next[Int(touch)], self.position(at: other) < position {
      touch = other
      work += 1
    }
    return touch
  }

  private mutating func link(_ run: Run) {
    let position = position(of: run)
    add(model.workspaces[node(of: run)], position..<position + 1)
    for touch in touches(of: run) {
      let storage = Int(touchStorage[touch])
      let before = self.touch(of: storage, before: position, from: previous[touch])
      let after = next[Int(before)]
      next[Int(before)] = Touch(touch)
      previous[touch] = before
      next[touch] = after
      previous[Int(after)] = Touch(touch)
      change(touch, by: model.bytes[storage])
    }
    refresh(run)
  }

  private mutating func unlink(_ run: Run) {
    let position = position(of: run)
    add(saved[Int(run)] - model.workspaces[node(of: run)], position..<position + 1)
    saved[Int(run)] = 0
    for touch in touches(of: run) {
      let (before, after) = (previous[touch], next[touch])
      next[Int(before)] = after
      previous[Int(after)] = before
      change(touch, by: -model.bytes[Int(touchStorage[touch])])
    }
  }

  /// Counts what a touch between its neighbours adds, or its absence takes away.
  private mutating func change(_ touch: Int, by bytes: Int) {
    let (before, after) = (previous[touch], next[touch])
    let (low, position) = (self.position(at: before) + 1, Int(positions[Int(touchRun[touch])]))
    switch (comes[touch], comes[Int(after)]) {
    case (true, false):
      if touchRun[Int(before)] == start, !model.isInput[Int(touchStorage[touch])] {
        add(bytes, position..<self.position(at: after))
      } else {
        add(-bytes, low..<position)
      }
    case (true, true): add(bytes, position..<position + 1)
    case (false, true): add(bytes, low..<position + 1)
    case (false, false): break
    }
    let other = touchRun[Int(before)]
    if other != start, hasTakeovers[node(of: other)] { refresh(other) }
  }

  /// Counts anew what is taken over during a run.
  private mutating func refresh(_ run: Run) {
    let node = node(of: run)
    guard hasTakeovers[node] else { return }
    var bytes = 0
    var used: [Int] = []
    let touches = touches(of: run)
    for takeover in model.takeovers[node] {
      let (made, read) = (takeover.output.index, takeover.input.index)
      guard !used.contains(made), !used.contains(read),
        touches.contains(where: { comes[$0] && Int(touchStorage[$0]) == made }),
        touches.contains(where: {
          !comes[$0] && Int(touchStorage[$0]) == read && comes[Int(next[$0])]
        })
      else { continue }
      used += [made, read]
      bytes += model.bytes[made]
    }
    let position = position(of: run)
    add(saved[Int(run)] - bytes, position..<position + 1)
    saved[Int(run)] = bytes
  }
}
