// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// One run of a graph by ONNX Runtime's CPU provider, and of the graphs that its nodes run; see
/// ``ONNXRuntimePrediction``.
///
/// What nodes run it runs in the planned order too; where there is no plan for it, as it stands.
/// - **If** makes each of its results when the branch does. (Not so where ONNX Runtime knows the whole
///   shape from the file: then it makes them first, and may need as much more as those are.)
/// - **Loop** keeps what each turn makes until the end: two states, the slices of all turns, number and
///   condition of the turn. Only then it makes its results and copies.
/// - **Scan** makes its results first. Its turns write slices where those are, and states into two
///   buffers by turns, the last one into the result. Operands and results that are not sliced along the
///   first axis are there twice.
struct ONNXRuntimeRun {
  /// The order in which the nodes run.
  let order: Schedule
  /// The most bytes that values take at once.
  let peakBytes: Int

  /// Runs a graph whose file has its nodes in the order of a plan's steps; `nil` if they are no order of
  /// the graph's nodes.
  ///
  /// - Parameter io: Whether the caller owns inputs and outputs.
  init?(of graph: Graph, in steps: [PlanStep], io: IOPlacement) {
    let nodes = steps.filter { $0.kind == .run }.compactMap(\.nodeIndex)
    guard nodes.allSatisfy({ graph.nodes.indices.contains($0) }) else { return nil }
    var bodies: [NodeID: [PlanBody]] = [:]
    for step in steps where step.kind == .run {
      if let node = step.nodeIndex, let planned = step.bodies { bodies[NodeID(node)] = planned }
    }
    self.init(of: graph, in: Schedule(nodes.map { NodeID($0) }), bodies: bodies, io: io)
  }

  private init?(
    of graph: Graph, in file: Schedule, bodies: [NodeID: [PlanBody]], io: IOPlacement
  ) {
    let problem = SchedulingProblem(
      graph, model: MemoryModel(alignment: 1, inPlace: .ort, io: io))
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
      let held = live[step] - problem.storages.workspaces[node.index] + kept
      peak = max(peak, held)
      if !graph.bodies(of: node).isEmpty {
        /// The bytes of a result that the node itself has to find room for.
        func room(_ tensor: TensorID) -> Int {
          let storage = problem.storages.storageOfTensor[tensor.index]
          return problem.storages.spaces[storage.index] == .arena ? graph[tensor].bytes.value : 0
        }
        guard let inside = Self.most(of: node, in: graph, bodies[node] ?? [], room)
        else { return nil }
        peak = max(peak, held + inside)
      }
      for output in graph.outputs(of: node) where !output.isAbsent && !isRead[output.index] {
        kept += graph[output].bytes.value
      }
    }
    peakBytes = peak
  }

  /// The most bytes that a node with bodies takes besides its operands and all of its results; negative
  /// where not all results are made at that time.
  private static func most(
    of node: NodeID, in graph: Graph, _ plans: [PlanBody], _ room: (TensorID) -> Int
  ) -> Int? {
    let results = Array(graph.outputs(of: node))
    let made = results.filter { !$0.isAbsent }.reduce(0) { $0 + room($1) }
    let type = graph.kind(of: node).type
    var most = 0
    for body in graph.bodies(of: node) {
      var inner = body.graph
      let outputs = inner.outputs
      let steps = plans.first { $0.attribute == body.attribute }?.steps
      func bytes(_ tensors: some Sequence<TensorID>) -> Int {
        tensors.reduce(0) { $0 + inner[$1].bytes.value }
      }
      switch type {
      case "If":
        for (output, result) in zip(outputs, results) {
          inner.setRoleOfResult(!result.isAbsent && room(result) == 0 ? .outer : .output, output)
        }
        guard let peak = peak(of: inner, steps) else { return nil }
        most = max(most, peak - made)
      case "Loop":
        let carried = max(0, body.parameterCount - 2)
        for input in inner.inputs.prefix(body.parameterCount) { inner.setRole(.outer, of: input) }
        for output in outputs { inner.setRoleOfResult(.output, output) }
        guard let peak = peak(of: inner, steps) else { return nil }
        let turns = body.trips ?? 1
        let state = bytes(outputs.dropFirst().prefix(carried))
        let slices = bytes(outputs.dropFirst(1 + carried))
        let counters = bytes(inner.inputs.prefix(2))
        let earlier = turns > 1 ? state + bytes(outputs.prefix(1)) + (turns - 1) * slices : 0
        most = max(most, counters + earlier + peak - made, counters + state + turns * slices)
      case "Scan":
        guard let need = scan(body, inner, steps, node, graph) else { return nil }
        most = max(most, need)
      default: return nil
      }
    }
    return most
  }

  private static func scan(
    _ body: Body, _ graph: Graph, _ steps: [PlanStep]?, _ node: NodeID, _ outer: Graph
  ) -> Int? {
    var inner = graph
    let turns = body.trips ?? 1
    var sliced = 0
    for attribute in outer.attributes(of: node) where attribute.name == "num_scan_inputs" {
      if case .int(let count) = attribute.value { sliced = Int(clamping: count) }
    }
    let carried = max(0, body.parameterCount - sliced)
    var twice = 0
    for input in inner.inputs.prefix(body.parameterCount).dropFirst(carried)
    where inner[input].role != .outer {
      twice += turns * inner[input].bytes.value
    }
    for output in inner.outputs.dropFirst(carried) where inner[output].role == .output {
      twice += turns * inner[output].bytes.value
    }
    let state = inner.outputs.prefix(carried).reduce(0) { $0 + inner[$1].bytes.value }
    for input in inner.inputs.prefix(body.parameterCount) { inner.setRole(.outer, of: input) }
    for output in inner.outputs { inner.setRoleOfResult(.outer, output) }
    guard let peak = peak(of: inner, steps) else { return nil }
    return twice + state * min(2, max(0, turns - 1)) + peak
  }

  /// The most bytes that values of a body take at once.
  private static func peak(of body: Graph, _ steps: [PlanStep]?) -> Int? {
    let run =
      if let steps {
        ONNXRuntimeRun(of: body, in: steps, io: .arena)
      } else {
        ONNXRuntimeRun(of: body, in: Schedule.fileOrder(of: body), bodies: [:], io: .arena)
      }
    return run?.peakBytes
  }
}

extension Graph {
  /// Changes whose bytes a result of a body is, if a node of the body makes it.
  fileprivate mutating func setRoleOfResult(_ role: TensorRole, _ tensor: TensorID) {
    if self[tensor].producer != nil { setRole(role, of: tensor) }
  }
}
