// SPDX-License-Identifier: Apache-2.0
public import CGraphopt
import Emitters
import GraphIR
import Planning

/// Behind `graphopt_plan`.
final class PlanHandle: Handle {
  let plan: ExecutionPlan
  /// The names of the steps' nodes, by step.
  let stepNames: CText
  /// The names of the tensors.
  let tensorNames: CText
  /// Where storages are in the arena.
  let stays: [PlanResidency]

  init(_ plan: ExecutionPlan) {
    self.plan = plan
    stepNames = CText(plan.steps.map(\.node))
    tensorNames = CText(plan.tensors.map(\.name))
    stays = plan.arenaStays
  }
}

/// Plans a graph.
@c(graphopt_plan_create)
public func planCreate(
  _ graph: OpaquePointer?, _ options: OpaquePointer?,
  _ plan: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  plan?.pointee = nil
  return call(error) { () throws(CallFailure) in
    let handle = try GraphHandle.object(of: graph, "graph")
    let options = OptionsHandle.orUsual(options)
    let made: ExecutionPlan
    do throws(PlanningError) {
      made = try options.planner.plan(
        handle.graph, model: handle.model, progress: options.report)
    } catch { throw CallFailure(error) }
    try store(PlanHandle(made), in: plan, "plan")
  }
}

/// Plans a graph from the plan of one that is like it.
@c(graphopt_plan_update)
public func planUpdate(
  _ previous: OpaquePointer?, _ graph: OpaquePointer?, _ options: OpaquePointer?,
  _ plan: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  plan?.pointee = nil
  return call(error) { () throws(CallFailure) in
    let previous = try PlanHandle.object(of: previous, "the previous plan")
    let handle = try GraphHandle.object(of: graph, "graph")
    let options = OptionsHandle.orUsual(options)
    let made: ExecutionPlan
    do throws(PlanningError) {
      made = try options.planner.plan(
        handle.graph, model: handle.model, like: previous.plan, progress: options.report)
    } catch { throw CallFailure(error) }
    try store(PlanHandle(made), in: plan, "plan")
  }
}

/// Reads a plan.
@c(graphopt_plan_from_json)
public func planFromJSON(
  _ json: UnsafePointer<CChar>?, _ size: Int, _ plan: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  plan?.pointee = nil
  return call(error) { () throws(CallFailure) in
    let bytes = try elements(json, size, "json").map { UInt8(bitPattern: $0) }
    let read: ExecutionPlan
    do throws(PlanReadingError) {
      read = try PlanReader().plan(from: bytes)
    } catch { throw CallFailure(GRAPHOPT_BAD_INPUT, "\(error)") }
    try store(PlanHandle(read), in: plan, "plan")
  }
}

/// Frees a plan.
@c(graphopt_plan_free)
public func planFree(_ plan: OpaquePointer?) { PlanHandle.release(plan) }

/// Checks a plan.
@c(graphopt_plan_check)
public func planCheck(
  _ plan: OpaquePointer?, _ graph: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let plan = try PlanHandle.object(of: plan, "plan").plan
    let graph = try GraphHandle.object(of: graph, "graph").graph
    let violations = PlanChecker.violations(in: plan, against: graph)
    guard let first = violations.first else { return }
    let more = violations.count > 1 ? "; and \(violations.count - 1) more" : ""
    throw CallFailure(GRAPHOPT_BAD_INPUT, "\(first)\(more)")
  }
}

