// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Where storages are along a list of actions: the one evaluator of schedules that recompute and
/// spill.
///
/// A stay in the arena begins where an action makes or fetches the storage (at step 0 for graph
/// inputs) and ends with the last use before the next one begins; so whether something is dropped
/// early is never asked, it follows. A spill is a use. A node's output takes over the bytes of an
/// operand whose stay ends there, in the order of the node's effects, each stay at most once.
struct Residencies: Sendable {
  /// One stay in the arena.
  struct Stay: Hashable, Sendable {
    var storage: Int
    var first: Int
    var last: Int
    /// The stay whose bytes this one overwrites at its first step.
    var takesOver: Int?
    /// Whether another stay overwrites this one's bytes at its last step.
    var isTakenOver = false
  }

  /// The stays in the arena, by first step.
  private(set) var stays: [Stay] = []
  /// The stay of each storage in the second memory; empty for storages that have none.
  private(set) var second: [Range<Int>]
  /// The bytes live at each step, workspace included. At least one entry.
  private(set) var liveBytes: [Int]
  /// The most of them.
  private(set) var peakBytes = 0
  /// The first step at which they are live.
  private(set) var peakStep = 0

  /// Why a list of actions is none that can be executed.
  enum Fault: Error, Hashable {
    /// A step needs a storage that is not in the arena.
    case absent(step: Int, storage: Int)
    /// A step fetches a storage that was never spilled.
    case neverSpilled(step: Int, storage: Int)
  }

  /// - Throws: ``Fault`` for the first action that cannot be executed. Versions of what is updated in
  ///   place are the caller's matter.
  /// - Complexity: O(actions · operands).
  init(of actions: [LadderAction], in model: LadderModel) throws(Fault) {
    let end = max(actions.count, 1) - 1
    second = model.isStreamed.map { $0 ? 0..<end + 1 : 0..<0 }
    var current = [Int](repeating: -1, count: model.storageCount)
    /// The first stay that each step begins; those of a step are consecutive.
    var begun = [Int](repeating: 0, count: actions.count + 1)
    for storage in 0..<model.storageCount where model.isInput[storage] {
      current[storage] = stays.count
      stays.append(Stay(storage: storage, first: 0, last: 0))
    }
    let inputCount = stays.count
    for (step, action) in actions.enumerated() {
      begun[step] = stays.count
      switch action {
      case .run, .recompute:
        for storage in model.reads(of: action) {
          guard current[storage] >= 0 else { throw .absent(step: step, storage: storage) }
          stays[current[storage]].last = step
        }
        for storage in model.makes(of: action) {
          current[storage] = stays.count
          stays.append(Stay(storage: storage, first: step, last: step))
        }
      case .spill(let storage):
        guard current[storage.index] >= 0 else {
          throw .absent(step: step, storage: storage.index)
        }
        stays[current[storage.index]].last = step
        let stay = second[storage.index]
        second[storage.index] =
          stay.isEmpty ? step..<step + 1 : stay.lowerBound..<max(stay.upperBound, step + 1)
      case .fetch(let storage):
        let stay = second[storage.index]
        guard !stay.isEmpty else { throw .neverSpilled(step: step, storage: storage.index) }
        second[storage.index] = stay.lowerBound..<max(stay.upperBound, step + 1)
        current[storage.index] = stays.count
        stays.append(Stay(storage: storage.index, first: step, last: step))
      }
    }
    begun[actions.count] = stays.count
    for storage in 0..<model.storageCount where model.isOutput[storage] {
      guard current[storage] >= 0 else { throw .absent(step: end, storage: storage) }
      stays[current[storage]].last = end
    }
    liveBytes = [Int](repeating: 0, count: end + 1)
    takeOver(actions, model, begun, inputCount)
    count(actions, model)
  }

  /// The most bytes that a list of actions has live at once; `nil` where it cannot be executed.
  static func peakBytes(of actions: [LadderAction], in model: LadderModel) -> Int? {
    do throws(Fault) { return try Residencies(of: actions, in: model).peakBytes } catch {
      return nil
    }
  }

  private mutating func takeOver(
    _ actions: [LadderAction], _ model: LadderModel, _ begun: [Int], _ inputCount: Int
  ) {
    var current = [Int](repeating: -1, count: model.storageCount)
    for index in 0..<inputCount { current[stays[index].storage] = index }
    for (step, action) in actions.enumerated() {
      let fresh = begun[step]..<begun[step + 1]
      if let node = action.node {
        for takeover in model.takeovers[node.index] {
          let taken = current[takeover.input.index]
          guard
            let made = fresh.first(where: { stays[$0].storage == takeover.output.index }),
            taken >= 0, stays[taken].last == step, !stays[taken].isTakenOver,
            stays[made].takesOver == nil
          else { continue }
          stays[made].takesOver = taken
          stays[taken].isTakenOver = true
        }
      }
      for index in fresh { current[stays[index].storage] = index }
    }
  }

  private mutating func count(_ actions: [LadderAction], _ model: LadderModel) {
    var change = [Int](repeating: 0, count: liveBytes.count + 1)
    for stay in stays {
      let bytes = model.bytes[stay.storage]
      // At the step of a takeover both are live in the same bytes.
      change[stay.first + (stay.takesOver == nil ? 0 : 1)] += bytes
      change[stay.last + 1] -= bytes
    }
    var live = 0
    for step in liveBytes.indices {
      live += change[step]
      let workspace =
        step < actions.count ? actions[step].node.map { model.workspaces[$0.index] } : nil
      liveBytes[step] = live + (workspace ?? 0)
      if liveBytes[step] > peakBytes { (peakBytes, peakStep) = (liveBytes[step], step) }
    }
  }
}
