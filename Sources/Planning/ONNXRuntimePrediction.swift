// SPDX-License-Identifier: Apache-2.0

public import GraphIR
import Ordering

/// What ONNX Runtime's CPU provider does with a file whose nodes are in a plan's order, when it is
/// told to keep that order, to optimize nothing and to reuse no buffers by itself.
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
  /// - Returns: `nil` if the plan's steps are no order of the graph's nodes.
  /// - Complexity: O(graph + nodes · log nodes).
  public init?(of plan: ExecutionPlan, for graph: Graph) {
    let memory = MemoryModel(alignment: 1, inPlace: .ort, io: .external)
    let problem = SchedulingProblem(graph, model: memory)
    let nodes = plan.steps.filter { $0.kind == .run }.compactMap(\.nodeIndex)
    guard nodes.allSatisfy({ graph.nodes.indices.contains($0) }) else { return nil }
    let file = Schedule(nodes.map { NodeID($0) })
    guard (try? file.validate(against: graph, dependencies: problem.dependencies)) != nil,
      let order = try? ORTPriorityOrder(of: file).schedule(for: problem)
    else { return nil }
    self.order = order
    var simulator = LivenessSimulator(map: problem.storages)
    let live = simulator.lifetimes(of: order).liveBytes
    var isRead = [Bool](repeating: false, count: graph.tensors.count)
    for node in graph.nodeIDs {
      for input in graph.inputs(of: node) where !input.isAbsent { isRead[input.index] = true }
    }
    for output in graph.outputs { isRead[output.index] = true }
    var (peak, kept) = (0, 0)
    for (step, node) in order.order.enumerated() {
      peak = max(peak, live[step] + kept)
      for output in graph.outputs(of: node) where !output.isAbsent && !isRead[output.index] {
        kept += graph[output].bytes.value
      }
    }
    peakBytes = peak
  }
}
