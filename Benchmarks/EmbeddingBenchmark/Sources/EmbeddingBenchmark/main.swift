// SPDX-License-Identifier: Apache-2.0

// What embedding costs, printed as rows of Markdown: a graph built and planned through the C
// interface against the same in Swift, and a graph planned anew after a small change against one that
// keeps what holds of the plan before. Processor seconds, medians of pairs made one after the other.
//
// Usage: EmbeddingBenchmark PAIRS MODEL[,NAME=SIZE]...

import CGraphopt
import Glibc
import GraphOptimizer
import GraphoptC

func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func measured<Value>(_ body: () throws -> Value) rethrows -> (value: Value, seconds: Double) {
  let start = processorSeconds()
  let value = try body()
  return (value, processorSeconds() - start)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func text(_ value: Double, _ digits: Int) -> String {
  let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
  let number = Int((value * scale).rounded())
  let fraction = String(number % Int(scale))
  let zeros = String(repeating: "0", count: digits - fraction.utf8.count)
  return "\(number / Int(scale)).\(zeros)\(fraction)"
}

func fail(_ message: String) -> Never {
  print("EmbeddingBenchmark: \(message)")
  exit(65)
}

/// The role under which a compiler would add a tensor: inputs and outputs become the graph's.
func role(of tensor: TensorID, in graph: Graph, outputs: Set<TensorID>) -> TensorRole {
  switch graph[tensor].role {
  case .input, .weight, .optimizerState, .constant: graph[tensor].role
  case let other:
    outputs.contains(tensor) ? .output : other == .output ? .activation : other
  }
}

func inSwift(_ source: Graph, _ outputs: Set<TensorID>) throws -> ExecutionPlan {
  var graph = Graph(name: source.name)
  for tensor in source.tensorIDs {
    let role = role(of: tensor, in: source, outputs: outputs)
    let bytes = source[tensor].bytes.value
    let id = try graph.addTensor(
      source.name(of: tensor), type: .uint8, shape: [bytes], role: role)
    if role == .input { graph.addInput(id) }
    if role == .output { graph.addOutput(id) }
  }
  for node in source.nodeIDs {
    try graph.addNode(
      source.name(of: node), kind: source.kind(of: node), inputs: Array(source.inputs(of: node)),
      outputs: Array(source.outputs(of: node)),
      effects: source.effects(of: node).filter { $0.inC != nil },
      workspace: source[node].workspace)
  }
  for dependency in source.controlDependencies { graph.addControlDependency(dependency) }
  return try Planner(memory: MemoryModel(alignment: 64))
    .plan(graph, model: PlannedModel(path: source.name))
}

func ask(_ body: (UnsafeMutablePointer<OpaquePointer?>) -> graphopt_status) {
  var error: OpaquePointer?
  guard body(&error) == GRAPHOPT_OK else {
    fail(graphopt_error_message(error).map { String(cString: $0) } ?? "an error without a message")
  }
}

extension TensorRole {
  var inC: graphopt_role {
    switch self {
    case .input: GRAPHOPT_ROLE_INPUT
    case .output: GRAPHOPT_ROLE_OUTPUT
    case .weight: GRAPHOPT_ROLE_WEIGHT
    case .optimizerState: GRAPHOPT_ROLE_OPTIMIZER_STATE
    case .gradient: GRAPHOPT_ROLE_GRADIENT
    case .temporary: GRAPHOPT_ROLE_TEMPORARY
    case .constant: GRAPHOPT_ROLE_CONSTANT
    default: GRAPHOPT_ROLE_ACTIVATION
    }
  }
}

extension Effect {
  /// The effect as C has it; nil for slices, which are used on demand only.
  var inC: graphopt_effect? {
    let kind: graphopt_effect_kind? =
      switch self.kind {
      case .alias: GRAPHOPT_EFFECT_ALIAS
      case .mayAlias: GRAPHOPT_EFFECT_MAY_ALIAS
      case .mayOverwrite: GRAPHOPT_EFFECT_MAY_OVERWRITE
      case .mustOverwrite: GRAPHOPT_EFFECT_MUST_OVERWRITE
      default: nil
      }
    return kind.map { graphopt_effect(kind: $0, output: UInt32(output), input: UInt32(input)) }
  }
}

/// What a caller in C holds before it calls: names with a zero at the end, arrays of numbers.
struct Prepared {
  struct Node {
    var (name, type): ([CChar], [CChar])
    var (inputs, outputs): ([UInt32], [UInt32])
    var effects: [graphopt_effect]
    var workspace: UInt64
  }
  var name: [CChar]
  var tensors: [(name: [CChar], bytes: UInt64, role: graphopt_role)]
  var nodes: [Node]
  var dependencies: [(before: UInt32, after: UInt32)]

  init(_ source: Graph, _ outputs: Set<TensorID>) {
    func number(_ tensor: TensorID) -> UInt32 { tensor.isAbsent ? .max : UInt32(tensor.index) }
    name = Array(source.name.utf8CString)
    tensors = source.tensorIDs.map {
      (
        Array(source.name(of: $0).utf8CString), UInt64(source[$0].bytes.value),
        role(of: $0, in: source, outputs: outputs).inC
      )
    }
    nodes = source.nodeIDs.map {
      Node(
        name: Array(source.name(of: $0).utf8CString),
        type: Array(source.kind(of: $0).type.utf8CString),
        inputs: source.inputs(of: $0).map(number), outputs: source.outputs(of: $0).map(number),
        effects: source.effects(of: $0).compactMap(\.inC),
        workspace: UInt64(source[$0].workspace.value))
    }
    dependencies = source.controlDependencies.map {
      (UInt32($0.before.index), UInt32($0.after.index))
    }
  }
}

func inC(_ source: Prepared) -> graphopt_summary {
  var graph: OpaquePointer?
  ask { graphopt_graph_create(source.name, &graph, $0) }
  for tensor in source.tensors {
    ask { graphopt_graph_add_buffer(graph, tensor.name, tensor.bytes, tensor.role, nil, $0) }
  }
  for node in source.nodes {
    ask {
      graphopt_graph_add_node(
        graph, node.name, node.type, node.inputs, node.inputs.count, node.outputs,
        node.outputs.count, node.effects, node.effects.count, node.workspace, nil, $0)
    }
  }
  for dependency in source.dependencies {
    ask { graphopt_graph_add_dependency(graph, dependency.before, dependency.after, $0) }
  }
  var plan: OpaquePointer?
  ask { graphopt_plan_create(graph, nil, &plan, $0) }
  var summary = graphopt_summary()
  graphopt_plan_summary(plan, &summary)
  // What an embedder is there for: every step and every place.
  var (step, place) = (graphopt_step(), graphopt_placement())
  for index in 0..<graphopt_plan_step_count(plan) {
    ask { graphopt_plan_step(plan, index, &step, $0) }
  }
  for index in 0..<graphopt_plan_tensor_count(plan) {
    ask { graphopt_plan_tensor(plan, index, &place, $0) }
  }
  graphopt_plan_free(plan)
  graphopt_graph_free(graph)
  return summary
}

/// The graph with one of its activations half as large again: the one in the middle.
func changed(_ source: Graph) throws -> Graph {
  var graph = Graph(name: source.name)
  let activations = source.tensorIDs.filter { source[$0].role == .activation }
  let widened = activations.isEmpty ? nil : activations[activations.count / 2]
  for tensor in source.tensorIDs {
    let bytes = source[tensor].bytes.value
    _ = try graph.addTensor(
      source.name(of: tensor), type: .uint8,
      shape: [tensor == widened ? bytes + bytes / 2 : bytes], role: source[tensor].role)
  }
  for input in source.inputs { graph.addInput(input) }
  for output in source.outputs { graph.addOutput(output) }
  for node in source.nodeIDs {
    // A view is as large as what it views, so that only fresh results are changed.
    try graph.addNode(
      source.name(of: node), kind: source.kind(of: node), inputs: Array(source.inputs(of: node)),
      outputs: Array(source.outputs(of: node)),
      effects: source.effects(of: node).filter { effect in
        let touched = [
          source.outputs(of: node)[source.outputs(of: node).startIndex + Int(effect.output)],
          source.inputs(of: node)[source.inputs(of: node).startIndex + Int(effect.input)],
        ]
        return !touched.contains { $0 == widened }
      }, workspace: source[node].workspace)
  }
  for dependency in source.controlDependencies { graph.addControlDependency(dependency) }
  return graph
}

let arguments = CommandLine.arguments
guard arguments.count > 2, let pairs = Int(arguments[1]), pairs > 0 else {
  fail("usage: EmbeddingBenchmark PAIRS MODEL[,NAME=SIZE]...")
}
let columns = [
  "model", "operators", "Swift, s", "C, s", "C over Swift", "new plan, s", "plan like before, s",
  "part", "arena of the new plan, of the kept one",
]
print("| \(columns.joined(separator: " | ")) |")
print("|---|--:|--:|--:|--:|--:|--:|--:|---|")
/// Measures a model and prints its row.
func report(_ argument: String) throws {
  let parts = argument.split(separator: ",").map(String.init)
  let bindings = try parts.dropFirst().map { try DimensionBinding(parsing: $0) }
  let graph = try ONNXImporter(bindings: bindings).importGraph(path: parts[0]).graph
  let outputs = Set(graph.outputs)
  let prepared = Prepared(graph, outputs)
  var (swift, c): ([Double], [Double]) = ([], [])
  for pair in 0...pairs {
    let one = try measured { try inSwift(graph, outputs) }
    let other = measured { inC(prepared) }
    guard one.value.summary.arenaBytes == Int(other.value.arena_bytes),
      one.value.summary.lowerBoundBytes == Int(other.value.lower_bound_bytes)
    else { fail("\(parts[0]): the two plans differ") }
    guard pair > 0 else { continue }
    swift.append(one.seconds)
    c.append(other.seconds)
  }

  let planner = Planner(memory: MemoryModel(alignment: 64))
  let before = try planner.plan(graph, model: PlannedModel(path: parts[0]))
  let after = try changed(graph)
  var (fresh, kept): ([Double], [Double]) = ([], [])
  var arenas = (0, 0)
  for pair in 0...pairs {
    let one = try measured { try planner.plan(after, model: PlannedModel(path: parts[0])) }
    let other = try measured {
      try planner.plan(after, model: PlannedModel(path: parts[0]), like: before)
    }
    arenas = (one.value.summary.arenaBytes, other.value.summary.arenaBytes)
    guard pair > 0 else { continue }
    fresh.append(one.seconds)
    kept.append(other.seconds)
  }
  let file = parts[0].split(separator: "/").last.map(String.init) ?? parts[0]
  print(
    "| \(([file] + parts.dropFirst()).joined(separator: ", ")) | \(graph.nodes.count) "
      + "| \(text(median(swift), 3)) | \(text(median(c), 3)) "
      + "| \(text(median(zip(c, swift).map { $0 / $1 }), 3)) "
      + "| \(text(median(fresh), 3)) | \(text(median(kept), 3)) "
      + "| \(text(median(zip(kept, fresh).map { $0 / $1 }), 3)) | \(arenas.0), \(arenas.1) |")
}

for argument in arguments.dropFirst(2) {
  do {
    try report(argument)
  } catch { fail("\(argument): \(error)") }
}
