// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@Suite struct DependenciesTests {
  private func rows(_ text: String) throws -> [[UInt32]] {
    let graph = try Graph(parsing: text)
    let dependencies = Dependencies(of: graph)
    return graph.nodeIDs.map { Array(dependencies.predecessors(of: $0)) }
  }

  @Test func `data and control edges are listed once each, ascending`() throws {
    let text = """
      graph g
      input x : float32[1]
      node a = A@1(x) -> ta : float32[1], tb : float32[1]
      node b = B@1(x) -> tc : float32[1]
      node c = C@1(tc, tb, ta, tc) -> td : float32[1]
      node d = D@1(_) -> _
      after 1 3
      after 0 3
      after 0 2
      """
    #expect(try rows(text) == [[], [], [0, 1], [0, 1]])
    let graph = try Graph(parsing: text)
    let dependencies = Dependencies(of: graph)
    #expect(dependencies.successorStart == [0, 2, 4, 4, 4])
    #expect(dependencies.successors == [2, 3, 2, 3])
    #expect(Array(dependencies.successors(of: NodeID(1))) == [2, 3])
  }

  @Test func `an update runs after all who read the old version`() throws {
    let text = """
      graph g
      weight w : float32[8]
      input x : float32[8]
      node read = A@1(w, x) -> ta : float32[8]
      node view = View@1(w) -> v : float32[8] effects [alias 0 0 _]
      node peek = B@1(v) -> tb : float32[8]
      node first = Add_@1(w, x) -> w1 : float32[8] effects [mustOverwrite 0 0 _]
      node again = C@1(w1) -> tc : float32[8]
      node second = Add_@1(w1, x) -> w2 : float32[8] effects [mustOverwrite 0 0 _]
      node last = D@1(w2) -> td : float32[8]
      """
    // first waits for whoever touched w; again and second for first; second for again; last for it.
    #expect(try rows(text) == [[], [], [1], [0, 1, 2], [3], [3, 4], [5]])
  }

  @Test func `an update through several views is one update`() throws {
    let text = """
      graph g
      input x : float32[8]
      node a = A@1(x) -> t : float32[8]
      node u = View@1(t) -> left : float32[4] effects [alias 0 0 _]
      node v = View@1(t) -> right : float32[4] effects [alias 0 0 _]
      node both = Add_@1(left, right) -> l1 : float32[4], r1 : float32[4] effects \
      [mustOverwrite 0 0 _, mustOverwrite 1 1 _]
      node l = Mul_@1(l1) -> l2 : float32[4] effects [mustOverwrite 0 0 _]
      """
    #expect(try rows(text) == [[], [0], [0], [1, 2], [3]])
  }

  @Test func `optional views count as views in every mode`() throws {
    let text = """
      graph g
      input x : float32[8]
      node a = A@1(x) -> t : float32[8]
      node r = Reshape@1(t) -> rt : float32[2,4] effects [mayAlias 0 0 safe]
      node p = B@1(rt) -> tb : float32[8]
      node u = Add_@1(t) -> t1 : float32[8] effects [mustOverwrite 0 0 _]
      """
    #expect(try rows(text) == [[], [0], [1], [0, 1, 2]])
  }

  @Test func `a node that updates thousands of tensors is no trap`() throws {
    var graph = Graph()
    var (inputs, outputs): ([TensorID], [TensorID]) = ([], [])
    for index in 0..<20_000 {
      inputs.append(try graph.addTensor("w\(index)", type: .float32, shape: [4], role: .weight))
      outputs.append(try graph.addTensor("v\(index)", type: .float32, shape: [4], role: .weight))
    }
    try graph.addNode(
      "all", kind: OperatorKind(type: "FusedAdam"), inputs: inputs, outputs: outputs,
      effects: inputs.indices.map { Effect(.mustOverwrite, output: $0, of: $0) }
        + inputs.indices.map { Effect(.mayOverwrite, output: $0, of: $0) })
    try graph.addNode(
      "read", kind: OperatorKind(type: "Read"), inputs: outputs, outputs: [])
    try graph.validate()
    #expect(Dependencies(of: graph).predecessors == [0])
    #expect(StorageMap(of: graph, model: MemoryModel()).roots.count == 20_000)
  }

  /// Every pair that must keep its order, from the definition: one makes what the other uses, a
  /// control dependency, or both touch a storage that one of them overwrites.
  private func pairs(_ graph: Graph) -> [[Bool]] {
    let everySharing = Effect.Kind.allCases.filter { $0 != .mayOverwrite }
    func root(_ tensor: TensorID) -> TensorID {
      guard let producer = graph[tensor].producer else { return tensor }
      let outputs = Array(graph.outputs(of: producer))
      for effect in graph.effects(of: producer)
      where everySharing.contains(effect.kind) && outputs[Int(effect.output)] == tensor {
        return root(Array(graph.inputs(of: producer))[Int(effect.input)])
      }
      return tensor
    }
    func touched(_ node: NodeID) -> Set<TensorID> {
      Set(graph.inputs(of: node).filter { !$0.isAbsent }.map(root))
    }
    func written(_ node: NodeID) -> Set<TensorID> {
      Set(
        graph.effects(of: node).filter { $0.kind == .mustOverwrite }
          .map { root(graph.operands(of: $0, at: node).input) })
    }
    let nodes = Array(graph.nodeIDs)
    return nodes.map { after in
      nodes.map { before in
        guard before < after else { return false }
        return graph.inputs(of: after).contains { !$0.isAbsent && graph[$0].producer == before }
          || graph.controlDependencies.contains { $0.before == before && $0.after == after }
          || !touched(before).isDisjoint(with: written(after))
          || !written(before).isDisjoint(with: touched(after))
      }
    }
  }

  /// What follows from pairs; rows need only what lies before them.
  private func closure(_ direct: [[Bool]]) -> [[Bool]] {
    var all = direct
    for after in all.indices {
      for middle in all.indices where direct[after][middle] {
        for before in all.indices where all[middle][before] { all[after][before] = true }
      }
    }
    return all
  }

  @Test(arguments: Seeds.first(150))
  func `rows order exactly the pairs that the definition orders`(seed: Int) throws {
    let graph = try SeededGraph.make(seed: seed, nodes: 30)
    let dependencies = Dependencies(of: graph)
    let pairs = pairs(graph)
    var listed = pairs.map { $0.map { _ in false } }
    for node in graph.nodeIDs {
      let row = Array(dependencies.predecessors(of: node))
      #expect(row == Set(row).sorted())
      for before in row {
        #expect(pairs[node.index][Int(before)], "edge \(before) -> \(node) has no reason")
        listed[node.index][Int(before)] = true
        #expect(dependencies.successors(of: NodeID(rawValue: before)).contains(node.rawValue))
      }
      let successors = Array(dependencies.successors(of: node))
      #expect(successors == Set(successors).sorted())
    }
    #expect(dependencies.successors.count == dependencies.predecessors.count)
    #expect(closure(listed) == closure(pairs))
  }
}
