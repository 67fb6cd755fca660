// SPDX-License-Identifier: Apache-2.0

public import GraphIR
import Ordering

/// What ONNX Runtime's CPU provider does with a file whose nodes, in graphs inside nodes too, are in a
/// plan's order, when it is told to keep that order, to optimize nothing and to reuse no buffers by itself.
///
/// It runs `Shape` and `Size` nodes as soon as they are ready, wherever they stand, has its own rules
/// for what is computed in place (``GraphIR/InPlaceMode/ort``), and keeps results that nobody reads
/// to the end.
public struct ONNXRuntimePrediction: Hashable, Sendable {
  /// The order in which it runs the nodes.
  public let order: Schedule
  /// The most bytes that the values between inputs and outputs take at once, not rounded up. The
  /// caller owns inputs and outputs; what a kernel needs only while it runs is not in it.
  public let peakBytes: Int

  /// The prediction for a plan of a graph.
  ///
  /// - Returns: `nil` if the plan's steps are no order of the graph's nodes, or it runs graphs in a way
  ///   that cannot be predicted (SequenceMap, which ONNX Runtime replaces by other operators).
  /// - Complexity: O(graph + nodes · log nodes), graphs that nodes run included.
  public init?(of plan: ExecutionPlan, for graph: Graph) {
    guard let run = ONNXRuntimeRun(of: graph, in: plan.steps, io: .external) else { return nil }
    (order, peakBytes) = (run.order, run.peakBytes)
  }
}
