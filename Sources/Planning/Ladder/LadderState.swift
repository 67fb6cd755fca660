// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// One order of a graph with what is kept between uses, what is made again, and what waits in the
/// second memory: the state that the greedy ladder changes move by move.
///
/// Time runs in halves: `2p` is the slot before position `p` of the order, in which nodes may run again
/// and storages may be fetched; `2p + 1` is the run of that position; the last slot, behind all runs,
/// is where outputs must be. A storage has *segments*, each from where it is made, made again or
/// fetched to the last need before the next one (MOCCASIN's retention intervals, arXiv 2304.14463).
/// Nodes of a slot run one behind the other, by position; ``loads`` counts what is there at once, and
/// never less than ``Residencies`` counts.
struct LadderState {
  /// From where a segment's bytes come.
  enum Source: Hashable {
    /// The first run of the maker, or the start of the plan.
    case first
    /// The maker runs again.
    case recompute
    /// They come back from the second memory.
    case fetch
  }

  /// A stretch of time in the arena.
  struct Segment {
    var start: Int
    var source: Source
    /// When it is needed, ascending; its end is the last of them.
    var needs: [Int]
    var end: Int { needs.last ?? start }
  }

  let model: LadderModel
  /// The nodes by position.
  let order: [NodeID]
  /// The position of each node.
  let position: [Int]
  /// The segments of each storage, by start.
  private(set) var segments: [[Segment]]
  /// The bytes in the arena at each time, never too few.
  private(set) var loads: LoadTree
  /// The times at which each updated storage is updated.
  let updateTimes: [[Int]]
  /// The largest workspace of the nodes that run again in each slot.
  private var slotWorkspace: [Int]
  /// Results of nodes that run again in a slot and are not wanted there, by node and slot, so that
  /// they are counted once.
  private var counted: Set<Int> = []
  /// The bytes that takeovers save at each run.
  private var saved: [Int]
  /// The nodes that run again in each slot, by position; some may turn out needless.
  private(set) var repeats: [[Int32]]
  /// The slots in which each node runs again.
  private var slotsOfNode: [Int32: [Int]] = [:]
  /// The bytes that each slot needs less than all of it together.
  private var slotSaved: [Int]
  let scratch: Scratch

  /// The slot behind all runs.
  var endTime: Int { 2 * order.count }
  /// The number of times.
  var timeCount: Int { endTime + 1 }

  /// Everything stays where it is from its first to its last use.
  ///
  /// - Complexity: O(touches).
  init(_ model: LadderModel, order: [NodeID]) {
    self.model = model
    self.order = order
    var position = [Int](repeating: 0, count: model.nodeCount)
    for (index, node) in order.enumerated() { position[node.index] = index }
    self.position = position
    let count = 2 * order.count + 1
    slotWorkspace = [Int](repeating: 0, count: count)
    repeats = [[Int32]](repeating: [], count: order.count + 1)
    slotSaved = [Int](repeating: 0, count: order.count + 1)
    scratch = Scratch(storages: model.storageCount)
    var segments = [[Segment]](repeating: [], count: model.storageCount)
    var updateTimes = [[Int]](repeating: [], count: model.storageCount)
    for storage in 0..<model.storageCount where model.isInput[storage] {
      segments[storage] = [Segment(start: 0, source: .first, needs: [])]
    }
    var change = [Int](repeating: 0, count: count + 1)
    for (index, node) in order.enumerated() {
      let time = 2 * index + 1
      for storage in model.reads[node.index] {
        if segments[storage].isEmpty {
          segments[storage] = [Segment(start: time - 1, source: .fetch, needs: [])]
        }
        segments[storage][0].needs.append(time)
      }
      for storage in model.makes[node.index] {
        segments[storage] = [Segment(start: time, source: .first, needs: [])]
      }
      for storage in model.updates[node.index] { updateTimes[storage].append(time) }
      change[time] += model.workspaces[node.index]
      change[time + 1] -= model.workspaces[node.index]
    }
    // What nobody reads is there while the first node runs.
    for storage in 0..<model.storageCount where model.isInput[storage] && !order.isEmpty {
      if segments[storage][0].needs.isEmpty { segments[storage][0].needs = [1] }
    }
    for storage in 0..<model.storageCount where model.isOutput[storage] {
      if !segments[storage].isEmpty { segments[storage][0].needs.append(count - 1) }
    }
    for storage in 0..<model.storageCount {
      guard let segment = segments[storage].first else { continue }
      change[segment.start] += model.bytes[storage]
      change[segment.end + 1] -= model.bytes[storage]
    }
    self.segments = segments
    self.updateTimes = updateTimes
    saved = [Int](repeating: 0, count: order.count)
    var load = 0
    loads = LoadTree(
      (0..<count).map { time in
        load += change[time]
        return load
      })
    for index in order.indices { refreshTakeovers(at: 2 * index + 1) }
  }

  // MARK: Reading

  /// The segment of a storage that is there at a time.
  func segment(of storage: Int, at time: Int) -> Int? {
    segments[storage].firstIndex { $0.start <= time && time <= $0.end }
  }

