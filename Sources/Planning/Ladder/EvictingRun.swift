// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// An order executed within a budget: when the next node does not fit, something leaves the arena, and
/// it is made again or fetched when it is needed.
///
/// What leaves is chosen by an ``EvictionRule``. A storage is needed by the runs to come, and by what
/// is away and would be made from it; what nothing needs leaves at once. Before a node that updates
/// something runs, whatever could not be made again behind it comes back. Counted is never less than
/// what ``Residencies`` counts of the same actions, where a stay ends with its last use and not with
/// its eviction.
struct EvictingRun {
  let model: LadderModel
  let order: [NodeID]
  let costs: CostModel
  let budget: Int
  let rule: EvictionRule
  let mayRecompute: Bool
  let maySpill: Bool
  /// Storages that leave right behind a position, by ``key(of:at:)``.
  private let drops: Set<Int>

  // MARK: The state

  /// The position in the order; its count behind all runs.
  private(set) var now = 0
  private(set) var actions: [LadderAction] = []
  /// Whether each storage is in the arena.
  private(set) var isResident: [Bool]
  /// Whether the second memory holds a storage as it is now.
  private(set) var hasCopy: [Bool]
  /// Whether each storage was made, or was there from the start.
  private var isMade: [Bool]
  /// Whether each node ran.
  private(set) var hasRun: [Bool]
  /// The position at which each storage is needed next, by a run or by what is away; ``never`` if not.
  private(set) var need: [Int]
  /// Bytes in the arena.
  private var live = 0
  /// How many are using a storage right now, so that it cannot leave.
  private var pins: [Int32]
  /// Storages that could leave.
  private var candidates: [Int32] = []
  private var place: [Int32]
  /// What nothing needs yet, and what could not be had again if something did: kept while there is room.
  private var spares: [Int] = []
  private var isSpare: [Bool]
  /// What a position touched.
  private var touched: [Int] = []
  /// Entries looked at.
  var work = 0
  private let workLimit: Int

  /// The positions at which each storage is read, in order; the order's count for outputs.
  let uses: Uses
  private(set) var cursor: [Int32]
  /// The positions of nodes.
  let position: [Int32]
  /// What it would cost to bring each storage back, where that is known.
  var scores: Scores

  /// A position behind all others.
  static let never = Int.max
  /// How deep makers of makers are run again.
  private static let depthLimit = 400
  /// How often a node's operands are brought together before it is given up.
  private static let gatherings = 4

  init(
    _ model: LadderModel, uses: Uses, costs: CostModel, budget: Int, rule: EvictionRule,
    mayRecompute: Bool, maySpill: Bool, drops: Set<Int> = [], workLimit: Int = .max
  ) {
    self.model = model
    self.uses = uses
    order = uses.order
    self.costs = costs
    self.budget = budget
    self.rule = rule
    self.mayRecompute = mayRecompute
    self.maySpill = maySpill
    self.drops = drops
    self.workLimit = workLimit
    position = uses.position
    let count = model.storageCount
    isResident = model.isInput
    hasCopy = model.isStreamed
    isMade = (0..<count).map { model.isInput[$0] || model.isStreamed[$0] }
    hasRun = [Bool](repeating: false, count: model.nodeCount)
    need = [Int](repeating: Self.never, count: count)
    pins = [Int32](repeating: 0, count: count)
    place = [Int32](repeating: -1, count: count)
    isSpare = [Bool](repeating: false, count: count)
    cursor = [Int32](repeating: 0, count: count)
    scores = Scores(model)
    for storage in 0..<count where isMade[storage] {
      need[storage] = uses.next(storage, cursor[storage])
      if isResident[storage] { enter(storage) }
    }
  }

  /// What a drop of a storage behind a position is called.
  static func key(of storage: Int, at position: Int, in model: LadderModel) -> Int {
    storage * (model.nodeCount + 1) + position
  }

  /// What a drop is called where the node at its position is elsewhere.
  static func key(_ key: Int, movedFrom old: Uses, to new: Uses, in model: LadderModel) -> Int {
    let (storage, position) = key.quotientAndRemainder(dividingBy: model.nodeCount + 1)
    // Behind all runs nothing moves.
    guard position < old.order.count else { return key }
    return Self.key(
      of: storage, at: Int(new.position[old.order[position].index]), in: model)
  }

  // MARK: Running

  /// Runs the order.
  ///
  /// - Returns: The actions, or `nil` where something did not fit or the work was too much.
  /// - Complexity: O(evictions · residents + touches · (dependents + chains)).
  mutating func run() -> [LadderAction]? {
    for (index, node) in order.enumerated() {
      now = index
      touched.removeAll(keepingCapacity: true)
      guard saveWhatIsSpoiled(by: node.index), gather(model.reads[node.index]),
        execute(node.index, again: false)
      else { return nil }
      release(uses.heldUntil[now] ?? [])
      guard !drops.isEmpty else { continue }
      for storage in touched
      where isResident[storage] && need[storage] != Self.never
        && drops.contains(Self.key(of: storage, at: now, in: model)) && price(of: storage) != nil
      {
        evict(storage)
      }
    }
    now = order.count
    let outputs = (0..<model.storageCount).filter { model.isOutput[$0] }
    guard gather(outputs) else { return nil }
    return actions
  }

