// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import GraphIR

/// Removes nodes whose outputs nobody uses, until there are none.
private struct RemoveDeadNodes: GraphPass {
  static let name = "remove-dead-nodes"

  func run(on graph: inout Graph) throws(GraphError) -> PassReport {
    var patches = 0
    while true {
      var isUsed = [Bool](repeating: false, count: graph.tensors.count)
      for tensor in graph.outputs { isUsed[tensor.index] = true }
      for node in graph.nodeIDs {
        for tensor in graph.inputs(of: node) where !tensor.isAbsent { isUsed[tensor.index] = true }
      }
      var patch = GraphPatch(Self.name, for: graph)
      for node in graph.nodeIDs
      where graph.outputs(of: node).allSatisfy({ $0.isAbsent || !isUsed[$0.index] }) {
        patch.remove(node)
      }
      if patch.isEmpty { return PassReport(patches: patches, outcome: "every node is used") }
      try graph.apply(patch)
      patches += 1
    }
  }
}

/// Reports what it is told to, and changes what it is told to.
private struct Mischief: GraphPass {
  static let name = "mischief"
  var reported: Int
  var mutate: @Sendable (inout Graph) throws(GraphError) -> Void

  func run(on graph: inout Graph) throws(GraphError) -> PassReport {
    try mutate(&graph)
    return PassReport(patches: reported, outcome: "did as told")
  }
}

@Suite struct PassPipelineTests {
  static let text = """
    graph g
    input x : float32[8]
    node a = A@1(x) -> ta : float32[8]
    node dead = D@1(ta) -> td : float32[8]
    node deader = D@1(td) -> te : float32[8]
    node b = B@1(ta) -> y : float32[8]
    output y
    """

  @Test func `a pass rewrites, and its report and time are kept`() throws {
    var graph = try Graph(parsing: Self.text)
    let entries = try PassPipeline([RemoveDeadNodes(), RemoveDeadNodes()]).run(on: &graph)
    #expect(graph.nodeIDs.map { graph.name(of: $0) } == ["a", "b"])
    #expect(entries.map(\.name) == ["remove-dead-nodes", "remove-dead-nodes"])
    #expect(
      entries.map(\.report) == [
        PassReport(patches: 2, outcome: "every node is used"),
        PassReport(patches: 0, outcome: "every node is used"),
      ])
    #expect(entries.map(\.report.changed) == [true, false])
    #expect(entries.allSatisfy { $0.duration >= .zero })
  }

  @Test(arguments: [(-1, 4), (0, 4), (1, 2), (2, 2), (Int.max, 2)])
  func `a limit stops after that many passes`(limit: Int, nodes: Int) throws {
    var graph = try Graph(parsing: Self.text)
    var seen: [Int] = []
    let entries = try PassPipeline([RemoveDeadNodes(), RemoveDeadNodes()], limit: limit)
      .run(on: &graph) { name, graph in
        #expect(name == "remove-dead-nodes")
        seen.append(graph.nodes.count)
      }
    #expect(graph.nodes.count == nodes)
    #expect(entries.count == min(max(limit, 0), 2))
    #expect(seen == Array(repeating: nodes, count: entries.count))
  }

  /// Runs a good pass and then mischief, which must fail for this reason.
  private func expectFailure(
    _ error: GraphError, reported: Int, sourceLocation: SourceLocation = #_sourceLocation,
    _ mutate: @escaping @Sendable (inout Graph) throws(GraphError) -> Void
  ) throws {
    var graph = try Graph(parsing: Self.text)
    let pipeline = PassPipeline([
      RemoveDeadNodes(), Mischief(reported: reported, mutate: mutate), RemoveDeadNodes(),
    ])
    #expect(throws: error, sourceLocation: sourceLocation) { try pipeline.run(on: &graph) }
    // As the last good pass left it.
    #expect(graph.nodes.count == 2, sourceLocation: sourceLocation)
    try graph.validate()
  }

  @Test func `a pass that lies about what it changed is caught both ways`() throws {
    try expectFailure(
      .pass(name: "mischief", reason: "reports a change but made none"), reported: 1
    ) { _ in }
    let silent = GraphError.pass(name: "mischief", reason: "changed the graph without reporting it")
    try expectFailure(silent, reported: 0) { $0.setRole(.gradient, of: TensorID(1)) }
    try expectFailure(silent, reported: 0) { $0.name = "renamed" }
  }

  @Test func `a pass that breaks an invariant is caught and named`() throws {
    try expectFailure(
      .pass(
        name: "mischief",
        reason: "left a broken graph: two tensors are named 'x'"), reported: 1
    ) { $0.tensors[1].name = $0.tensors[0].name }
  }

  @Test func `what a pass throws comes through`() throws {
    try expectFailure(.tooMany("nodes"), reported: 1) { _ throws(GraphError) in
      throw .tooMany("nodes")
    }
  }

  @Test func `a graph that is broken to begin with reaches no pass`() throws {
    var graph = try Graph(parsing: Self.text)
    graph.addInput(TensorID(0))
    let pipeline = PassPipeline([
      Mischief(reported: 0) { _ in Issue.record("a pass ran on a broken graph") }
    ])
    #expect(throws: GraphError.duplicateTensor("x")) { try pipeline.run(on: &graph) }
  }
}
