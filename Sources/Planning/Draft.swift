// SPDX-License-Identifier: Apache-2.0

import Cancellation
import GraphIR
import MemoryLayout
import Ordering

/// A graph ordered and laid out under one memory model, with the orders it is compared to.
struct Draft {
  let problem: SchedulingProblem
  /// The file's order.
  let fileSchedule: Schedule
  /// What it needs.
  let filePeakBytes: Int
  /// The smallest arena, whichever order has it.
  private(set) var arrangement: Arrangement
  /// What no order stays below.
  let bound: LowerBound
  /// What other systems' orders need, by the names that plans give them.
  let baselines: [String: PlanSummary.Baseline]
  /// What was done, in order.
  private(set) var passes: [PlanPass] = []
  /// Whoever may end the work.
  private let flag: CancellationFlag?

  /// How often another order is asked for where the arena stays above the peak, unless there are so
  /// many storages that each layout takes seconds.
  private static let retries = 2
  private static let usualStorageCount = 20_000

  /// Orders and lays out.
  ///
  /// - Parameters:
  ///   - memory: How memory is counted here, which is not always the planner's own.
  ///   - kept: What may be kept of the plan of a graph like this one.
  init(
    of graph: Graph, _ memory: MemoryModel, _ planner: Planner, keeping kept: KeptPlan? = nil,
    _ progress: (Planner.Stage) -> Void
  ) throws(PlanningError) {
    progress(.ordering)
    let problem = SchedulingProblem(graph, model: memory)
    self.problem = problem
    let layout = planner.layout
    let flag = planner.limits.cancellation
    self.flag = flag
    let found = try Self.ordered { () throws(OrderingError) in
      try planner.order.choose(
        for: problem, limits: planner.limits,
        start: try kept.map { (kept) throws(OrderingError) in
          try LikeOrder(places: kept.places).schedule(for: problem)
        })
    }
    bound = found.bound

    progress(.layout)
    let fileOrder = try Self.ordered { () throws(OrderingError) in
      try FileOrder().schedule(for: problem)
    }
    let ortOrder = try Self.ordered { () throws(OrderingError) in
      try ORTDefaultOrder().schedule(for: problem)
    }
    fileSchedule = fileOrder
    if let kept, found.isSettled {
      let constructive = layout == .auto ? LayoutChoice(name: "constructive") ?? layout : layout
      // Around offsets that stay there is room or there is none; a search would take longer than a
      // new layout.
      let same = try Arrangement(
        of: found.schedule, of: problem, layout: constructive, keeping: kept.offsets,
        cancellation: flag)
      if same.fragmentBytes == 0 {
        var simulator = LivenessSimulator(map: problem.storages)
        let filePeak = simulator.lifetimes(of: fileOrder).peakBytes
        let ortPeak = simulator.lifetimes(of: ortOrder).peakBytes
        filePeakBytes = filePeak
        arrangement = same
        baselines = found.baselines.merging([
          "fileOrder": PlanSummary.Baseline(peakBytes: filePeak),
          "ortDefaultOrder": PlanSummary.Baseline(peakBytes: ortPeak),
        ]) { _, own in own }
        let peak = same.lifetimes.peakBytes
        passes = [
          PlanPass(
            name: "order", changed: found.schedule != fileOrder, peakBefore: filePeak,
            peakAfter: peak, outcome: "the previous plan, \(found.outcome)"),
          PlanPass(
            name: "layout", changed: false, peakBefore: peak, peakAfter: peak,
            outcome: same.outcome),
        ]
        return
      }
    }
    // In large graphs what ours is compared to is laid out by the quickest planners alone.
    let isLarge = problem.storages.roots.count > Self.usualStorageCount
    let quick = isLarge && layout == .auto ? LayoutChoice(name: "skyline") ?? layout : layout
    let file = try Arrangement(of: fileOrder, of: problem, layout: quick, cancellation: flag)
    let ortDefault = try Arrangement(of: ortOrder, of: problem, layout: quick, cancellation: flag)
    filePeakBytes = file.lifetimes.peakBytes
    let own = ["fileOrder": file.baseline, "ortDefaultOrder": ortDefault.baseline]
    baselines = found.baselines.merging(own) { _, own in own }
    // The best order is often one of the two, which is laid out already.
    if quick == layout,
      let same = [file, ortDefault].first(where: { $0.schedule == found.schedule })
    {
      arrangement = same
    } else {
      arrangement = try Arrangement(
        of: found.schedule, of: problem, layout: layout, cancellation: flag)
    }
    var order = "\(found.winner), \(found.outcome)"
    var retried = ""
    if planner.order == .auto {
      try loosen(layout)
      if !isLarge { retried = try retry(layout) }
      if arrangement.schedule != found.schedule {
        order += ", then another order of the same peak for a smaller arena"
      }
      for (other, name) in [(file, FileOrder.name), (ortDefault, ORTDefaultOrder.name)]
      where other.isSmaller(than: arrangement) {
        arrangement = other
        order = "\(name), for an arena smaller than that of \(found.winner)"
      }
    }
    let peak = arrangement.lifetimes.peakBytes
    passes = [
      PlanPass(
        name: "order", changed: arrangement.schedule != file.schedule,
        peakBefore: file.lifetimes.peakBytes, peakAfter: peak, outcome: order),
      PlanPass(
        name: "layout", changed: false, peakBefore: peak, peakAfter: peak,
        outcome: arrangement.outcome + retried),
    ]
  }

  /// Where slices make the arena larger than the peak, lays the same order out again with parts that
  /// take over nothing: more may be live then, but less is bound to the place of a part.
  ///
  /// The bound stays one: whatever takes over less needs no less.
  private mutating func loosen(_ layout: LayoutChoice) throws(PlanningError) {
    let map = problem.storages
    guard arrangement.fragmentBytes > 0, map.places.contains(where: { $0 != nil }) else { return }
    let looser = SchedulingProblem(
      problem.graph, dependencies: problem.dependencies, storages: map.withFreshCells)
    let other = try Arrangement(
      of: arrangement.schedule, of: looser, layout: layout, cancellation: flag)
    if other.isSmaller(than: arrangement) { arrangement = other }
  }

  /// Lays out other orders of the same peak while the arena stays above it, and says so.
  private mutating func retry(_ layout: LayoutChoice) throws(PlanningError) -> String {
    guard arrangement.fragmentBytes > 0 else { return "" }
    let (problem, schedule, first) = (problem, arrangement.schedule, arrangement.fragmentBytes)
    let others = try Self.ordered { () throws(OrderingError) in
      try EqualPeakOrders(limit: Self.retries).orders(like: schedule, of: problem)
    }
    var count = 0
    for other in others where arrangement.fragmentBytes > 0 {
      count += 1
      let next = try Arrangement(of: other, of: problem, layout: layout, cancellation: flag)
      if next.isSmaller(than: arrangement) { arrangement = next }
    }
    return "; \(first) bytes above the peak at first, \(count) other orders of that peak tried"
  }

  /// An answer of ordering, its errors made ours.
  private static func ordered<Answer>(
    _ body: () throws(OrderingError) -> Answer
  ) throws(PlanningError) -> Answer {
    do throws(OrderingError) {
      return try body()
    } catch { throw PlanningError(error) }
  }
}