  /// Whether a node may run again in a slot: nothing that it reads was updated before.
  func mayRepeat(_ node: Int, at slot: Int) -> Bool {
    model.isRepeatable[node] && 2 * position[node] + 1 < slot
      && model.spoilers[node].allSatisfy { 2 * position[$0] + 1 > slot }
  }

  /// The highest load over the times to which a move adds, and at one time, if it is made.
  mutating func loads(
    cutting gap: Gap, adding additions: [(bytes: Int, range: Range<Int>)], at time: Int
  ) -> (added: Int, there: Int) {
    loads.add(-model.bytes[gap.storage], gap.range)
    for addition in additions { loads.add(addition.bytes, addition.range) }
    let added = additions.reduce(Int.min) { max($0, loads.maximum(in: $1.range)) }
    let there = loads.maximum(in: time..<time + 1)
    for addition in additions { loads.add(-addition.bytes, addition.range) }
    loads.add(model.bytes[gap.storage], gap.range)
    return (added, there)
  }

  // MARK: Changing

  /// Ends a segment at the use before a gap and begins another behind it.
  mutating func cut(_ gap: Gap, source: Source) {
    let storage = gap.storage
    var segment = segments[storage][gap.segment]
    let split = segment.needs.firstIndex { $0 > gap.before } ?? segment.needs.count
    let later = Segment(
      start: gap.slot, source: source, needs: Array(segment.needs[split...]))
    segment.needs.removeSubrange(split...)
    segments[storage][gap.segment] = segment
    segments[storage].insert(later, at: gap.segment + 1)
    loads.add(-model.bytes[storage], gap.range)
    refresh(at: gap.before)
    // Where its maker runs again for another result, it is there after all.
    for slot in slotsOfNode[model.remaker[storage]] ?? [] where gap.range.contains(slot) {
      loads.add(model.bytes[storage], slot..<slot + 1)
      refresh(at: slot)
    }
  }

  /// Joins a segment with the one before it, as if its bytes had never been away.
  ///
  /// - Returns: The gap that is no more.
  @discardableResult
  mutating func join(_ storage: Int, _ index: Int) -> Gap {
    let later = segments[storage].remove(at: index)
    let end = segments[storage][index - 1].end
    segments[storage][index - 1].needs.append(contentsOf: later.needs)
    if later.needs.isEmpty { segments[storage][index - 1].needs.append(later.start) }
    loads.add(model.bytes[storage], min(end + 1, later.start)..<later.start)
    refresh(at: end)
    refresh(at: later.start)
    refresh(at: segments[storage][index - 1].end)
    return Gap(
      storage: storage, segment: index - 1, before: end, next: later.needs.first ?? later.start,
      slot: later.start)
  }

  /// The times that joining a segment with the one before would fill.
  func joinRange(_ storage: Int, _ index: Int) -> Range<Int> {
    let end = segments[storage][index - 1].end
    return min(end + 1, segments[storage][index].start)..<segments[storage][index].start
  }

  /// Notes that a storage is needed in a slot at which it is there.
  mutating func need(_ storage: Int, at slot: Int) {
    guard let index = segment(of: storage, at: slot) else { return }
    let needs = segments[storage][index].needs
    var (low, high) = (0, needs.count)
    while low < high {
      let middle = (low + high) / 2
      if needs[middle] < slot { low = middle + 1 } else { high = middle }
    }
    if low == needs.count || needs[low] != slot {
      segments[storage][index].needs.insert(slot, at: low)
    }
  }

  /// Keeps a storage until a slot behind the end of one of its segments.
  mutating func extend(_ storage: Int, _ index: Int, to slot: Int) {
    let end = segments[storage][index].end
    segments[storage][index].needs.append(slot)
    loads.add(model.bytes[storage], end + 1..<slot + 1)
    refresh(at: end)
  }

  /// Brings a segment forward to an earlier slot.
  mutating func advance(_ storage: Int, _ index: Int, to slot: Int) {
    let start = segments[storage][index].start
    segments[storage][index].start = slot
    if segments[storage][index].needs.first != slot {
      segments[storage][index].needs.insert(slot, at: 0)
    }
    loads.add(model.bytes[storage], slot..<start)
    refresh(at: start)
  }

  /// Adds a segment that is there in one slot only.
  mutating func insert(_ storage: Int, at slot: Int, source: Source) {
    let index = segments[storage].firstIndex { $0.start > slot } ?? segments[storage].count
    segments[storage].insert(Segment(start: slot, source: source, needs: [slot]), at: index)
    loads.add(model.bytes[storage], slot..<slot + 1)
    if source == .fetch, index > 0 { refresh(at: segments[storage][index - 1].end) }
  }

