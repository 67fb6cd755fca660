// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// A graph as recompute and spill see it: which storages can be in the arena, who makes and who reads
/// them, and what may be done to them. Flat rows, dense numbers; built once.
///
/// Storages are those of the problem's map. *Movable* ones lie in the arena while they are needed;
/// with streaming, residents are among them, at home in the second memory.
struct LadderModel: Sendable {
  /// The number of nodes.
  let nodeCount: Int
  /// Bytes of each storage, rounded up to the alignment.
  let bytes: [Int]
  /// Bytes of each storage as they are copied.
  let copiedBytes: [Int]
  /// Whether a storage is in the arena while it is used.
  let isMovable: [Bool]
  /// Whether a storage is at home in the second memory.
  let isStreamed: [Bool]
  /// Whether a movable storage is in the arena from the start.
  let isInput: [Bool]
  /// Whether a movable storage must be in the arena at the end.
  let isOutput: [Bool]
  /// Whether some node updates the storage in place.
  let isUpdated: [Bool]
  /// The node that makes each storage; -1 for what is there from the start.
  let maker: [Int32]
  /// The movable storages that must be in the arena before a node runs.
  let reads: IndexRows
  /// The movable storages that a node makes.
  let makes: IndexRows
  /// The movable storages that must be in the arena before a node runs again: what it reads, and the
  /// mask that its first run drew.
  let rereads: IndexRows
  /// The movable storages that a node makes when it runs again.
  let remakes: IndexRows
  /// The node that can make each storage again; -1 where there is none, or it may not run again.
  let remaker: [Int32]
  /// The movable storages that a node updates.
  let updates: IndexRows
  /// Scratch bytes of each node, rounded up.
  let workspaces: [Int]
  /// Whether a node may run again as long as what it reads is what it was.
  let isRepeatable: [Bool]
  /// For each node, the nodes that update something it reads, behind it in the file: once one of
  /// those ran, it may not run again.
  let spoilers: IndexRows
  /// For each node, those that may not run again once it ran: the rows of `spoilers`, turned round.
  let spoils: IndexRows
  /// For each storage, the repeatable nodes that need it when they run again.
  let rereaders: IndexRows
  /// The takeovers of each node.
  let takeovers: [[StorageMap.Takeover]]
  /// The bytes of all residents that are not streamed.
  let residentBytes: Int
  /// The storage of each tensor.
  let map: StorageMap

  /// - Parameter streamsResidents: Whether weights and state are at home in the second memory.
  /// - Precondition: The problem's map is one without slices.
  /// - Complexity: O(graph).
  init(of problem: SchedulingProblem, streamsResidents: Bool) {
    let (graph, map) = (problem.graph, problem.storages)
    let count = map.roots.count
    self.map = map
    nodeCount = graph.nodes.count
    bytes = map.bytes
    copiedBytes = map.roots.map { graph[$0].bytes.value }
    var isStreamed = map.spaces.map { streamsResidents && $0 == .resident }
    // What no node touches stays where it is.
    var isTouched = [Bool](repeating: false, count: count)
    for node in graph.nodeIDs {
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        isTouched[map.storageOfTensor[tensor.index].index] = true
      }
      for tensor in graph.outputs(of: node) where !tensor.isAbsent {
        isTouched[map.storageOfTensor[tensor.index].index] = true
      }
    }
    for storage in 0..<count where !isTouched[storage] { isStreamed[storage] = false }
    self.isStreamed = isStreamed
    let isMovable = (0..<count).map { map.spaces[$0] == .arena || isStreamed[$0] }
    self.isMovable = isMovable
    isInput = (0..<count).map { map.spaces[$0] == .arena && map.isLiveIn[$0] }
    isOutput = (0..<count).map { map.spaces[$0] == .arena && map.isLiveOut[$0] }
    maker = map.roots.map { graph[$0].producer.map { Int32($0.index) } ?? -1 }
    workspaces = map.workspaces

