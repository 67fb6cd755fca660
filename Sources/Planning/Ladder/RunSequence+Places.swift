// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout

// Where runs may go, and which of them are there for nothing.
extension RunSequence {
  /// One of the storages that a run reads, with the slot of the touch before.
  func read(of run: Run, by random: inout SplitMix64) -> (storage: Int, touchedAt: Int)? {
    // Reads come first.
    let count = (isAgain(run) ? model.rereads : model.reads)[node(of: run)].count
    guard count > 0 else { return nil }
    let touch = touches.of(run).lowerBound + random.below(count)
    return (Int(touches.storage[touch]), slot(at: touches.previous[touch]))
  }

  /// Where the first storage that a run makes was touched before, and is touched next.
  func neighbours(of run: Run) -> ClosedRange<Int>? {
    guard let touch = touches.of(run).first(where: { touches.comes[$0] }) else { return nil }
    return slot(at: touches.previous[touch])...slot(at: touches.next[touch])
  }

  /// Whether a rerun is in the sequence, and nothing uses what it makes before that comes anew.
  func isUseless(_ run: Run) -> Bool {
    placeInAgain[Int(run)] >= 0
      && touches.of(run).allSatisfy { !touches.comes[$0] || touches.comes[Int(touches.next[$0])] }
  }

  /// The reruns whose results only a run uses.
  func solelyFor(_ run: Run) -> [Run] {
    touches.of(run).compactMap { touch in
      guard !touches.comes[touch], touches.comes[Int(touches.previous[touch])],
        touches.comes[Int(touches.next[touch])]
      else { return nil }
      let maker = touches.run[Int(touches.previous[touch])]
      return isAgain(maker) ? maker : nil
    }
  }

  /// The slots that a run may move to while all others keep their order.
  ///
  /// - Complexity: O(dependencies).
  func window(of run: Run) -> ClosedRange<Int> {
    let node = node(of: run)
    var (low, high) = (0, runs.count - 1)
    if isAgain(run) {
      low = slot(of: Run(node)) + 1
      for writer in model.spoilers[node] { high = min(high, slot(of: Run(writer)) - 1) }
    } else {
      for other in dependencies.predecessors(of: NodeID(node)) {
        low = max(low, slot(of: Run(other)) + 1)
      }
      for other in dependencies.successors(of: NodeID(node)) {
        high = min(high, slot(of: Run(other)) - 1)
      }
      for rerun in reruns[node] { high = min(high, slot(of: rerun) - 1) }
      for reader in model.spoils[node] {
        for rerun in reruns[reader] { low = max(low, slot(of: rerun) + 1) }
      }
    }
    return low...max(low, high)
  }

  /// Whether a node may run again in front of the run in a slot.
  func mayRepeat(_ node: Int, before slot: Int) -> Bool {
    model.isRepeatable[node] && self.slot(of: Run(node)) < slot
      && model.spoilers[node].allSatisfy { self.slot(of: Run($0)) >= slot }
  }
}
