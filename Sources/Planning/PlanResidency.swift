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

/// What recomputing and spilling cost, beside the same graph with all the memory that it wants.
public struct PlanPrice: Hashable, Sendable, Codable {
  /// How many steps run a node again.
  public var recomputeSteps: Int
  /// Their floating-point operations.
  public var recomputeFlops: Int
  /// The bytes copied to the second memory.
  public var spillBytes: Int
  /// The bytes copied back from it.
  public var fetchBytes: Int
  /// The part of both that no plan can avoid that keeps residents in the second memory: each of them
  /// once in, and once out where it is updated.
  public var compulsoryBytes: Int
  /// What ``spillBytes`` and ``fetchBytes`` together cannot be below in this order at this budget,
  /// compulsory bytes aside, if nothing is recomputed; absent where that was not derived.
  public var trafficBoundBytes: Int?
  /// What ``recomputeFlops`` cannot be below in this order at this budget, if nothing is spilled; absent
  /// where that was not derived.
  public var recomputeBoundFlops: Int?
  /// What ``recomputeFlops`` cannot be below in any order at this budget, if nothing is spilled; absent
  /// where that was not derived.
  public var recomputeAnyOrderBoundFlops: Int?
  /// How long both take, in seconds, by the throughput and bandwidth that were assumed; absent where
  /// none was given.
  public var seconds: Double?

  public init(
    recomputeSteps: Int = 0, recomputeFlops: Int = 0, spillBytes: Int = 0, fetchBytes: Int = 0,
    compulsoryBytes: Int = 0, trafficBoundBytes: Int? = nil, recomputeBoundFlops: Int? = nil,
    recomputeAnyOrderBoundFlops: Int? = nil, seconds: Double? = nil
  ) {
    self.recomputeSteps = recomputeSteps
    self.recomputeFlops = recomputeFlops
    self.spillBytes = spillBytes
    self.fetchBytes = fetchBytes
    self.compulsoryBytes = compulsoryBytes
    self.trafficBoundBytes = trafficBoundBytes
    self.recomputeBoundFlops = recomputeBoundFlops
    self.recomputeAnyOrderBoundFlops = recomputeAnyOrderBoundFlops
    self.seconds = seconds
  }

  /// Whether nothing is recomputed, spilled or fetched.
  public var isFree: Bool { recomputeSteps == 0 && spillBytes == 0 && fetchBytes == 0 }
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
