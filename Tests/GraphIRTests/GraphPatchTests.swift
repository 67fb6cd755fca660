// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import GraphIR

@Suite struct GraphPatchTests {
  static let text = """
    graph g
    input x : float32[8]
    weight w : float32[8]
    weight spare : float32[8]
    node a = A@1(x, w) -> ta : float32[8]
    node i = Identity@1(ta) -> ti : float32[8] effects [mayAlias 0 0 safe]
    node j = Identity@1(ti) -> tj : float32[8] effects [mayAlias 0 0 safe]
    node b = B@1(tj, ta) -> tb : float32[8] workspace 32 phase forward attributes {k: int 3}
    node c = C@1(tb) -> y : float32[8]
    output y
    output ti
    """

  private func graph() throws -> Graph { try Graph(parsing: Self.text) }

  private func tensor(_ name: String, _ graph: Graph) throws -> TensorID {
    try #require(graph.tensorIDs.first { graph.name(of: $0) == name })
  }

  private func node(_ name: String, _ graph: Graph) throws -> NodeID {
    try #require(graph.nodeIDs.first { graph.name(of: $0) == name })
  }

  private func lines(_ graph: Graph) -> [String] {
    graph.text.split(separator: "\n").map(String.init)
  }

  /// Applies a patch that must fail, and checks that it left nothing behind.
  private func expectInvalid(
    _ reason: String, on graph: Graph, _ patch: GraphPatch,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var target = graph
    #expect(
      throws: GraphError.invalidPatch(label: "p", reason: reason), sourceLocation: sourceLocation
    ) { try target.apply(patch) }
    #expect(target.fingerprint == graph.fingerprint, sourceLocation: sourceLocation)
  }

  @Test func `an empty patch changes nothing`() throws {
    let graph = try graph()
    let patch = GraphPatch("p", for: graph)
    #expect(patch.isEmpty)
    #expect(try graph.applying(patch).fingerprint == graph.fingerprint)
  }

  @Test func `removed identities hand their readers on, chains included`() throws {
    for order in [["ti", "tj"], ["tj", "ti"]] {
      var graph = try graph()
      var patch = GraphPatch("p", for: graph)
      for name in order {
        patch.shunt(try tensor(name, graph), to: try tensor(name == "ti" ? "ta" : "ti", graph))
      }
      patch.remove(try node("i", graph))
      patch.remove(try node("j", graph))
      try graph.apply(patch)
      try graph.validate()
      #expect(
        lines(graph) == [
          "graph \"g\"", "input x : float32[8]", "weight w : float32[8]",
          "weight spare : float32[8]", "node a = A@1(x, w) -> ta : float32[8]",
          "node b = B@1(ta, ta) -> tb : float32[8] workspace 32 phase forward "
            + "attributes {k: int 3}",
          "node c = C@1(tb) -> y : float32[8]", "output y", "output ta",
        ])
    }
  }

  @Test func `a tap reads what the readers of the shunted tensor no longer do`() throws {
    var graph = try graph()
    let ta = try tensor("ta", graph)
    var patch = GraphPatch("p", for: graph)
    let half = patch.addTensor(
      "half", type: .float16, shape: [8], role: .gradient, isUpperBound: true,
      bytes: ByteCount(20))
    patch.addNode(
      "cast", kind: OperatorKind(type: "Cast", version: 2), inputs: [ta], outputs: [half],
      effects: [Effect(.mayOverwrite, output: 0, of: 0)], phase: .backward,
      workspace: ByteCount(7), at: try node("i", graph))
    patch.shunt(ta, to: half)
    // Optional views must keep their size, so the identities become copies.
    patch.remove(try node("i", graph))
    patch.addNode(
      "copy", kind: OperatorKind(type: "Copy"), inputs: [half],
      outputs: [try tensor("ti", graph)], at: try node("i", graph))
    try graph.apply(patch)
    try graph.validate()
    #expect(
      lines(graph).filter { $0.hasPrefix("node") } == [
        "node a = A@1(x, w) -> ta : float32[8]",
        "node cast = Cast@2(ta) -> half : float16[8] as gradient bytes 20 bound workspace 7 "
          + "phase backward effects [mayOverwrite 0 0 safe+ort]",
        "node copy = Copy@0(half) -> ti : float32[8]",
        "node j = Identity@1(ti) -> tj : float32[8] effects [mayAlias 0 0 safe]",
        "node b = B@1(tj, half) -> tb : float32[8] workspace 32 phase forward "
          + "attributes {k: int 3}", "node c = C@1(tb) -> y : float32[8]",
      ])
  }

  @Test func `a new node stands before its anchor and takes over a removed one's output`() throws {
    var graph = try graph()
    var patch = GraphPatch("p", for: graph)
    let weight = patch.addTensor("w2", type: .float32, shape: [8], role: .weight)
    patch.remove(try node("b", graph))
    patch.remove(try node("c", graph))
    patch.addNode(
      "bc", kind: OperatorKind(type: "BC"), inputs: [try tensor("tj", graph), weight],
      outputs: [try tensor("y", graph)], at: try node("b", graph))
    patch.remove(try tensor("spare", graph))
    try graph.apply(patch)
    try graph.validate()
    #expect(graph.nodeIDs.map { graph.name(of: $0) } == ["a", "i", "j", "bc"])
    #expect(
      graph.tensorIDs.map { graph.name(of: $0) } == ["x", "w", "ta", "ti", "tj", "y", "w2"])
  }

  @Test func `what is new and leads nowhere is dropped`() throws {
    let graph = try graph()
    var patch = GraphPatch("p", for: graph)
    _ = patch.addTensor("unused", type: .float32, shape: [8], role: .activation)
    #expect(!patch.isEmpty)
    #expect(try graph.applying(patch).fingerprint == graph.fingerprint)
  }

  @Test func `nodes keep their order and move up only with what they need`() throws {
    let text = """
      graph g
      input x : float32[8]
      node a = A@1(x) -> ta : float32[8]
      node b = B@1(x) -> tb : float32[8]
      node c = C@1(x) -> tc : float32[8]
      node d = D@1(tc) -> td : float32[8]
      node e = E@1(x) -> te : float32[8]
      output td
      after 2 3
      after 1 2
      """
    var graph = try Graph(parsing: text)
    var patch = GraphPatch("p", for: graph)
    let new = patch.addTensor("n", type: .float32, shape: [8], role: .activation)
    // A new node before a that reads td pulls d up, with c, and b for the control dependency.
    patch.addNode(
      "n", kind: OperatorKind(type: "N"), inputs: [try tensor("td", graph)], outputs: [new],
      at: try node("a", graph))
    try graph.apply(patch)
    try graph.validate()
    #expect(graph.nodeIDs.map { graph.name(of: $0) } == ["b", "c", "d", "n", "a", "e"])
    #expect(
      graph.controlDependencies == [
        ControlDependency(before: NodeID(1), after: NodeID(2)),
        ControlDependency(before: NodeID(0), after: NodeID(1)),
      ])
  }

  @Test func `an update that moves up takes the readers of the old version along`() throws {
    let text = """
      graph g
      input x : float32[8]
      weight w : float32[8]
      node a = A@1(x) -> ta : float32[8]
      node read = B@1(w) -> tb : float32[8]
      node update = U@1(w) -> w1 : float32[8] effects [mustOverwrite 0 0 _]
      output w1
      """
    var graph = try Graph(parsing: text)
    var patch = GraphPatch("p", for: graph)
    let new = patch.addTensor("n", type: .float32, shape: [8], role: .activation)
    patch.addNode(
      "n", kind: OperatorKind(type: "N"), inputs: [try tensor("w1", graph)], outputs: [new],
      at: try node("a", graph))
    try graph.apply(patch)
    try graph.validate()
    #expect(graph.nodeIDs.map { graph.name(of: $0) } == ["read", "update", "n", "a"])
  }

  @Test func `a patch for another graph is refused`() throws {
    let graph = try graph()
    let other = try Graph(parsing: "graph other")
    expectInvalid(
      "it was made for another state of the graph", on: graph, GraphPatch("p", for: other))
  }

  @Test func `a patch may not speak of what is not there`() throws {
    let graph = try graph()
    let (ta, a) = (try tensor("ta", graph), try node("a", graph))
    let (far, farNode) = (TensorID(graph.tensors.count), NodeID(graph.nodes.count))
    let kind = OperatorKind(type: "N")
    let mutations: [(inout GraphPatch) -> Void] = [
      { $0.addNode("n", kind: kind, inputs: [far], outputs: [], at: a) },
      { $0.addNode("n", kind: kind, inputs: [], outputs: [far], at: a) },
      { $0.addNode("n", kind: kind, inputs: [], outputs: [], at: farNode) },
      { $0.shunt(far, to: ta) }, { $0.shunt(ta, to: far) }, { $0.shunt(.absent, to: ta) },
      { $0.shunt(ta, to: .absent) }, { $0.remove(farNode) }, { $0.remove(far) },
      { $0.remove(TensorID.absent) },
    ]
    for mutate in mutations {
      var patch = GraphPatch("p", for: graph)
      mutate(&patch)
      expectInvalid("it names a tensor or node that the graph does not have", on: graph, patch)
    }
  }

  @Test func `what is still used stays`() throws {
    let graph = try graph()
    var patch = GraphPatch("p", for: graph)
    patch.remove(try node("i", graph))
    expectInvalid("'ti' is still used but no node makes it", on: graph, patch)

    patch = GraphPatch("p", for: graph)
    patch.remove(try node("c", graph))
    expectInvalid("'y' is a graph output but no node makes it", on: graph, patch)

    patch = GraphPatch("p", for: graph)
    patch.remove(try tensor("w", graph))
    expectInvalid("'w' is still used but no node makes it", on: graph, patch)

    patch = GraphPatch("p", for: graph)
    patch.remove(try tensor("x", graph))
    expectInvalid("it removes the graph input 'x'", on: graph, patch)

    patch = GraphPatch("p", for: graph)
    patch.remove(try tensor("ta", graph))
    expectInvalid("it removes a tensor that a node makes, not the node", on: graph, patch)

    patch = GraphPatch("p", for: graph)
    let new = patch.addTensor("n", type: .float32, shape: [8], role: .activation)
    patch.shunt(try tensor("tb", graph), to: new)
    expectInvalid("'n' is still used but no node makes it", on: graph, patch)

    let bound = try Graph(parsing: Self.text + "\nafter 0 4")
    patch = GraphPatch("p", for: bound)
    patch.remove(NodeID(4))
    expectInvalid("it removes a node that a control dependency names", on: bound, patch)
  }

  @Test func `nothing is made twice or shunted two ways`() throws {
    let graph = try graph()
    let (ta, tb) = (try tensor("ta", graph), try tensor("tb", graph))
    var patch = GraphPatch("p", for: graph)
    patch.addNode(
      "n", kind: OperatorKind(type: "N"), inputs: [], outputs: [tb], at: try node("a", graph))
    expectInvalid("two nodes would make 'tb'", on: graph, patch)

    patch = GraphPatch("p", for: graph)
    patch.shunt(try tensor("tj", graph), to: ta)
    patch.shunt(try tensor("tj", graph), to: try tensor("ti", graph))
    expectInvalid("it shunts 'tj' to two tensors", on: graph, patch)

    patch = GraphPatch("p", for: graph)
    patch.shunt(try tensor("tj", graph), to: ta)
    patch.shunt(ta, to: try tensor("tj", graph))
    expectInvalid("it shunts 'tj' in a circle", on: graph, patch)
  }

  @Test func `a circle is refused`() throws {
    let graph = try graph()
    var patch = GraphPatch("p", for: graph)
    // a would read what c makes.
    patch.shunt(try tensor("x", graph), to: try tensor("y", graph))
    expectInvalid("its nodes would need each other", on: graph, patch)
  }

  @Test func `what a patch breaks otherwise, validation finds`() throws {
    let graph = try graph()
    var patch = GraphPatch("p", for: graph)
    let twin = patch.addTensor("ta", type: .float32, shape: [8], role: .activation)
    patch.addNode(
      "n", kind: OperatorKind(type: "N"), inputs: [], outputs: [twin], at: try node("a", graph))
    let result = try graph.applying(patch)
    #expect(throws: GraphError.duplicateTensor("ta")) { try result.validate() }

    patch = GraphPatch("p", for: graph)
    _ = patch.addTensor("n", type: .float32, shape: [-1], role: .weight)
    #expect(throws: GraphError.invalidShape(tensor: "n", shape: [-1])) {
      try graph.applying(patch)
    }
  }

  @Test(arguments: Seeds.first(200))
  func `random patches fail with a reason or leave a graph that can be used`(seed: Int) throws {
    let graph = try SeededGraph.make(seed: seed, nodes: 16)
    var generator = SeededGenerator(seed: seed)
    var patch = GraphPatch("p", for: graph)
    var known = Array(graph.tensorIDs)
    for _ in 0..<Int.random(in: 1...5, using: &generator) {
      let node = NodeID(Int.random(in: 0..<graph.nodes.count, using: &generator))
      let tensors = (0..<3).map { _ in known[Int.random(in: 0..<known.count, using: &generator)] }
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: patch.remove(node)
      case 1: patch.shunt(tensors[0], to: tensors[1])
      case 2: patch.remove(tensors[0])
      case 3:
        // The same node again, without effects: always possible.
        patch.remove(node)
        patch.addNode(
          "again", kind: graph.kind(of: node), inputs: Array(graph.inputs(of: node)),
          outputs: Array(graph.outputs(of: node)), at: node)
      default:
        known.append(
          patch.addTensor("new\(known.count)", type: .float32, shape: [4], role: .activation))
        patch.addNode(
          "n", kind: OperatorKind(type: "N"), inputs: tensors, outputs: [known[known.count - 1]],
          at: node)
      }
    }
    guard let result = try? graph.applying(patch) else { return }
    // Sizes and versions can be off, since the patch is blind; names, operands and order cannot.
    do throws(GraphError) {
      try result.validate()
    } catch {
      switch error {
      case .invalidAlias, .staleRead: return
      default: throw error
      }
    }
    #expect(try Graph(parsing: result.text).nodes.count == result.nodes.count)
    let kept = result.nodeIDs.map { result.name(of: $0) }.filter { $0.hasPrefix("n") && $0 != "n" }
    #expect(Set(kept).isSubset(of: graph.nodeIDs.map { graph.name(of: $0) }))
  }

  @Test func `a node replaced by its twin leaves a valid graph`() throws {
    var applied = 0
    for seed in 0..<100 {
      let graph = try SeededGraph.make(seed: seed, nodes: 16)
      var patch = GraphPatch("p", for: graph)
      let node = NodeID(seed % 16)
      patch.remove(node)
      patch.addNode(
        "again", kind: graph.kind(of: node), inputs: Array(graph.inputs(of: node)),
        outputs: Array(graph.outputs(of: node)), effects: Array(graph.effects(of: node)), at: node)
      if graph.controlDependencies.contains(where: { $0.before == node || $0.after == node }) {
        continue
      }
      let result = try graph.applying(patch)
      try result.validate()
      #expect(result.names.id(of: "again") != nil)
      applied += 1
    }
    #expect(applied > 80)
  }
}