/// The figures of a plan.
@c(graphopt_plan_summary)
public func planSummary(
  _ plan: OpaquePointer?, _ summary: UnsafeMutablePointer<graphopt_summary>?
) {
  guard let plan, let summary else { return }
  let figures = PlanHandle.object(of: plan).plan.summary
  summary.pointee = graphopt_summary(
    has_budget: figures.budgetBytes == nil ? 0 : 1, fits: figures.fits ?? true ? 1 : 0,
    is_proven_optimal: figures.provenOptimal ? 1 : 0, peak_step: UInt32(figures.peakStep),
    budget_bytes: UInt64(figures.budgetBytes ?? 0), total_bytes: UInt64(figures.totalBytes),
    resident_bytes: UInt64(figures.residentBytes), external_bytes: UInt64(figures.externalBytes),
    arena_bytes: UInt64(figures.arenaBytes), peak_bytes: UInt64(figures.peakBytes),
    lower_bound_bytes: UInt64(figures.lowerBoundBytes),
    second_bytes: UInt64(figures.secondBytes),
    recompute_steps: UInt64(figures.price.recomputeSteps),
    recompute_flops: UInt64(figures.price.recomputeFlops),
    spill_bytes: UInt64(figures.price.spillBytes), fetch_bytes: UInt64(figures.price.fetchBytes))
}

/// The number of steps.
@c(graphopt_plan_step_count)
public func planStepCount(_ plan: OpaquePointer?) -> Int {
  plan.map { PlanHandle.object(of: $0).plan.steps.count } ?? 0
}

/// A step.
@c(graphopt_plan_step)
public func planStep(
  _ plan: OpaquePointer?, _ index: Int, _ step: UnsafeMutablePointer<graphopt_step>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let handle = try PlanHandle.object(of: plan, "plan")
    guard handle.plan.steps.indices.contains(index) else {
      throw .isPastEnd("step", index, of: handle.plan.steps.count)
    }
    guard let step else { throw .isNull("step") }
    let planned = handle.plan.steps[index]
    step.pointee = graphopt_step(
      kind: planned.kind.inC, node: planned.nodeIndex.map { UInt32($0) } ?? .max,
      name: handle.stepNames[index], storage: planned.storage.map { UInt32($0) } ?? .max,
      reserved: 0,
      live_bytes: UInt64(planned.liveBytes), workspace_bytes: UInt64(planned.workspaceBytes),
      workspace_offset: planned.workspaceOffset.map { UInt64($0) } ?? .max)
  }
}

extension PlanStep.Kind {
  fileprivate var inC: graphopt_step_kind {
    switch self {
    case .run: GRAPHOPT_STEP_RUN
    case .recompute: GRAPHOPT_STEP_RECOMPUTE
    case .spill: GRAPHOPT_STEP_SPILL
    case .fetch: GRAPHOPT_STEP_FETCH
    }
  }
}

/// The order of a plan.
@c(graphopt_plan_order)
public func planOrder(
  _ plan: OpaquePointer?, _ nodes: UnsafeMutablePointer<UInt32>?, _ capacity: Int,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let plan = try PlanHandle.object(of: plan, "plan").plan
    let order = plan.steps.compactMap { $0.kind == .run ? $0.nodeIndex : nil }
    guard capacity >= order.count else {
      throw CallFailure(
        GRAPHOPT_INVALID_ARGUMENT, "the order has \(order.count) nodes, room is for \(capacity)")
    }
    guard let nodes else { throw .isNull("nodes") }
    for (index, node) in order.enumerated() { nodes[index] = UInt32(node) }
  }
}

/// The number of tensors.
@c(graphopt_plan_tensor_count)
public func planTensorCount(_ plan: OpaquePointer?) -> Int {
  plan.map { PlanHandle.object(of: $0).plan.tensors.count } ?? 0
}

/// Where a tensor lives.
@c(graphopt_plan_tensor)
public func planTensor(
  _ plan: OpaquePointer?, _ index: Int, _ placement: UnsafeMutablePointer<graphopt_placement>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let handle = try PlanHandle.object(of: plan, "plan")
    guard handle.plan.tensors.indices.contains(index) else {
      throw .isPastEnd("tensor", index, of: handle.plan.tensors.count)
    }
    guard let placement else { throw .isNull("placement") }
    let tensor = handle.plan.tensors[index]
    placement.pointee = graphopt_placement(
      name: handle.tensorNames[index], space: tensor.spaceInC, storage: UInt32(tensor.storage),
      bytes: UInt64(tensor.bytes), offset: tensor.offset.map { UInt64($0) } ?? .max,
      first_step: UInt32(tensor.firstStep), last_step: UInt32(tensor.lastStep))
  }
}

