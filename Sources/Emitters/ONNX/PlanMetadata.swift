// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Planning

/// What a planned model file says of its plan, as key-value pairs of the model, its nodes and values.
///
/// Keys of our own begin with ``prefix``. The others are those that onnxsim writes and that its
/// users' tools read.
enum PlanMetadata {
  /// One key-value pair.
  typealias Entry = (key: String, value: String)

  private static let prefix = "graphopt.plan."
  private static let valuePrefix = "onnxsim.mem_"
  private static let modelPrefix = "onnxsim.memory_plan_"

  /// Whether a key is one of those written here, so that an earlier plan's entry must go.
  static func isStale(_ key: String) -> Bool {
    key.hasPrefix(prefix) || key.hasPrefix(valuePrefix) || key.hasPrefix(modelPrefix)
  }

  /// The entries of the model.
  static func entries(
    of plan: ExecutionPlan, _ prediction: ONNXRuntimePrediction?
  ) -> [Entry] {
    let summary = plan.summary
    let dims = plan.model.dims.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var naive = 0
    var seen: Set<Int> = []
    for tensor in plan.tensors where tensor.space == MemorySpace.arena.rawValue {
      if seen.insert(tensor.storage).inserted { naive += tensor.bytes }
    }
    var entries: [Entry] = [
      (prefix + "version", "\(plan.version)"),
      (prefix + "fingerprint", plan.model.fingerprint),
      (prefix + "dims", dims.joined(separator: ",")),
      (prefix + "alignment", "\(plan.options.alignment)"),
      (prefix + "inplace", plan.options.inplace),
      (prefix + "io", plan.options.io),
      (prefix + "arena_bytes", "\(summary.arenaBytes)"),
      (prefix + "peak_bytes", "\(summary.peakBytes)"),
      (prefix + "peak_step", "\(summary.peakStep)"),
      (prefix + "lower_bound_bytes", "\(summary.lowerBoundBytes)"),
      (prefix + "proven_optimal", "\(summary.provenOptimal)"),
      (modelPrefix + "arena_bytes", "\(summary.arenaBytes)"),
      (modelPrefix + "naive_bytes", "\(naive)"),
    ]
    if let prediction {
      entries.append((prefix + "onnxruntime_peak_bytes", "\(prediction.peakBytes)"))
    }
    return entries
  }

  /// The entries of the node that a step runs.
  static func entries(of step: PlanStep) -> [Entry] {
    var entries: [Entry] = [
      (prefix + "step", "\(step.index)"), (prefix + "live_bytes", "\(step.liveBytes)"),
    ]
    if let offset = step.workspaceOffset {
      entries.append((prefix + "workspace_offset", "\(offset)"))
      entries.append((prefix + "workspace_bytes", "\(step.workspaceBytes)"))
    }
    return entries
  }

  /// The entries of a value; none for what stays outside the arena for the whole run.
  static func entries(of tensor: PlannedTensor) -> [Entry] {
    guard tensor.space != MemorySpace.resident.rawValue else { return [] }
    var entries: [Entry] = []
    if let offset = tensor.offset {
      entries = [
        (valuePrefix + "offset", "\(offset)"), (valuePrefix + "size", "\(tensor.bytes)"),
        (prefix + "offset", "\(offset)"),
      ]
    }
    entries.append((prefix + "bytes", "\(tensor.bytes)"))
    entries.append((prefix + "steps", "\(tensor.firstStep)...\(tensor.lastStep)"))
    entries.append((prefix + "space", tensor.space))
    if let source = tensor.aliasOf { entries.append((prefix + "alias_of", source)) }
    if let source = tensor.inPlaceOf { entries.append((prefix + "in_place_of", source)) }
    return entries
  }

  /// The entries as `metadata_props` fields of a number.
  static func fields(_ number: Int, _ entries: [Entry]) -> [UInt8] {
    entries.flatMap { entry in
      WireBytes.field(
        number, WireBytes.field(1, entry.key.utf8) + WireBytes.field(2, entry.value.utf8))
    }
  }
}
