// SPDX-License-Identifier: Apache-2.0

// What it would cost to bring a storage back: kept until something that it is made from, or that is
// made from it, comes or goes.
extension EvictingRun {
  /// Costs by storage, and marks for walks over nodes.
  struct Scores {
    fileprivate var isKnown: [Bool]
    /// Seconds; negative where there is no way.
    fileprivate var cost: [Double]
    /// A position from which on it could not be made again.
    fileprivate var due: [Int]
    fileprivate var seen: [Int32]
    fileprivate var round: Int32 = 0
    /// The nodes that a walk has not looked at yet.
    fileprivate var open: [Int32] = []

    init(_ model: LadderModel) {
      isKnown = [Bool](repeating: false, count: model.storageCount)
      cost = [Double](repeating: 0, count: model.storageCount)
      due = [Int](repeating: 0, count: model.storageCount)
      seen = [Int32](repeating: 0, count: model.nodeCount)
    }

    /// A storage's cost has to be found anew.
    mutating func forget(_ storage: Int) { isKnown[storage] = false }

    /// Begins a walk.
    fileprivate mutating func begin() { round += 1 }

    /// Whether a walk comes to a node for the first time.
    fileprivate mutating func visit(_ node: Int) -> Bool {
      guard seen[node] != round else { return false }
      seen[node] = round
      return true
    }
  }

  /// What a node's start costs beside its arithmetic, in seconds: views and copies are free by the
  /// table, but no work is.
  static let startSeconds = 1e-9
  /// The most nodes that are run again for one storage.
  private static let chainLimit = 150

  /// How bad it is to let a storage leave; `nil` where it could not come back.
  mutating func score(of storage: Int) -> Double? {
    guard let price = price(of: storage) else { return nil }
    let back = min(need[storage], price.due)
    let distance = back > now ? rule.distance.value(of: Double(back - now)) : 0.1
    let score = price.seconds / (Double(model.bytes[storage]) * distance)
    return rule.factors.isEmpty ? score : score * rule.factors[storage]
  }

  /// What it costs to bring a storage back, and when at the latest; `nil` where there is no way.
  mutating func price(of storage: Int) -> (seconds: Double, due: Int)? {
    if !scores.isKnown[storage] {
      scores.isKnown[storage] = true
      scores.cost[storage] = -1
      scores.due[storage] = Self.never
      if let chain = chain(to: storage) {
        var seconds = chain.seconds
        if rule.dependents > 0 { seconds += rule.dependents * dependentSeconds(of: storage) }
        scores.cost[storage] = seconds
        scores.due[storage] = chain.due
      }
      if maySpill || model.isStreamed[storage] {
        let copy = costs.seconds(ofBytes: model.copiedBytes[storage])
        let seconds = hasCopy[storage] ? copy : 2 * copy
        if scores.cost[storage] < 0 || seconds < scores.cost[storage] {
          scores.cost[storage] = seconds
          scores.due[storage] = Self.never
        }
      }
    }
    guard scores.cost[storage] >= 0 else { return nil }
    return (scores.cost[storage], scores.due[storage])
  }

  /// What it costs to run a storage's maker again, with everything before it that is away now, and the
  /// position from which on one of those nodes may not run; `nil` where that is no way.
  mutating func chain(to storage: Int) -> (seconds: Double, due: Int)? {
    let maker = Int(model.remaker[storage])
    guard mayRecompute, maker >= 0, mayRepeat(maker) else { return nil }
    scores.begin()
    var (seconds, due, count) = (0.0, Self.never, 0)
    scores.open.removeAll(keepingCapacity: true)
    scores.open.append(Int32(maker))
    _ = scores.visit(maker)
    while let node = scores.open.popLast().map({ Int($0) }) {
      count += 1
      work += 1
      guard count <= Self.chainLimit else { return nil }
      seconds += costs.seconds(ofNode: node) + Self.startSeconds
      for place in model.spoilers.places(of: node) {
        due = min(due, Int(position[model.spoilers[at: place]]))
      }
      for place in model.rereads.places(of: node) {
        let operand = model.rereads[at: place]
        if isResident[operand] { continue }
        if hasCopy[operand] {
          seconds += costs.seconds(ofBytes: model.copiedBytes[operand])
          continue
        }
        let other = Int(model.remaker[operand])
        guard other >= 0 else { return nil }
        guard scores.visit(other) else { continue }
        guard mayRepeat(other) else { return nil }
        scores.open.append(Int32(other))
      }
    }
    return (seconds, due)
  }

  /// What it costs to make what is away and would need a storage for it.
  private mutating func dependentSeconds(of storage: Int) -> Double {
    scores.begin()
    var (sum, count) = (0.0, 0)
    var open = [storage]
    while let next = open.popLast() {
      for reader in model.rereaders[next] where hasRun[reader] {
        let isWanted = model.remakes[reader].contains {
          !isResident[$0] && need[$0] < Self.never
        }
        guard isWanted, scores.visit(reader) else { continue }
        sum += costs.seconds(ofNode: reader) + Self.startSeconds
        count += 1
        work += 1
        guard count < Self.chainLimit else { return sum }
        for made in model.remakes[reader] where !isResident[made] { open.append(made) }
      }
    }
    return sum
  }

  /// Forgets the costs of what is made from a storage, across what is away; and of what it is made
  /// from, for which it counts as a dependent.
  mutating func forgetScores(around storage: Int) {
    guard mayRecompute else { return }
    scores.begin()
    var open = [storage]
    while let next = open.popLast() {
      for reader in model.rereaders[next] where hasRun[reader] {
        guard scores.visit(reader) else { continue }
        work += 1
        for made in model.remakes[reader] {
          if isResident[made] { scores.forget(made) } else { open.append(made) }
        }
      }
    }
    guard rule.dependents > 0 else { return }
    scores.begin()
    open = [storage]
    while let next = open.popLast() {
      let maker = Int(model.remaker[next])
      guard maker >= 0, scores.visit(maker) else { continue }
      work += 1
      for operand in model.rereads[maker] {
        if isResident[operand] { scores.forget(operand) } else { open.append(operand) }
      }
    }
  }
}
