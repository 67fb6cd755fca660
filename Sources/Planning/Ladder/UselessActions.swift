// SPDX-License-Identifier: Apache-2.0

import GraphIR

extension LadderModel {
  /// Actions without the recomputes, fetches and spills whose results nothing needs.
  ///
  /// - Complexity: O(actions · operands).
  func withoutUseless(_ actions: [LadderAction]) -> [LadderAction] {
    var isNeeded = isOutput
    // Copies of updated residents are needed at the end.
    var isCopyNeeded = (0..<storageCount).map { isStreamed[$0] && isUpdated[$0] }
    var kept: [LadderAction] = []
    kept.reserveCapacity(actions.count)
    for action in actions.reversed() {
      switch action {
      case .run, .recompute:
        let makes = makes(of: action)
        if action.kind == .recompute, !makes.contains(where: { isNeeded[$0] }) { continue }
        for storage in makes { isNeeded[storage] = false }
        for storage in reads(of: action) { isNeeded[storage] = true }
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
