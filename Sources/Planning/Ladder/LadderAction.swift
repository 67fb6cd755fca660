// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// One step of a schedule in which nodes may run again and storages may wait in a second memory.
enum LadderAction: Hashable, Sendable {
  /// Runs a node for the first time.
  case run(NodeID)
  /// Runs a node once more.
  case recompute(NodeID)
  /// Copies a storage from the arena to the second memory.
  case spill(StorageID)
  /// Copies a storage from the second memory to a new place in the arena.
  case fetch(StorageID)

  /// The node that runs, if one does.
  var node: NodeID? {
    switch self {
    case .run(let node), .recompute(let node): node
    case .spill, .fetch: nil
    }
  }

  /// What the step is called in a plan.
  var kind: PlanStep.Kind {
    switch self {
    case .run: .run
    case .recompute: .recompute
    case .spill: .spill
    case .fetch: .fetch
    }
  }
}

extension Sequence<LadderAction> {
  /// The nodes in the order in which they run for the first time.
  var order: [NodeID] {
    compactMap { if case .run(let node) = $0 { node } else { nil } }
  }
}