    var (reads, makes, updates) = (IndexRows(), IndexRows(), IndexRows())
    var isUpdated = [Bool](repeating: false, count: count)
    var lastSeen = [Int](repeating: -1, count: count)
    for node in graph.nodeIDs {
      for tensor in graph.outputs(of: node) where !tensor.isAbsent {
        let storage = map.storageOfTensor[tensor.index].index
        if map.roots[storage] == tensor, isMovable[storage] {
          makes.add(storage)
          lastSeen[storage] = node.index
        }
      }
      for tensor in Array(graph.inputs(of: node)) + Array(graph.outputs(of: node))
      where !tensor.isAbsent {
        let storage = map.storageOfTensor[tensor.index].index
        guard isMovable[storage], lastSeen[storage] != node.index else { continue }
        lastSeen[storage] = node.index
        reads.add(storage)
      }
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        let storage = map.storageOfTensor[graph.operands(of: effect, at: node).output.index].index
        isUpdated[storage] = true
        if isMovable[storage] { updates.add(storage) }
      }
      reads.endRow()
      makes.endRow()
      updates.endRow()
    }
    (self.reads, self.makes, self.updates) = (reads, makes, updates)
    self.isUpdated = isUpdated

    // Walking the file backwards: who updates each storage from here on, first.
    var isRepeatable = Repeatability(of: graph).isRepeatable
    var nextWriter = [Int](repeating: -1, count: count)
    var spoilers = [[Int]](repeating: [], count: graph.nodes.count)
    for node in graph.nodeIDs.reversed() {
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        let writer = nextWriter[map.storageOfTensor[tensor.index].index]
        if writer >= 0, !spoilers[node.index].contains(writer) {
          spoilers[node.index].append(writer)
        }
      }
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        let storage = map.storageOfTensor[graph.operands(of: effect, at: node).output.index].index
        nextWriter[storage] = node.index
      }
      // Made again, a storage that is updated later would be what it was before the update.
      for tensor in graph.outputs(of: node) where !tensor.isAbsent {
        if isUpdated[map.storageOfTensor[tensor.index].index] { isRepeatable[node.index] = false }
      }
    }
    var (rereads, remakes) = (IndexRows(), IndexRows())
    var remaker = [Int32](repeating: -1, count: count)
    for node in graph.nodeIDs {
      let mask = StoredMask.tensor(of: node, in: graph).map { tensor in
        let storage = map.storageOfTensor[tensor.index].index
        // Only what is a storage of its own can be read while the rest is made.
        if map.roots[storage] != tensor { isRepeatable[node.index] = false }
        return storage
      }
      for storage in reads[node.index] { rereads.add(storage) }
      for storage in makes[node.index] {
        if storage == mask {
          rereads.add(storage)
        } else {
          remakes.add(storage)
          if isRepeatable[node.index] { remaker[storage] = Int32(node.index) }
        }
      }
      rereads.endRow()
      remakes.endRow()
    }
    (self.rereads, self.remakes, self.remaker) = (rereads, remakes, remaker)
    self.isRepeatable = isRepeatable
    self.spoilers = IndexRows(spoilers)
    var spoils = [[Int]](repeating: [], count: graph.nodes.count)
    for (node, row) in spoilers.enumerated() where isRepeatable[node] {
      for writer in row { spoils[writer].append(node) }
    }
    self.spoils = IndexRows(spoils)
    var rereaders = [[Int]](repeating: [], count: count)
    for node in graph.nodeIDs where isRepeatable[node.index] {
      for storage in rereads[node.index] { rereaders[storage].append(node.index) }
    }
    self.rereaders = IndexRows(rereaders)
    takeovers = graph.nodeIDs.map { node in
      Array(map.takeovers[map.takeoverStart[node.index]..<map.takeoverStart[node.index + 1]])
    }
    residentBytes = (0..<count).reduce(0) {
      map.spaces[$1] == .resident && !isStreamed[$1] ? $0 + map.bytes[$1] : $0
    }
  }

  /// The number of storages.
  var storageCount: Int { bytes.count }

  /// How often nodes read or make movable storages.
  var touchCount: Int { reads.count + makes.count }

  /// What the arena of no plan can be below: what one node touches, less what it can take over; all
  /// inputs; all outputs.
  ///
  /// - Complexity: O(touches).
  var floorBytes: Int {
    var floor = max(
      (0..<storageCount).reduce(0) { isInput[$1] ? $0 + bytes[$1] : $0 },
      (0..<storageCount).reduce(0) { isOutput[$1] ? $0 + bytes[$1] : $0 })
    for node in 0..<nodeCount {
      floor = max(floor, workingSet(of: node))
    }
    return floor
  }

  /// What no plan avoids copying: each storage that is at home in the second memory once in, and once out
  /// where it is updated.
  var compulsoryBytes: Int {
    (0..<storageCount).reduce(0) {
      isStreamed[$1] ? $0 + copiedBytes[$1] * (isUpdated[$1] ? 2 : 1) : $0
    }
  }

  /// What no plan is below, in bytes of resident and arena together.
  var totalFloorBytes: Int { residentBytes + floorBytes }

  /// The movable storages that an action needs in the arena.
  func reads(of action: LadderAction) -> IndexRows.Row {
    switch action {
    case .run(let node): reads[node.index]
    case .recompute(let node): rereads[node.index]
    case .spill, .fetch: IndexRows.none
    }
  }

  /// The movable storages that a run makes.
  func makes(of action: LadderAction) -> IndexRows.Row {
    switch action {
    case .run(let node): makes[node.index]
    case .recompute(let node): remakes[node.index]
    case .spill, .fetch: IndexRows.none
    }
  }

  /// What must be in the arena while a node runs, if nothing it reads is needed any more.
  func workingSet(of node: Int) -> Int {
    var sum = workspaces[node]
    for storage in reads[node] { sum += bytes[storage] }
    for storage in makes[node] { sum += bytes[storage] }
    return sum - takenOverBytes(by: node, isMade: { _ in true }, isFree: { _ in true })
  }

  /// The bytes that a node's results take over from its operands, each at most once.
  ///
  /// - Parameters:
  ///   - isMade: Whether a storage comes into the arena with this run.
  ///   - isFree: Whether a storage is not needed behind it.
  func takenOverBytes(
    by node: Int, isMade: (Int) -> Bool, isFree: (Int) -> Bool
  ) -> Int {
    var bytes = 0
    var used: [Int] = []
    for takeover in takeovers[node] {
      let (made, read) = (takeover.output.index, takeover.input.index)
      guard !used.contains(made), !used.contains(read), isMade(made), isFree(read) else {
        continue
      }
      used += [made, read]
      bytes += self.bytes[made]
    }
    return bytes
  }
}

/// Rows of numbers in one pool.
struct IndexRows: Sendable {
  /// One of them.
  typealias Row = LazyMapSequence<ArraySlice<Int32>, Int>
  /// One without numbers.
  static var none: Row { [Int32]()[...].lazy.map { Int($0) } }

  private var start: [Int32] = [0]
  private var values: [Int32] = []

  init() {}

  init(_ rows: [[Int]]) {
    for row in rows {
      for value in row { add(value) }
      endRow()
    }
  }

  /// How many numbers there are in all rows.
  var count: Int { values.count }

  /// Adds to the row that is being written.
  mutating func add(_ value: Int) { values.append(Int32(value)) }

  /// Ends that row.
  mutating func endRow() { start.append(Int32(values.count)) }

  /// Where a row's numbers are, for loops that run so often that a row's reference count would show.
  func places(of row: Int) -> Range<Int> { Int(start[row])..<Int(start[row + 1]) }

  /// A number by its place.
  subscript(at place: Int) -> Int { Int(values[place]) }

  /// A row.
  subscript(_ row: Int) -> Row {
    values[Int(start[row])..<Int(start[row + 1])].lazy.map { Int($0) }
  }
}
