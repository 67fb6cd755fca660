// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// One stay of a storage at one place, from one step to another.
///
/// A stay in the arena begins where the storage is made, made again, or fetched (graph inputs are
/// there from step 0) and ends with its last use before the next one begins. A storage has one stay
/// in the second memory at most: from its first spill to its last fetch, or the whole plan for
/// residents that are kept there.
public struct PlanResidency: Hashable, Sendable, Codable {
  /// The storage.
  public var storage: Int
  /// Where it stays: `arena` or `second`.
  public var space: String
  /// Where it starts there, in bytes.
  public var offset: Int
  /// Its size, rounded up to the alignment.
  public var bytes: Int
  /// The first step of the stay.
  public var firstStep: Int
  /// The last step of the stay.
  public var lastStep: Int
  /// The storage whose stay ends at this one's first step and whose bytes it overwrites; absent where
  /// none is overwritten. Both are live at that step and lie at the same offset.
  public var takesOver: Int?

  public init(
    storage: Int, space: String, offset: Int, bytes: Int, firstStep: Int, lastStep: Int,
    takesOver: Int? = nil
  ) {
    self.storage = storage
    self.space = space
    self.offset = offset
    self.bytes = bytes
    self.firstStep = firstStep
    self.lastStep = lastStep
    self.takesOver = takesOver
  }
}

extension ExecutionPlan {
  /// Whether nodes run twice or storages wait in a second memory.
  public var hasResidencies: Bool {
    !residencies.isEmpty || steps.contains { $0.kind != .run }
  }

  /// Every stay in the arena, whether the plan lists them or its tensors say all: what pictures and
  /// tables of the arena are drawn from. By storage and first step.
  ///
  /// In plans without ``residencies`` a storage has one stay, over all members that share its bytes.
  ///
  /// - Complexity: O(tensors · log tensors).
  public var arenaStays: [PlanResidency] {
    guard !hasResidencies else {
      return residencies.filter { $0.space == MemorySpace.arena.rawValue }
    }
    var stays: [Int: PlanResidency] = [:]
    for tensor in tensors {
      guard let offset = tensor.offset else { continue }
      let mask = options.alignment - 1
      let bytes = (tensor.bytes + mask) & ~mask
      var stay =
        stays[tensor.storage]
        ?? PlanResidency(
          storage: tensor.storage, space: tensor.space, offset: offset, bytes: bytes,
          firstStep: tensor.firstStep, lastStep: tensor.lastStep)
      stay.bytes = max(stay.bytes, bytes)
      stay.firstStep = min(stay.firstStep, tensor.firstStep)
      stay.lastStep = max(stay.lastStep, tensor.lastStep)
      stays[tensor.storage] = stay
    }
    return stays.values.sorted { $0.storage < $1.storage }
  }
}
