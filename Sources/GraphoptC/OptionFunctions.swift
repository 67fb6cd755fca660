// SPDX-License-Identifier: Apache-2.0
public import CGraphopt
import Cancellation
import GraphIR
import Importers
import MemoryLayout
import Ordering
import Planning

/// Behind `graphopt_cancellation`.
final class CancellationHandle: Handle {
  let flag = CancellationFlag()
}

/// Makes a cancellation.
@c(graphopt_cancellation_create)
public func cancellationCreate() -> OpaquePointer { CancellationHandle().handle }

/// Uses a cancellation.
@c(graphopt_cancellation_cancel)
public func cancellationCancel(_ cancellation: OpaquePointer?) {
  guard let cancellation else { return }
  CancellationHandle.object(of: cancellation).flag.cancel()
}

/// Frees a cancellation.
@c(graphopt_cancellation_free)
public func cancellationFree(_ cancellation: OpaquePointer?) {
  CancellationHandle.release(cancellation)
}

/// What C calls at each stage.
typealias ProgressFunction =
  @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void

/// Behind `graphopt_options`.
final class OptionsHandle: Handle {
  var budget: ByteCount?
  var recompute = LadderChoice.auto
  var spill = SpillChoice.auto
  var costs = CostTable()
  var alignment: Int?
  var inPlace = InPlaceMode.safe
  var io = IOPlacement.arena
  var order = OrderChoice.auto
  var layout = LayoutChoice.auto
  var limits = SearchLimits()
  var bindings: [DimensionBinding] = []
  var bounds: [SizeBound] = []
  var progress: ProgressFunction?
  var context: UnsafeMutableRawPointer?

  /// The options behind a pointer, or those of a new object for NULL.
  static func orUsual(_ handle: OpaquePointer?) -> OptionsHandle {
    handle.map { object(of: $0) } ?? OptionsHandle()
  }

  var planner: Planner {
    var planner = Planner(
      memory: MemoryModel(alignment: alignment ?? 64, inPlace: inPlace, io: io), order: order,
      limits: limits, layout: layout, budget: budget)
    planner.recompute = recompute
    planner.spill = spill
    planner.costs = costs
    return planner
  }

  var importer: ONNXImporter { ONNXImporter(bindings: bindings, bounds: bounds) }

  func report(_ stage: Planner.Stage) {
    guard let progress else { return }
    stage.rawValue.withCString { progress(context, $0) }
  }
}

/// Makes options.
@c(graphopt_options_create)
public func optionsCreate() -> OpaquePointer { OptionsHandle().handle }

/// Frees options.
@c(graphopt_options_free)
public func optionsFree(_ options: OpaquePointer?) { OptionsHandle.release(options) }

private func change(
  _ options: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?,
  _ body: (OptionsHandle) throws(CallFailure) -> Void
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    try body(try OptionsHandle.object(of: options, "options"))
  }
}

/// One of several values by its name, or what the names are.
private func named<Value>(
  _ pointer: UnsafePointer<CChar>?, _ what: String, _ names: [String], _ value: (String) -> Value?
) throws(CallFailure) -> Value {
  let name = try String(pointer, what)
  if let value = value(name) { return value }
  throw CallFailure(
    GRAPHOPT_INVALID_ARGUMENT,
    "\(what) is '\(name)'; it can be \(names.joined(separator: ", "))")
}

/// Sets the budget.
@c(graphopt_options_set_budget)
public func optionsSetBudget(
  _ options: OpaquePointer?, _ bytes: UInt64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.budget = ByteCount(try Int(bytes, "the budget"))
  }
}

/// Sets whether nodes may run again.
@c(graphopt_options_set_recompute)
public func optionsSetRecompute(
  _ options: OpaquePointer?, _ choice: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.recompute = try named(
      choice, "the choice to recompute", LadderChoice.allCases.map(\.rawValue), LadderChoice.init)
  }
}

/// Sets whether tensors may wait in a second memory.
@c(graphopt_options_set_spill)
public func optionsSetSpill(
  _ options: OpaquePointer?, _ choice: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.spill = try named(
      choice, "the choice to spill", SpillChoice.allCases.map(\.rawValue), SpillChoice.init)
  }
}

/// Sets how fast nodes run and bytes move.
@c(graphopt_options_set_speeds)
public func optionsSetSpeeds(
  _ options: OpaquePointer?, _ flopsPerSecond: Double, _ bytesPerSecond: Double,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    for (name, speed) in [("operations", flopsPerSecond), ("bytes", bytesPerSecond)] {
      guard speed == 0 || (1..<1e30).contains(speed) else {
        throw CallFailure(
          GRAPHOPT_INVALID_ARGUMENT,
          "the \(name) a second are \(speed); they can be from 1 to 10^30, or 0 for unknown")
      }
    }
    options.costs.flopsPerSecond = flopsPerSecond == 0 ? nil : flopsPerSecond
    options.costs.bytesPerSecond = bytesPerSecond == 0 ? nil : bytesPerSecond
  }
}

