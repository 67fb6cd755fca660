// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphOptimizer
import Testing

// The code of the tutorials, to the letter.

func twoLayers() throws -> Graph {
  var graph = Graph(name: "two layers")
  let x = try graph.addTensor("x", type: .float32, shape: [8, 64], role: .input)
  graph.addInput(x)
  let first = try graph.addTensor("first", type: .float32, shape: [64, 256], role: .weight)
  let second = try graph.addTensor("second", type: .float32, shape: [256, 64], role: .weight)
  let hidden = try graph.addTensor("hidden", type: .float32, shape: [8, 256], role: .activation)
  let active = try graph.addTensor("active", type: .float32, shape: [8, 256], role: .activation)
  let y = try graph.addTensor("y", type: .float32, shape: [8, 64], role: .output)
  graph.addOutput(y)

  try graph.addNode(
    "up", kind: OperatorKind(type: "MatMul"), inputs: [x, first], outputs: [hidden])
  try graph.addNode(
    "relu", kind: OperatorKind(type: "Relu"), inputs: [hidden], outputs: [active],
    effects: [Effect(.mayOverwrite, output: 0, of: 0)])
  try graph.addNode(
    "down", kind: OperatorKind(type: "MatMul"), inputs: [active, second], outputs: [y])
  return graph
}

func plannedOffsets() throws -> [String: Int] {
  let planner = Planner(memory: MemoryModel(alignment: 64), budget: ByteCount(1 << 20))
  let plan = try planner.plan(try twoLayers(), model: PlannedModel(path: "two layers"))
  precondition(plan.summary.fits == true)
  precondition(plan.summary.arenaBytes >= plan.summary.lowerBoundBytes)

  var offsets: [String: Int] = [:]
  for tensor in plan.tensors { offsets[tensor.name] = tensor.offset }
  return offsets
}

func bareLayout() throws -> (offsets: [Int], height: Int) {
  let problem = try LayoutProblem(buffers: [
    LayoutBuffer(size: 4096, lifetime: 0..<2, alignment: 64),
    LayoutBuffer(size: 1024, lifetime: 1..<3, alignment: 64),
    LayoutBuffer(size: 4096, lifetime: 2..<4, alignment: 64),
  ])
  let report = try LayoutPortfolio().report(for: problem)
  return (report.solution.offsets, report.solution.height)
}

func bareOrder() throws -> [Int] {
  let graph = try Graph(
    nodeCount: 4,
    values: [
      BareValue(bytes: ByteCount(100), producer: 0, users: [2]),
      BareValue(bytes: ByteCount(100), producer: 1, users: [3]),
      BareValue(bytes: ByteCount(1), producer: 2, users: [], isOutput: true),
      BareValue(bytes: ByteCount(1), producer: 3, users: [], isOutput: true),
    ])
  let problem = SchedulingProblem(graph, model: MemoryModel(alignment: 1))
  let result = try BestOfAll().result(for: problem)
  precondition(result.peakBytes == 102 && result.bound.bytes == 102)
  return result.schedule.order.map(\.index)
}

func planInBackground(_ graph: Graph) -> Task<ExecutionPlan, any Error> {
  Task { try await Planner().planned(graph, model: PlannedModel(path: "background")) }
}

struct RemoveCopies: GraphPass {
  static let name = "remove-copies"

  func run(on graph: inout Graph) throws(GraphError) -> PassReport {
    var patch = GraphPatch(Self.name, for: graph)
    var count = 0
    for node in graph.nodeIDs where graph.kind(of: node).type == "Identity" {
      guard let source = graph.inputs(of: node).first, let copy = graph.outputs(of: node).first,
        !graph.outputs.contains(copy)
      else { continue }
      patch.shunt(copy, to: source)
      patch.remove(node)
      count += 1
    }
    guard !patch.isEmpty else { return PassReport(patches: 0, outcome: "there are no copies") }
    try graph.apply(patch)
    return PassReport(patches: 1, outcome: "removed \(count) copies")
  }
}

func planWithoutCopies(_ graph: Graph) throws -> ExecutionPlan {
  let planner = Planner(passes: [RemoveCopies()])
  return try planner.plan(graph, model: PlannedModel(path: "without copies"))
}

@Suite struct TutorialTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test func `all Swift code of the documentation is compiled here`() throws {
    let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let folder = Self.root.appending(path: "Sources/GraphOptimizer/GraphOptimizer.docc")
    let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path())
    var count = 0
    for page in pages.sorted() where page.hasSuffix(".md") {
      let text = try String(contentsOf: folder.appending(path: page), encoding: .utf8)
      for block in text.components(separatedBy: "```swift\n").dropFirst() {
        let code = block.components(separatedBy: "```")[0]
        #expect(source.contains(code), "a block of \(page) is not")
        count += 1
      }
    }
    #expect(count == 7)
  }

  @Test func `a graph built in code is planned as the tutorial says`() throws {
    let offsets = try plannedOffsets()
    #expect(offsets["hidden"] == offsets["active"])
    #expect(offsets["first"] == nil)
    let plan = try Planner().plan(try twoLayers(), model: PlannedModel(path: ""))
    #expect(plan.summary.arenaBytes == 10_240)
    #expect(plan.summary.provenOptimal)
    #expect(Set(offsets.keys) == ["x", "hidden", "active", "y"])
  }

  @Test func `one stage alone answers`() throws {
    let layout = try bareLayout()
    #expect(layout.height == 5120)
    let order = try bareOrder()
    #expect(order == [0, 2, 1, 3] || order == [1, 3, 0, 2])
  }

  @Test func `planning in the background gives the same plan`() async throws {
    let graph = try twoLayers()
    let plan = try await planInBackground(graph).value
    #expect(plan == (try Planner().plan(graph, model: PlannedModel(path: "background"))))
  }

  @Test func `the pass of the tutorial removes copies`() throws {
    var graph = Graph(name: "copies")
    let x = try graph.addTensor("x", type: .float32, shape: [16], role: .input)
    graph.addInput(x)
    let copy = try graph.addTensor("copy", type: .float32, shape: [16], role: .activation)
    let y = try graph.addTensor("y", type: .float32, shape: [16], role: .output)
    graph.addOutput(y)
    try graph.addNode(
      "copying", kind: OperatorKind(type: "Identity"), inputs: [x], outputs: [copy])
    try graph.addNode("use", kind: OperatorKind(type: "Exp"), inputs: [copy], outputs: [y])
    let plan = try planWithoutCopies(graph)
    #expect(plan.steps.map(\.node) == ["use"])
    #expect(plan.passes.first?.outcome == "removed 1 copies")
    #expect(plan.summary.arenaBytes == 128)
  }
}
