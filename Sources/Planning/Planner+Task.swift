// SPDX-License-Identifier: Apache-2.0

import Cancellation
import Dispatch
public import GraphIR
import Ordering

extension Planner {
  /// Plans a graph while the caller's task waits, as ``plan(_:model:progress:)`` does, on a thread of
  /// its own. Cancelling the task ends the work.
  ///
  /// - Parameters:
  ///   - graph: The graph, valid.
  ///   - model: Where the graph came from.
  ///   - progress: Called at the start of each stage, on another thread than the call.
  /// - Returns: The plan that the synchronous call gives, to the byte.
  /// - Throws: What that throws; ``PlanningError/cancelled`` when the task or the flag in ``limits``
  ///   was cancelled before the end.
  public func planned(
    _ graph: Graph, model: PlannedModel, progress: @escaping @Sendable (Stage) -> Void = { _ in }
  ) async throws(PlanningError) -> ExecutionPlan {
    // The flag of the limits may be shared with other work, so the task only ever sets its own.
    let flag = CancellationFlag(parent: limits.cancellation)
    var planner = self
    planner.limits.cancellation = flag
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async { [planner] in
          continuation.resume(returning: planner.result(graph, model, progress))
        }
      }
    } onCancel: {
      flag.cancel()
    }
    return try result.get()
  }

  private func result(
    _ graph: Graph, _ model: PlannedModel, _ progress: (Stage) -> Void
  ) -> Result<ExecutionPlan, PlanningError> {
    do throws(PlanningError) {
      return .success(try plan(graph, model: model, progress: progress))
    } catch { return .failure(error) }
  }
}
