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

  /// Actions in which a node whose results leave before anything reads them runs where it ran again.
  ///
  /// - Returns: `nil` where there is no such node.
  /// - Complexity: O(actions · operands).
  func withLateRuns(_ actions: [LadderAction]) -> [LadderAction]? {
    var run = [Int](repeating: -1, count: nodeCount)
    // Whether a storage was used since its maker ran for the first time.
    var isUsed = [Bool](repeating: false, count: storageCount)
    var isLeftOut = [Bool](repeating: false, count: actions.count)
    var result = actions
    for (step, action) in actions.enumerated() {
      for storage in reads(of: action) { isUsed[storage] = true }
      switch action {
      case .run(let node): run[node.index] = step
      case .recompute(let node):
        let made = makes[node.index]
        if !made.contains(where: { isUsed[$0] }), made.elementsEqual(remakes[node.index]) {
          isLeftOut[run[node.index]] = true
          result[step] = .run(node)
          run[node.index] = step
        } else {
          for storage in made { isUsed[storage] = true }
        }
      case .spill(let storage), .fetch(let storage): isUsed[storage.index] = true
      }
    }
    guard isLeftOut.contains(true) else { return nil }
    return result.indices.filter { !isLeftOut[$0] }.map { result[$0] }
  }
}