  /// Brings back what is needed later and could not be made behind a node's run.
  private mutating func saveWhatIsSpoiled(by writer: Int) -> Bool {
    for node in model.spoils[writer] where hasRun[node] {
      for storage in model.remakes[node]
      where isMade[storage] && !isResident[storage] && !hasCopy[storage]
        && need[storage] != Self.never && mayRepeat(node)
      {
        guard gather(CollectionOfOne(storage)) else { return false }
      }
    }
    return true
  }

  /// Ends the needs of what was held until now.
  private mutating func release(_ storages: [Int]) {
    for storage in storages {
      if uses.next(storage, cursor[storage]) == now { cursor[storage] += 1 }
      settle(storage)
      if !isResident[storage] { operandsMayMatter(to: storage) }
    }
  }

  /// Whether a node may run again now.
  func mayRepeat(_ node: Int) -> Bool {
    guard model.isRepeatable[node], hasRun[node] else { return false }
    for place in model.spoilers.places(of: node) where hasRun[model.spoilers[at: place]] {
      return false
    }
    return true
  }

  /// Brings storages together in the arena.
  private mutating func gather(_ storages: some Collection<Int>, depth: Int = 0) -> Bool {
    guard depth < Self.depthLimit, work <= workLimit else { return false }
    var pinned: [Int] = []
    defer { for storage in pinned { pins[storage] -= 1 } }
    for round in 0..<Self.gatherings {
      if storages.allSatisfy({ isResident[$0] }) { return true }
      // What came first may have left for what came later; from now on it stays.
      if round > 0 {
        for storage in storages where isResident[storage] && !pinned.contains(storage) {
          pins[storage] += 1
          pinned.append(storage)
        }
      }
      for storage in storages where !isResident[storage] {
        guard bringBack(storage, depth: depth) else { return false }
        if round > 0, isResident[storage], !pinned.contains(storage) {
          pins[storage] += 1
          pinned.append(storage)
        }
      }
    }
    return storages.allSatisfy { isResident[$0] }
  }

  /// Makes a storage again or fetches it, whichever costs less.
  private mutating func bringBack(_ storage: Int, depth: Int) -> Bool {
    let maker = Int(model.remaker[storage])
    let mayMake = mayRecompute && maker >= 0 && mayRepeat(maker)
    if hasCopy[storage] {
      let fetch = costs.seconds(ofBytes: model.copiedBytes[storage])
      if chain(to: storage).map({ $0.seconds > fetch }) ?? true {
        guard makeRoom(for: model.bytes[storage]) else { return false }
        append(.fetch(StorageID(storage)))
        touched.append(storage)
        enter(storage)
        return true
      }
    }
    guard mayMake, gather(model.rereads[maker], depth: depth + 1) else { return false }
    return execute(maker, again: true)
  }

  /// Runs a node whose operands are there.
  private mutating func execute(_ node: Int, again: Bool) -> Bool {
    let reads = again ? model.rereads[node] : model.reads[node]
    let makes = again ? model.remakes[node] : model.makes[node]
    for storage in reads {
      pins[storage] += 1
      touched.append(storage)
    }
    var bytes = model.workspaces[node]
    // What is there already stays while it is made once more.
    let known = Array(makes).filter { isResident[$0] }
    for storage in known { pins[storage] += 1 }
    for storage in makes {
      touched.append(storage)
      if !isResident[storage] { bytes += model.bytes[storage] }
    }
    var taken = takeovers(of: node, again: again, mayEvict: false)
    var fits = makeRoom(for: bytes - taken.bytes)
    if !fits, !model.takeovers[node].isEmpty {
      taken = takeovers(of: node, again: again, mayEvict: true)
      fits = makeRoom(for: bytes - taken.bytes)
    }
    for storage in reads { pins[storage] -= 1 }
    for storage in known { pins[storage] -= 1 }
    guard fits else { return false }
    append(again ? .recompute(NodeID(node)) : .run(NodeID(node)))
    for storage in makes {
      if !again { isMade[storage] = true }
      if !isResident[storage] { enter(storage) }
    }
    if !again {
      hasRun[node] = true
      for storage in reads where uses.next(storage, cursor[storage]) == now {
        cursor[storage] += 1
      }
      for storage in model.updates[node] { hasCopy[storage] = false }
      for other in model.spoils[node] {
        for storage in model.remakes[other] { scores.forget(storage) }
      }
    }
    for storage in makes { settle(storage) }
    for storage in reads where !taken.storages.contains(storage) { settle(storage) }
    for storage in taken.storages where isResident[storage] {
      need[storage] = effectiveNeed(of: storage)
      if need[storage] == Self.never { leave(storage) } else { evict(storage) }
    }
    return true
  }