extension PlannedTensor {
  fileprivate var spaceInC: graphopt_space {
    switch MemorySpace(rawValue: space) {
    case .resident: GRAPHOPT_SPACE_RESIDENT
    case .external: GRAPHOPT_SPACE_EXTERNAL
    case .second: GRAPHOPT_SPACE_SECOND
    case .arena, nil: GRAPHOPT_SPACE_ARENA
    }
  }
}

/// The number of stays.
@c(graphopt_plan_stay_count)
public func planStayCount(_ plan: OpaquePointer?) -> Int {
  plan.map { PlanHandle.object(of: $0).stays.count } ?? 0
}

/// Where a storage is for some steps.
@c(graphopt_plan_stay)
public func planStay(
  _ plan: OpaquePointer?, _ index: Int, _ stay: UnsafeMutablePointer<graphopt_stay>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let stays = try PlanHandle.object(of: plan, "plan").stays
    guard stays.indices.contains(index) else { throw .isPastEnd("stay", index, of: stays.count) }
    guard let stay else { throw .isNull("stay") }
    let planned = stays[index]
    stay.pointee = graphopt_stay(
      storage: UInt32(planned.storage), first_step: UInt32(planned.firstStep),
      last_step: UInt32(planned.lastStep), reserved: 0, offset: UInt64(planned.offset),
      bytes: UInt64(planned.bytes))
  }
}

/// Behind `graphopt_bytes`.
final class BytesHandle: Handle {
  let bytes: UnsafeMutableBufferPointer<UInt8>

  init(_ source: [UInt8]) {
    bytes = .allocate(capacity: max(source.count, 1))
    _ = bytes.initialize(from: source)
    count = source.count
  }

  let count: Int

  deinit { bytes.deallocate() }
}

/// Writes a plan in one of its formats.
@c(graphopt_plan_emit)
public func planEmit(
  _ plan: OpaquePointer?, _ format: UnsafePointer<CChar>?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  bytes?.pointee = nil
  return call(error) { () throws(CallFailure) in
    let plan = try PlanHandle.object(of: plan, "plan").plan
    let name = try String(format, "the format")
    guard let emitter = PlanFormats.emitter(of: name) else {
      let names = PlanFormats.all.map { type(of: $0).kind }
      throw CallFailure(
        GRAPHOPT_INVALID_ARGUMENT,
        "the format is '\(name)'; it can be \(names.joined(separator: ", "))")
    }
    let written: [UInt8]
    do throws(EmissionError) {
      written = try emitter.bytes(of: plan)
    } catch { throw CallFailure(GRAPHOPT_BAD_INPUT, "\(error)") }
    try store(BytesHandle(written), in: bytes, "bytes")
  }
}

/// The first byte.
@c(graphopt_bytes_data)
public func bytesData(_ bytes: OpaquePointer?) -> UnsafeRawPointer? {
  bytes.flatMap { BytesHandle.object(of: $0).bytes.baseAddress.map { UnsafeRawPointer($0) } }
}

/// The number of bytes.
@c(graphopt_bytes_size)
public func bytesSize(_ bytes: OpaquePointer?) -> Int {
  bytes.map { BytesHandle.object(of: $0).count } ?? 0
}

/// Frees bytes.
@c(graphopt_bytes_free)
public func bytesFree(_ bytes: OpaquePointer?) { BytesHandle.release(bytes) }

/// The library's version.
@c(graphopt_version)
public func version() -> UInt32 {
  UInt32(GRAPHOPT_VERSION_MAJOR * 1000 + GRAPHOPT_VERSION_MINOR)
}
