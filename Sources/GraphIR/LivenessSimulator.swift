// SPDX-License-Identifier: Apache-2.0

/// Counts live bytes along an order: the one evaluator that every scheduler and the planner share.
///
/// A storage is live from its first toucher to its last, both included; graph inputs from step 0,
/// graph outputs to the end. While a node runs, what it reads, what it makes and its workspace are
/// live together. A takeover happens where the taken storage would die at the node, in the order of
/// the node's effects, each storage at most once. Keeps its arrays between calls; one simulator per
/// thread.
public struct LivenessSimulator: Sendable {
  /// The storages that are simulated.
  public let map: StorageMap
  private let initialRemaining: [Int32]
  /// Touchers still to come, by carrier.
  private var remaining: [Int32]
  /// The storage whose bytes a storage uses; its own unless it took over another's.
  private var carrier: [UInt32]
  private var isLive: [Bool]
  private var carrierIsLiveOut: [Bool]

  /// Makes a simulator.
  ///
  /// - Complexity: O(storages).
  public init(map: StorageMap) {
    self.map = map
    initialRemaining = map.roots.indices.map {
      Int32(map.toucherStart[$0 + 1] - map.toucherStart[$0])
    }
    remaining = initialRemaining
    carrier = map.roots.indices.map { UInt32($0) }
    isLive = [Bool](repeating: false, count: map.roots.count)
    carrierIsLiveOut = map.isLiveOut
  }

  /// The most bytes live at any step of an order.
  ///
  /// - Precondition: `order` is a valid schedule of the map's graph.
  /// - Complexity: O(touches).
  public mutating func peak(of order: [NodeID]) -> Int {
    var peak = 0
    run(order) { _, live in
      peak = max(peak, live)
    } onBirth: {
      _, _ in
    } onDeath: { _, _ in
    }
    return peak
  }

  /// Lifetimes, takeovers and live bytes of an order.
  ///
  /// - Precondition: `order` is a valid schedule of the map's graph.
  /// - Complexity: O(touches + storages).
  public mutating func lifetimes(of schedule: Schedule) -> Lifetimes {
    let count = map.roots.count
    var liveBytes = [Int](repeating: 0, count: max(schedule.order.count, 1))
    var first = [Int](repeating: 0, count: count)
    var last = [Int](repeating: -1, count: count)
    run(schedule.order) { step, live in
      liveBytes[step] = live
    } onBirth: { storage, step in
      first[storage] = step
    } onDeath: { storage, step in
      last[storage] = step
    }
    let ranges = (0..<count).map { storage -> Range<Int> in
      last[storage] < 0 ? 0..<0 : first[storage]..<last[storage] + 1
    }
    return Lifetimes(
      carriers: carrier.map { StorageID(rawValue: $0) }, ranges: ranges, liveBytes: liveBytes)
  }

  /// Walks an order; `onDeath` gets the last step at which a carrier is live.
  private mutating func run(
    _ order: [NodeID],
    onStep: (_ step: Int, _ live: Int) -> Void,
    onBirth: (_ storage: Int, _ step: Int) -> Void,
    onDeath: (_ storage: Int, _ step: Int) -> Void
  ) {
    let count = map.roots.count
    // Element by element: whole assignments would share, and then copy, the arrays on every call.
    for storage in 0..<count {
      remaining[storage] = initialRemaining[storage]
      carrier[storage] = UInt32(storage)
      isLive[storage] = false
      carrierIsLiveOut[storage] = map.isLiveOut[storage]
    }
    var live = 0
    for storage in 0..<count where map.spaces[storage] == .arena {
      guard map.isLiveIn[storage] else { continue }
      isLive[storage] = true
      live += map.bytes[storage]
      onBirth(storage, 0)
    }
    if order.isEmpty { onStep(0, live) }
    for (step, node) in order.enumerated() {
      let row = map.touchedStart[node.index]..<map.touchedStart[node.index + 1]
      for index in map.takeoverStart[node.index]..<map.takeoverStart[node.index + 1] {
        take(map.takeovers[index])
      }
      for index in row {
        let storage = Int(map.touched[index])
        if carrier[storage] == storage, !isLive[storage] {
          isLive[storage] = true
          live += map.bytes[storage]
          onBirth(storage, step)
        }
      }
      onStep(step, live + map.workspaces[node.index])
      for index in row {
        let storage = Int(carrier[Int(map.touched[index])])
        remaining[storage] -= 1
        if remaining[storage] == 0, !carrierIsLiveOut[storage] {
          live -= map.bytes[storage]
          onDeath(storage, step)
        }
      }
      if step == 0 { live -= dropUnusedInputs(onDeath) }
    }
    for storage in 0..<count
    where isLive[storage] && (carrierIsLiveOut[storage] || order.isEmpty) {
      onDeath(storage, max(order.count, 1) - 1)
    }
  }

  /// Lets a node's fresh storage use the bytes of one that dies there.
  private mutating func take(_ takeover: StorageMap.Takeover) {
    let output = takeover.output.index
    let taken = Int(carrier[takeover.input.index])
    // One toucher left is the node itself, and only if the input's own storage was not taken yet.
    guard carrier[output] == output, !isLive[output], remaining[taken] == 1,
      !carrierIsLiveOut[taken]
    else { return }
    carrier[output] = UInt32(taken)
    remaining[taken] += remaining[output]
    carrierIsLiveOut[taken] = map.isLiveOut[output]
  }

  /// Inputs that no node touches are there at step 0 only.
  private func dropUnusedInputs(_ onDeath: (Int, Int) -> Void) -> Int {
    var dropped = 0
    for storage in map.roots.indices
    where map.isLiveIn[storage] && map.spaces[storage] == .arena
      && initialRemaining[storage] == 0 && !map.isLiveOut[storage]
    {
      dropped += map.bytes[storage]
      onDeath(storage, 0)
    }
    return dropped
  }
}

/// When every storage lives under one schedule, and what is live at every step.
public struct Lifetimes: Sendable {
  /// The storage whose bytes each storage uses: itself, or the one that it took over.
  public let carriers: [StorageID]
  /// The steps at which a carrier is live, half-open; empty for storages that are no carriers or
  /// not in the arena.
  public let ranges: [Range<Int>]
  /// The bytes live during each step, workspace included. At least one entry.
  public let liveBytes: [Int]
  /// The most bytes live at any step.
  public let peakBytes: Int
  /// The first step at which they are.
  public let peakStep: Int

  init(carriers: [StorageID], ranges: [Range<Int>], liveBytes: [Int]) {
    self.carriers = carriers
    self.ranges = ranges
    self.liveBytes = liveBytes
    var peakStep = 0
    for step in liveBytes.indices where liveBytes[step] > liveBytes[peakStep] { peakStep = step }
    self.peakStep = peakStep
    peakBytes = liveBytes[peakStep]
  }
}