/// Sets the alignment.
@c(graphopt_options_set_alignment)
public func optionsSetAlignment(
  _ options: OpaquePointer?, _ alignment: UInt64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    guard alignment > 0, alignment & (alignment - 1) == 0,
      alignment <= UInt64(Graph.maximumAlignment)
    else {
      throw CallFailure(
        GRAPHOPT_INVALID_ARGUMENT,
        "the alignment is \(alignment); it can be a power of two up to \(Graph.maximumAlignment)")
    }
    options.alignment = Int(alignment)
  }
}

/// Sets the in-place mode.
@c(graphopt_options_set_inplace)
public func optionsSetInplace(
  _ options: OpaquePointer?, _ mode: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.inPlace = try named(
      mode, "the in-place mode", InPlaceMode.allCases.map(\.rawValue), InPlaceMode.init)
  }
}

/// Sets where inputs and outputs live.
@c(graphopt_options_set_io)
public func optionsSetIO(
  _ options: OpaquePointer?, _ placement: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.io = try named(
      placement, "the placement", IOPlacement.allCases.map(\.rawValue), IOPlacement.init)
  }
}

/// Sets the order.
@c(graphopt_options_set_order)
public func optionsSetOrder(
  _ options: OpaquePointer?, _ order: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.order = try named(order, "the order", OrderChoice.names) { OrderChoice(name: $0) }
  }
}

/// Sets the layout planner.
@c(graphopt_options_set_layout)
public func optionsSetLayout(
  _ options: OpaquePointer?, _ layout: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.layout = try named(layout, "the layout", LayoutChoice.names) { LayoutChoice(name: $0) }
  }
}

/// Sets the effort.
@c(graphopt_options_set_effort)
public func optionsSetEffort(
  _ options: OpaquePointer?, _ effort: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.limits.effort = try named(
      effort, "the effort", SearchLimits.Effort.allCases.map(\.rawValue), SearchLimits.Effort.init)
  }
}

/// Sets the time limit.
@c(graphopt_options_set_time_limit)
public func optionsSetTimeLimit(
  _ options: OpaquePointer?, _ milliseconds: UInt64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    // A thousand years, so that clocks can be computed with.
    guard milliseconds <= 31_557_600_000_000 else {
      throw .isTooLarge("the time limit", milliseconds)
    }
    options.limits.timeLimit = .milliseconds(Int64(milliseconds))
  }
}

/// Sets the number of threads.
@c(graphopt_options_set_jobs)
public func optionsSetJobs(
  _ options: OpaquePointer?, _ jobs: UInt32, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    guard jobs > 0 else {
      throw CallFailure(GRAPHOPT_INVALID_ARGUMENT, "the number of threads is 0; it is at least 1")
    }
    options.limits.jobs = Int(min(jobs, 1024))
  }
}

/// Binds a dimension.
@c(graphopt_options_bind)
public func optionsBind(
  _ options: OpaquePointer?, _ dimension: UnsafePointer<CChar>?, _ size: UInt64,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    let name = try String(dimension, "the dimension")
    do throws(ImportError) {
      options.bindings.append(try DimensionBinding(parsing: "\(name)=\(size)"))
    } catch { throw CallFailure(GRAPHOPT_INVALID_ARGUMENT, "\(error)") }
  }
}

/// Bounds a tensor's size.
@c(graphopt_options_bound)
public func optionsBound(
  _ options: OpaquePointer?, _ tensor: UnsafePointer<CChar>?, _ shape: UnsafePointer<UInt64>?,
  _ rank: Int, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    let name = try String(tensor, "the tensor")
    options.bounds.append(SizeBound(name, try extents(shape, rank)))
  }
}

/// The extents of a shape.
func extents(_ shape: UnsafePointer<UInt64>?, _ rank: Int) throws(CallFailure) -> [Int] {
  var extents: [Int] = []
  for extent in try elements(shape, rank, "the shape") {
    extents.append(try Int(extent, "an extent"))
  }
  return extents
}

/// Sets who may cancel.
@c(graphopt_options_set_cancellation)
public func optionsSetCancellation(
  _ options: OpaquePointer?, _ cancellation: OpaquePointer?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.limits.cancellation = cancellation.map { CancellationHandle.object(of: $0).flag }
  }
}

/// Sets who is told of stages.
@c(graphopt_options_set_progress)
public func optionsSetProgress(
  _ options: OpaquePointer?,
  _ progress: (@convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void)?,
  _ context: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  change(options, error) { options throws(CallFailure) in
    options.progress = progress
    options.context = context
  }
}
