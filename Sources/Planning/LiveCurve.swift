// SPDX-License-Identifier: Apache-2.0

public import GraphIR
import Ordering

/// The live bytes of an order, step by step: what a plan's own curve is drawn beside.
///
/// Plans state no more of other orders than their peaks; the curves can be had from the graph at any
/// time, and would be as large as the plan.
public struct LiveCurve: Hashable, Sendable {
  /// The order, by its name among ``PlanSummary/baselines``.
  public let name: String
  /// The arena bytes live during each step, workspace included.
  public let liveBytes: [Int]

  public init(name: String, liveBytes: [Int]) {
    self.name = name
    self.liveBytes = liveBytes
  }

  /// The curves of the file's order and of ONNX Runtime's default order, counted as plans count
  /// them: without slices.
  ///
  /// - Throws: ``PlanningError/ordering(_:)``.
  /// - Complexity: O(graph).
  public static func baselines(
    of graph: Graph, memory: MemoryModel
  ) throws(PlanningError) -> [LiveCurve] {
    let problem = SchedulingProblem(graph, model: memory.withoutSlices)
    var simulator = LivenessSimulator(map: problem.storages)
    var curves: [LiveCurve] = []
    let orders: [(String, any Scheduler)] = [
      ("fileOrder", FileOrder()), ("ortDefaultOrder", ORTDefaultOrder()),
    ]
    for (name, order) in orders {
      let schedule: Schedule
      do throws(OrderingError) {
        schedule = try order.schedule(for: problem)
      } catch { throw .ordering(error) }
      let lifetimes = simulator.lifetimes(of: schedule)
      curves.append(
        LiveCurve(name: name, liveBytes: Array(lifetimes.liveBytes.prefix(schedule.order.count))))
    }
    return curves
  }
}
