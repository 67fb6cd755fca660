// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// Least peak first: while some ready node stays under the peak so far, the one with the least net
/// change; else the one with the least rise, then the least net change. All outputs together count
/// as seen from the start, since no order stays below them; views are folded.
///
/// Source: the LPMF order of PyTorch's inductor.
public struct LeastPeakFirst: Scheduler {
  public static let name = "lpmf"

  public init() {}

  /// - Complexity: O(touches · log nodes + dependencies).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let folded = FoldedViews(of: problem)
    var greedy = PeakGreedy(folded.model)
    let outputs = folded.model.reversed().initialBytes
    return folded.schedule(greedy.order(climbing: .leastRiseThenNet, above: outputs))
  }
}

/// Least live after: while some ready node stays under the peak so far, the one that leaves the
/// least live; else the one with the least peak, the first of the file among equals. Views are
/// folded.
///
/// Source: the LESCEA order that ROAM compares with.
public struct LeastLiveAfter: Scheduler {
  public static let name = "lescea"

  public init() {}

  /// - Complexity: O(touches · log nodes + dependencies).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let folded = FoldedViews(of: problem)
    var greedy = PeakGreedy(folded.model)
    return folded.schedule(greedy.order(climbing: .leastRise))
  }
}

/// Of the ready nodes, the one that frees the most beyond what it makes; then the one with the most
/// successors; then the first of the file.
///
/// Source: the list memory scheduler of XLA.
public struct MostFreedFirst: Scheduler {
  public static let name = "xla-list"

  public init() {}

  /// - Complexity: O(touches · log nodes + dependencies).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let model = OrderModel(problem)
    let byRank = (0..<UInt32(model.count)).sorted { a, b in
      let (i, j) = (model.successors.length(Int(a)), model.successors.length(Int(b)))
      return i != j ? i > j : a < b
    }
    var rank = [UInt32](repeating: 0, count: model.count)
    for (index, node) in byRank.enumerated() { rank[Int(node)] = UInt32(index) }
    var tree = TournamentTree(ties: rank)
    var state = OrderState(model)
    for node in state.enabled { tree.setKey(state.net(Int(node)), at: Int(node)) }
    var isReady = [Bool](repeating: false, count: model.count)
    for node in state.enabled { isReady[Int(node)] = true }
    var order: [NodeID] = []
    order.reserveCapacity(model.count)
    while let node = tree.minimum(in: 0..<model.count) {
      tree.setKey(nil, at: node)
      isReady[node] = false
      order.append(NodeID(node))
      state.run(node)
      for other in state.changed where isReady[Int(other)] {
        tree.setKey(state.net(Int(other)), at: Int(other))
      }
      for other in state.enabled {
        isReady[Int(other)] = true
        tree.setKey(state.net(Int(other)), at: Int(other))
      }
    }
    return Schedule(order)
  }
}

/// The greedy orders that look at the peak so far.
///
/// Ready operators sit in a row sorted by the rise they had when they were put there, keyed by net
/// change, so both questions are stretches of the row: the least net among those that fit, and the
/// first of all. An operator has a place for every rise that its takeovers can lead to.
struct PeakGreedy {
  /// What decides when nothing fits under the peak so far.
  enum Climb { case leastRise, leastRiseThenNet }

  private let model: OrderModel
  private var state: OrderState
  private var tree: TournamentTree
  /// The rise that each place stands for, ascending.
  private let levels: [Int]
  /// Where the places of each operator are listed in ``places``, by falling rise.
  private let placeStart: [Int]
  private let places: [Int32]
  private let operations: [UInt32]
  /// The place an operator sits at, or -1.
  private var seat: [Int32]

  /// More places than this for one operator are not told apart.
  private static let placeLimit = 8

  init(_ model: OrderModel) {
    self.model = model
    state = OrderState(model)
    var entries: [(level: Int, operation: UInt32)] = []
    entries.reserveCapacity(model.count)
    var start = [0]
    start.reserveCapacity(model.count + 1)
    for operation in 0..<model.count {
      // Once an operator is ready, only takeovers change its rise: it makes what it touches first.
      var most = model.workspaces[operation]
      for index in model.touched[operation] {
        let storage = Int(model.touched.values[index])
        let first = model.touchers.values[model.touchers.start[storage]]
        if first == operation, !model.isLiveIn[storage] { most += model.bytes[storage] }
      }
      for saved in Self.savings(of: operation, in: model) {
        entries.append((most - saved, UInt32(operation)))
      }
      start.append(entries.count)
    }
    let order = entries.indices.sorted {
      (entries[$0].level, entries[$0].operation) < (entries[$1].level, entries[$1].operation)
    }
    levels = order.map { entries[$0].level }
    operations = order.map { entries[$0].operation }
    var placeOfEntry = [Int32](repeating: 0, count: entries.count)
    for (place, entry) in order.enumerated() { placeOfEntry[entry] = Int32(place) }
    places = placeOfEntry
    placeStart = start
    tree = TournamentTree(ties: operations)
    seat = [Int32](repeating: -1, count: model.count)
  }

  /// What an operator's takeovers can save, from nothing up.
  private static func savings(of operation: Int, in model: OrderModel) -> [Int] {
    let row = model.takeoverStart[operation]..<model.takeoverStart[operation + 1]
    guard !row.isEmpty else { return [0] }
    var outputs = Set<UInt32>()
    var sums: Set<Int> = [0]
    for index in row {
      let output = model.takeovers[index].output
      guard outputs.insert(output).inserted else { continue }
      let bytes = model.bytes[Int(output)]
      for sum in sums { sums.insert(sum + bytes) }
      if sums.count > placeLimit { return [0] }
    }
    return sums.sorted()
  }

  private mutating func sit(_ operation: Int) {
    let rise = state.rise(operation)
    // The places of an operator fall; the last that does not promise less than the truth.
    var place = places[placeStart[operation]]
    for index in placeStart[operation]..<placeStart[operation + 1]
    where levels[Int(places[index])] >= rise {
      place = places[index]
    }
    if seat[operation] >= 0, seat[operation] != place {
      tree.setKey(nil, at: Int(seat[operation]))
    }
    seat[operation] = place
    tree.setKey(state.net(operation), at: Int(place))
  }

  /// The number of places with at most a given rise.
  private func placeCount(upTo level: Int) -> Int {
    var (low, high) = (0, levels.count)
    while low < high {
      let middle = (low + high) / 2
      if levels[middle] <= level { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func choice(under peak: Int, climbing climb: Climb) -> Int? {
    let fitting = placeCount(upTo: peak - state.live)
    if let place = tree.minimum(in: 0..<fitting) { return place }
    guard let first = tree.first else { return nil }
    switch climb {
    case .leastRise: return first
    case .leastRiseThenNet: return tree.minimum(in: first..<placeCount(upTo: levels[first]))
    }
  }

  /// The whole order.
  ///
  /// - Parameter floor: What counts as a peak seen before the first operator.
  mutating func order(climbing climb: Climb, above floor: Int = 0) -> [Int] {
    var order: [Int] = []
    order.reserveCapacity(model.count)
    var peak = max(state.live, floor)
    for operation in state.enabled { sit(Int(operation)) }
    while let place = choice(under: peak, climbing: climb) {
      let operation = Int(operations[place])
      tree.setKey(nil, at: place)
      seat[operation] = -1
      order.append(operation)
      peak = max(peak, state.run(operation))
      for other in state.changed where seat[Int(other)] >= 0 { sit(Int(other)) }
      for other in state.enabled { sit(Int(other)) }
    }
    return order
  }
}