  // MARK: Coming and going

  private mutating func append(_ action: LadderAction) {
    actions.append(action)
    guard actions.count == 1 else { return }
    // Inputs that nothing reads are there while the first step runs, and no longer.
    for storage in 0..<model.storageCount
    where isResident[storage] && model.isInput[storage] && need[storage] == Self.never {
      leave(storage)
    }
  }

  private mutating func enter(_ storage: Int) {
    isResident[storage] = true
    live += model.bytes[storage]
    let canReturn =
      mayRecompute && model.remaker[storage] >= 0 || maySpill || model.isStreamed[storage]
    if canReturn, model.bytes[storage] > 0 {
      place[storage] = Int32(candidates.count)
      candidates.append(Int32(storage))
    }
    scores.forget(storage)
    forgetScores(around: storage)
    operandsMayMatter(to: storage)
  }

  private mutating func leave(_ storage: Int) {
    if isSpare[storage] {
      isSpare[storage] = false
      spares.removeAll { $0 == storage }
    }
    if model.isStreamed[storage], model.isUpdated[storage], !hasCopy[storage] { save(storage) }
    isResident[storage] = false
    live -= model.bytes[storage]
    if place[storage] >= 0 {
      let last = candidates.removeLast()
      if last != Int32(storage) {
        candidates[Int(place[storage])] = last
        place[Int(last)] = place[storage]
      }
      place[storage] = -1
    }
    forgetScores(around: storage)
    operandsMayMatter(to: storage)
  }

  private mutating func save(_ storage: Int) {
    append(.spill(StorageID(storage)))
    hasCopy[storage] = true
  }

  /// Takes a storage that is needed later out of the arena; if that is the cheaper way to have it again,
  /// by a copy.
  private mutating func evict(_ storage: Int) {
    if !hasCopy[storage], maySpill || model.isStreamed[storage] {
      let copying = 2 * costs.seconds(ofBytes: model.copiedBytes[storage])
      if chain(to: storage).map({ $0.seconds > copying }) ?? true { save(storage) }
    }
    leave(storage)
  }

  /// Lets storages leave until so many bytes fit.
  private mutating func makeRoom(for bytes: Int) -> Bool {
    while live + bytes > budget {
      work += candidates.count
      guard work <= workLimit else { return false }
      var best: (score: Double, storage: Int)?
      for candidate in candidates where pins[Int(candidate)] == 0 {
        let storage = Int(candidate)
        guard need[storage] != Self.never, let score = score(of: storage) else { continue }
        if best.map({ (score, storage) < $0 }) ?? true { best = (score, storage) }
      }
      if let best {
        evict(best.storage)
      } else if let spare = spares.filter({ pins[$0] == 0 }).max(by: {
        (model.bytes[$0], $1) < (model.bytes[$1], $0)
      }) {
        leave(spare)
      } else {
        return false
      }
    }
    return true
  }

  // MARK: Needs

  /// When a storage is needed next: by a run, or by what is away and is made from it.
  ///
  /// - Parameters:
  ///   - node: A node whose results are there in a moment.
  ///   - isRead: Whether it is a first run that reads the storage now.
  func effectiveNeed(of storage: Int, behind node: Int = -1, isRead: Bool = false) -> Int {
    var result = uses.next(storage, cursor[storage])
    if isRead, result == now { result = uses.next(storage, cursor[storage] + 1) }
    guard mayRecompute else { return result }
    for reader in model.rereaders[storage] where reader != node && hasRun[reader] {
      for made in model.remakes[reader] where !isResident[made] && need[made] < result {
        result = need[made]
      }
    }
    return result
  }

  /// Looks again at when a storage is needed; it leaves if it is not.
  private mutating func settle(_ storage: Int) {
    need[storage] = effectiveNeed(of: storage)
    if isResident[storage], need[storage] == Self.never, pins[storage] == 0 { retire(storage) }
  }

  private mutating func retire(_ storage: Int) {
    let isLost = mayRecompute && model.remaker[storage] < 0 && !hasCopy[storage]
    // Small things that cannot be had again may be what something larger can be made from.
    if isLost, model.bytes[storage] <= budget / rule.sparePart, !model.rereaders[storage].isEmpty {
      if !isSpare[storage] {
        isSpare[storage] = true
        spares.append(storage)
      }
    } else {
      leave(storage)
    }
  }

  /// What a storage is made from is needed for it exactly while it is away.
  private mutating func operandsMayMatter(to storage: Int) {
    let maker = Int(model.remaker[storage])
    guard mayRecompute, maker >= 0 else { return }
    for operand in model.rereads[maker] where isMade[operand] {
      work += 1
      let need = effectiveNeed(of: operand)
      guard need != self.need[operand] else { continue }
      self.need[operand] = need
      if !isResident[operand] {
        operandsMayMatter(to: operand)
      } else if need == Self.never, pins[operand] == 0 {
        retire(operand)
      }
    }
  }
}
