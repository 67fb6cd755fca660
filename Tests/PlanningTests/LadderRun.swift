// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning

/// Runs a plan that recomputes or spills on made-up bytes: one arena, one second memory, copies between
/// them, and every byte that nobody owns poisoned. Knows of plans only where stays lie.
struct LadderRun {
  let graph: Graph
  let plan: ExecutionPlan
  /// What every tensor should hold.
  private var values: [[UInt8]]
  private var arena: [UInt8]
  private var second: [UInt8]
  /// What is resident or the caller's, by storage.
  private var outside: [Int: [UInt8]] = [:]

  init(_ plan: ExecutionPlan, of graph: Graph) {
    self.graph = graph
    self.plan = plan
    values = graph.tensors.map { [UInt8](repeating: 0, count: $0.bytes.value) }
    arena = [UInt8](repeating: 0xEE, count: plan.summary.arenaBytes)
    second = [UInt8](repeating: 0xDD, count: plan.summary.secondBytes)
    for tensor in graph.tensorIDs where graph[tensor].producer == nil {
      values[tensor.index] = Self.bytes(graph[tensor].bytes.value, from: tensor.index)
    }
    for node in graph.nodeIDs { compute(node) }
  }

  /// What every tensor is, whenever it is computed.
  private mutating func compute(_ node: NodeID) {
    var seed = node.index + 1
    for input in graph.inputs(of: node) where !input.isAbsent {
      seed = values[input.index].reduce(seed) { ($0 &* 31) &+ Int($1) }
    }
    for (position, output) in graph.outputs(of: node).enumerated() where !output.isAbsent {
      let view = graph.effects(of: node).first {
        Int($0.output) == position && ($0.kind == .alias || $0.kind == .mayAlias)
      }
      let length = graph[output].bytes.value
      values[output.index] =
        view.map { Array(values[graph.operands(of: $0, at: node).input.index].prefix(length)) }
        ?? Self.bytes(length, from: seed &+ position)
    }
  }

  /// What did not hold what it should when it was needed.
  mutating func faults() -> [String] {
    var faults: [String] = []
    for tensor in graph.tensorIDs where graph[tensor].producer == nil {
      if plan.tensors[tensor.index].space == "second" {
        write(values[tensor.index], to: stay(plan.tensors[tensor.index].storage, "second", 0))
      } else {
        store(tensor, at: 0)
      }
    }
    for step in plan.steps {
      switch step.kind {
      case .run, .recompute:
        let node = NodeID(step.nodeIndex ?? 0)
        // What a step reads beyond its node's operands it has made before.
        let more = graph.outputs(of: node).filter { output in
          !output.isAbsent
            && step.inputs.dropFirst(graph.inputs(of: node).count)
              .contains(graph.name(of: output))
        }
        for input in Array(graph.inputs(of: node)) + more
        where !input.isAbsent && load(input, at: step.index) != values[input.index] {
          faults.append("step \(step.index) reads \(graph.name(of: input))")
        }
        // What takes over nothing lies apart from all that is read: poison shows whether it does.
        for (output, name) in zip(graph.outputs(of: node), step.outputs)
        where !output.isAbsent && !name.isEmpty {
          store(output, at: step.index)
        }
      case .spill, .fetch:
        let storage = step.storage ?? 0
        guard let there = stay(storage, "arena", step.index),
          let away = stay(storage, "second", step.index)
        else {
          faults.append("step \(step.index) copies nothing")
          continue
        }
        for index in 0..<there.bytes {
          if step.kind == .spill {
            second[away.offset + index] = arena[there.offset + index]
          } else {
            arena[there.offset + index] = second[away.offset + index]
          }
        }
      }
      for stay in plan.residencies where stay.lastStep == step.index && !isTakenOver(stay) {
        guard stay.lastStep + 1 < plan.steps.count else { continue }
        for index in stay.offset..<stay.offset + stay.bytes {
          if stay.space == "arena" { arena[index] = 0xEE } else { second[index] = 0xDD }
        }
      }
    }
    for output in graph.outputs {
      let entry = plan.tensors[output.index]
      let found =
        entry.space == "second"
        ? stay(entry.storage, "second", entry.lastStep).map {
          Array(second[$0.offset..<$0.offset + values[output.index].count])
        } : load(output, at: max(plan.steps.count - 1, 0))
      if found != values[output.index] { faults.append("output \(graph.name(of: output))") }
    }
    return faults
  }

  private func isTakenOver(_ stay: PlanResidency) -> Bool {
    stay.space == "arena"
      && plan.residencies.contains {
        $0.takesOver == stay.storage && $0.firstStep == stay.lastStep && $0.space == "arena"
      }
  }

  private func stay(_ storage: Int, _ space: String, _ step: Int) -> PlanResidency? {
    plan.residencies.last {
      $0.storage == storage && $0.space == space && $0.firstStep <= step && step <= $0.lastStep
    }
  }

  private mutating func write(_ bytes: [UInt8], to stay: PlanResidency?) {
    guard let stay else { return }
    for (index, byte) in bytes.enumerated() {
      if stay.space == "arena" {
        arena[stay.offset + index] = byte
      } else {
        second[stay.offset + index] = byte
      }
    }
  }

  private mutating func store(_ tensor: TensorID, at step: Int) {
    let (entry, bytes) = (plan.tensors[tensor.index], values[tensor.index])
    if let stay = stay(entry.storage, "arena", step) {
      if entry.aliasOf == nil { write(bytes, to: stay) }
    } else if entry.space != "arena", entry.aliasOf == nil {
      let held = outside[entry.storage] ?? []
      outside[entry.storage] = bytes + held.dropFirst(bytes.count)
    }
  }

  private func load(_ tensor: TensorID, at step: Int) -> [UInt8] {
    let (entry, count) = (plan.tensors[tensor.index], values[tensor.index].count)
    if let stay = stay(entry.storage, "arena", step) {
      return Array(arena[stay.offset..<stay.offset + count])
    }
    return Array((outside[entry.storage] ?? []).prefix(count))
  }

  private static func bytes(_ count: Int, from seed: Int) -> [UInt8] {
    var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}
