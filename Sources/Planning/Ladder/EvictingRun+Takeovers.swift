// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Results that are written over operands that nothing needs any more.
extension EvictingRun {
  /// What results of a node take over, and from which operands: from those that nothing needs behind it,
  /// or that may leave there.
  mutating func takeovers(
    of node: Int, again: Bool, mayEvict: Bool
  ) -> (bytes: Int, storages: [Int]) {
    guard !model.takeovers[node].isEmpty else { return (0, []) }
    let makes = again ? model.remakes[node] : model.makes[node]
    var bytes = 0
    var (givers, takers): ([Int], [Int]) = ([], [])
    for takeover in model.takeovers[node] {
      let (made, read) = (takeover.output.index, takeover.input.index)
      guard !isResident[made], isResident[read], makes.contains(made), !takers.contains(made),
        !givers.contains(read), !mustBeSaved(read, behind: node)
      else { continue }
      let need = effectiveNeed(of: read, behind: node, isRead: !again)
      // What would be spilled is there longer than the node runs.
      guard need == Self.never || mayEvict && !maySpill && price(of: read) != nil else { continue }
      givers.append(read)
      takers.append(made)
      bytes += model.bytes[made]
    }
    return (bytes, givers)
  }

  /// Whether a storage at home in the second memory has to be copied there behind a node.
  private func mustBeSaved(_ storage: Int, behind node: Int) -> Bool {
    model.isStreamed[storage] && (!hasCopy[storage] || model.updates[node].contains(storage))
  }
}