  /// Counts what a node that runs again in a slot takes beside what is wanted of it.
  mutating func count(_ node: Int, at slot: Int) {
    let workspace = model.workspaces[node]
    if workspace > slotWorkspace[slot] {
      loads.add(workspace - slotWorkspace[slot], slot..<slot + 1)
      slotWorkspace[slot] = workspace
    }
    guard counted.insert(node * timeCount + slot).inserted else { return }
    let place = repeats[slot / 2].firstIndex { position[Int($0)] > position[node] }
    repeats[slot / 2].insert(Int32(node), at: place ?? repeats[slot / 2].count)
    slotsOfNode[Int32(node), default: []].append(slot)
    for storage in model.remakes[node] where segment(of: storage, at: slot) == nil {
      loads.add(model.bytes[storage], slot..<slot + 1)
    }
  }

  /// Counts anew what a time needs less than all of it together.
  mutating func refresh(at time: Int) {
    guard time % 2 == 0 else { return refreshTakeovers(at: time) }
    let bytes = saving(at: time)
    guard bytes != slotSaved[time / 2] else { return }
    loads.add(slotSaved[time / 2] - bytes, time..<time + 1)
    slotSaved[time / 2] = bytes
  }

  /// What a slot needs less than all of it together, as it is counted.
  func slotSaving(at slot: Int) -> Int { slotSaved[slot / 2] }

  /// Counts the takeovers of a run anew: in the order of the node's effects, each storage in one of
  /// them, of operands that end there.
  private mutating func refreshTakeovers(at time: Int) {
    guard time % 2 == 1 else { return }
    let takeovers = model.takeovers[order[time / 2].index]
    guard !takeovers.isEmpty else { return }
    var used: [Int] = []
    var bytes = 0
    for takeover in takeovers {
      let (made, read) = (takeover.output.index, takeover.input.index)
      guard !used.contains(made), !used.contains(read),
        segments[read].contains(where: { $0.end == time })
      else { continue }
      used += [made, read]
      bytes += model.bytes[made]
    }
    if bytes != saved[time / 2] {
      loads.add(saved[time / 2] - bytes, time..<time + 1)
      saved[time / 2] = bytes
    }
  }

  // MARK: The schedule

  /// The actions of the state, without those whose results nothing needs.
  ///
  /// - Complexity: O(actions · operands + segments · log segments).
  func actions() -> [LadderAction] {
    var fetches = [[Int]](repeating: [], count: order.count + 1)
    var repeats = [[Int]](repeating: [], count: order.count + 1)
    var spillsInSlot = [[Int]](repeating: [], count: order.count + 1)
    var spillsBehind = [[Int]](repeating: [], count: order.count + 1)
    for storage in 0..<model.storageCount {
      let list = segments[storage]
      for (index, segment) in list.enumerated() {
        let slot = segment.start / 2
        switch segment.source {
        case .first: break
        case .fetch: fetches[slot].append(storage)
        case .recompute:
          let node = Int(model.maker[storage])
          if !repeats[slot].contains(node) { repeats[slot].append(node) }
        }
        let isFetchedNext = index + 1 < list.count && list[index + 1].source == .fetch
        let isLeftUpdated =
          model.isStreamed[storage] && index + 1 == list.count && model.isUpdated[storage]
        guard isFetchedNext || isLeftUpdated, !hasCopy(of: storage, atEndOf: index) else {
          continue
        }
        if segment.end % 2 == 1 {
          spillsBehind[segment.end / 2].append(storage)
        } else {
          spillsInSlot[segment.end / 2].append(storage)
        }
      }
    }
    var actions: [LadderAction] = []
    for slot in 0...order.count {
      for storage in fetches[slot] { actions.append(.fetch(StorageID(storage))) }
      for node in repeats[slot].sorted(by: { position[$0] < position[$1] }) {
        actions.append(.recompute(NodeID(node)))
      }
      for storage in spillsInSlot[slot] { actions.append(.spill(StorageID(storage))) }
      guard slot < order.count else { break }
      actions.append(.run(order[slot]))
      for storage in spillsBehind[slot] { actions.append(.spill(StorageID(storage))) }
    }
    return Self.withoutUseless(actions, model)
  }

  /// The actions without recomputes, fetches and spills whose results nothing needs.
  static func withoutUseless(_ actions: [LadderAction], _ model: LadderModel) -> [LadderAction] {
    var isNeeded = model.isOutput
    // Copies of updated residents are needed at the end.
    var isCopyNeeded = (0..<model.storageCount).map {
      model.isStreamed[$0] && model.isUpdated[$0]
    }
    var kept: [LadderAction] = []
    kept.reserveCapacity(actions.count)
    for action in actions.reversed() {
      switch action {
      case .run, .recompute:
        let makes = model.makes(of: action)
        if action.kind == .recompute, !makes.contains(where: { isNeeded[$0] }) { continue }
        for storage in makes { isNeeded[storage] = false }
        for storage in model.reads(of: action) { isNeeded[storage] = true }
      case .fetch(let storage):
        guard isNeeded[storage.index] else { continue }
        isNeeded[storage.index] = false
        isCopyNeeded[storage.index] = true
      case .spill(let storage):
        guard isCopyNeeded[storage.index] else { continue }
        isCopyNeeded[storage.index] = false
        isNeeded[storage.index] = true
      }
      kept.append(action)
    }
    return kept.reversed()
  }
}
