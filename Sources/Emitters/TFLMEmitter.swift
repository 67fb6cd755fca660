// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as TensorFlow Lite Micro's offline memory plan: what a model's metadata buffer
/// `OfflineMemoryAllocation` holds.
///
/// The blob is 32-bit little-endian integers: the version of the format (1), the subgraph (0), the
/// number of tensors, and an offset for each; -1 for what is not in the arena. The tensors are those
/// of the plan in its order, so a converter that keeps the graph has to bring them into the order
/// of its subgraph. Workspaces have no place in the format; the interpreter plans its own.
public struct TFLMEmitter: PlanEmitter {
  public static let kind = "tflm"
  public static let summary = "TensorFlow Lite Micro's OfflineMemoryAllocation metadata buffer"

  /// What the interpreter demands of every offset.
  static let alignment = 16
  /// The version of the format.
  static let version: Int32 = 1

  public init() {}

  /// - Throws: ``EmissionError/severalOffsets`` of plans that recompute or spill,
  ///   ``EmissionError/beyond32Bits(_:)`` where the arena or the number of tensors has no
  ///   place in the format, ``EmissionError/misaligned(tensor:offset:alignment:)`` where an offset is
  ///   no multiple of 16.
  /// - Complexity: O(tensors).
  public func bytes(of plan: ExecutionPlan) throws(EmissionError) -> [UInt8] {
    guard !plan.hasResidencies else { throw .severalOffsets }
    guard plan.summary.arenaBytes <= Int32.max else {
      throw .beyond32Bits(plan.summary.arenaBytes)
    }
    guard plan.tensors.count <= Int32.max else { throw .beyond32Bits(plan.tensors.count) }
    var values: [Int32] = [Self.version, 0, Int32(plan.tensors.count)]
    for tensor in plan.tensors {
      guard tensor.space == MemorySpace.arena.rawValue, let offset = tensor.offset else {
        values.append(-1)
        continue
      }
      guard offset % Self.alignment == 0 else {
        throw .misaligned(tensor: tensor.name, offset: offset, alignment: Self.alignment)
      }
      values.append(Int32(offset))
    }
    return values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
  }
}
