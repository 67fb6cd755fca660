// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// What ordering needs of a graph and nothing else: operators, storages, who touches what.
///
/// For a set of operators closed under predecessors, a storage is live if it has a toucher inside
/// and one outside; one that is live before the first operator counts as touched inside, one live
/// after the last as touched outside. While an operator runs, what it touches is live too, and its
/// workspace; a takeover that holds counts the two storages once.
///
/// The model is symmetric in time: an order read backwards costs the same on ``reversed()``.
struct OrderModel: Sendable {
  /// The number of operators.
  var count: Int
  /// The operators that must run before each.
  var predecessors: Rows
  /// The operators that must run after each.
  var successors: Rows
  /// The storages that each operator touches, ascending.
  var touched: Rows
  /// The operators that touch each storage, ascending.
  var touchers: Rows
  /// The bytes of each storage.
  var bytes: [Int]
  /// Whether a storage is live before the first operator. False where nothing touches it.
  var isLiveIn: [Bool]
  /// Whether a storage is live after the last operator. False where nothing touches it.
  var isLiveOut: [Bool]
  /// The scratch bytes of each operator.
  var workspaces: [Int]
  /// Where each operator's row starts in ``takeovers``; one more entry than operators.
  var takeoverStart: [Int]
  /// The takeovers that an operator may make, in the order in which they are tried.
  var takeovers: [Takeover]
  /// Bytes that are live at every step whatever the order.
  var permanentBytes: Int
  /// Whether time runs backwards.
  var isReversed = false

  /// An output that may use the bytes of an input of the same size that dies at the operator.
  struct Takeover: Hashable, Sendable {
    var output: UInt32
    var input: UInt32
  }

  /// The number of storages.
  var storageCount: Int { bytes.count }

  /// The model read backwards in time.
  func reversed() -> OrderModel {
    var result = self
    swap(&result.predecessors, &result.successors)
    swap(&result.isLiveIn, &result.isLiveOut)
    result.isReversed.toggle()
    return result
  }

  /// The bytes live before the first operator.
  var initialBytes: Int {
    var total = permanentBytes
    for storage in bytes.indices where isLiveIn[storage] { total += bytes[storage] }
    return total
  }

  /// The bytes that an operator's takeovers save.
  ///
  /// Takeovers are tried in order and each storage takes part in one at most. The more inputs die,
  /// the more is saved: an input that is added can only push an output on to a later entry.
  ///
  /// - Parameter holds: Whether the input of a takeover dies at the operator.
  /// - Complexity: O(takeovers of the operator) on average.
  @inline(__always)
  func savedBytes(at operation: Int, where holds: (Int) -> Bool) -> Int {
    let row = takeoverStart[operation]..<takeoverStart[operation + 1]
    if row.isEmpty { return 0 }
    if row.count == 1 {
      let only = takeovers[row.lowerBound]
      return holds(Int(only.input)) ? bytes[Int(only.output)] : 0
    }
    return row.count <= 8
      ? savedBytes(fewIn: row, where: holds) : savedBytes(manyIn: row, where: holds)
  }

  private func savedBytes(fewIn row: Range<Int>, where holds: (Int) -> Bool) -> Int {
    var saved = 0
    var made: UInt8 = 0
    for index in row {
      let entry = takeovers[index]
      guard holds(Int(entry.input)) else { continue }
      var isFree = true
      for earlier in row.lowerBound..<index
      where made & (1 << UInt8(earlier - row.lowerBound)) != 0 {
        let other = takeovers[earlier]
        if other.output == entry.output || other.input == entry.input { isFree = false }
      }
      guard isFree else { continue }
      made |= 1 << UInt8(index - row.lowerBound)
      saved += bytes[Int(entry.output)]
    }
    return saved
  }

  private func savedBytes(manyIn row: Range<Int>, where holds: (Int) -> Bool) -> Int {
    heldTakeovers(in: row, where: holds).reduce(0) { $0 + bytes[Int($1.output)] }
  }

  /// The takeovers that an operator makes.
  func heldTakeovers(in row: Range<Int>, where holds: (Int) -> Bool) -> [Takeover] {
    var held: [Takeover] = []
    var outputs: Set<UInt32> = []
    var inputs: Set<UInt32> = []
    for takeover in takeovers[row] where holds(Int(takeover.input)) {
      guard !outputs.contains(takeover.output), !inputs.contains(takeover.input) else { continue }
      outputs.insert(takeover.output)
      inputs.insert(takeover.input)
      held.append(takeover)
    }
    return held
  }
}

extension OrderModel {
  /// The whole graph: one operator a node, one storage an arena storage, IDs as in the graph.
  ///
  /// Bytes of graph inputs that nothing touches are left out: they are there at step 0 only, so
  /// costs on the model never exceed those of ``LivenessSimulator``.
  init(_ problem: SchedulingProblem) {
    let map = problem.storages
    count = problem.graph.nodes.count
    predecessors = Rows(
      start: problem.dependencies.predecessorStart, values: problem.dependencies.predecessors)
    successors = Rows(
      start: problem.dependencies.successorStart, values: problem.dependencies.successors)
    touched = Rows(start: map.touchedStart, values: map.touched)
    touchers = Rows(start: map.toucherStart, values: map.touchers)
    bytes = map.bytes
    workspaces = map.workspaces
    takeoverStart = map.takeoverStart
    takeovers = map.takeovers.map { Takeover(output: $0.output.rawValue, input: $0.input.rawValue) }
    var isLiveIn = map.isLiveIn
    var isLiveOut = map.isLiveOut
    permanentBytes = 0
    for storage in bytes.indices
    where map.spaces[storage] != .arena || touchers.length(storage) == 0 {
      if map.spaces[storage] == .arena, isLiveIn[storage], isLiveOut[storage] {
        permanentBytes += bytes[storage]
      }
      isLiveIn[storage] = false
      isLiveOut[storage] = false
    }
    self.isLiveIn = isLiveIn
    self.isLiveOut = isLiveOut
  }
}
