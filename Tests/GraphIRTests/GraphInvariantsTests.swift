// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import GraphIR

@Suite struct GraphInvariantsTests {
  static let text = """
    graph g
    input x : float32[8]
    weight w : float32[8]
    node a = A@1(x, w) -> ta : float32[8], tb : float32[4]
    node v = V@1(ta) -> view : float32[4] effects [alias 0 0 _]
    node r = R@1(tb) -> flat : float32[2,2] effects [mayAlias 0 0 safe]
    node u = U@1(w, ta) -> w1 : float32[8] effects [mustOverwrite 0 0 _, mayOverwrite 0 1 safe]
    node "" = Y@1(view, flat, _) -> y : float32[8], _
    after 0 3
    output y
    """

  /// A valid graph with one thing broken.
  private func broken(_ mutate: (inout Graph) throws -> Void) throws -> Graph {
    var graph = try Graph(parsing: Self.text)
    try mutate(&graph)
    return graph
  }

  private func expect(
    _ error: GraphError, sourceLocation: SourceLocation = #_sourceLocation,
    _ mutate: (inout Graph) throws -> Void
  ) throws {
    let graph = try broken(mutate)
    #expect(throws: error, sourceLocation: sourceLocation) { try graph.validate() }
  }

  // IDs: x 0, w 1, ta 2, tb 3, view 4, flat 5, w1 6, y 7.

  @Test func `the unbroken graph and the empty one are valid`() throws {
    try Graph(parsing: Self.text).validate()
    try Graph().validate()
  }

  @Test func `names are unique and not empty`() throws {
    try expect(.duplicateTensor("x")) { $0.tensors[7].name = $0.tensors[0].name }
    try expect(.duplicateTensor("")) { $0.tensors[7].name = NameID(0) }
  }

  @Test func `operands, inputs and outputs are of the graph`() throws {
    try expect(.unknownTensor(at: "node 'a'")) { $0.operandPool[0] = TensorID(8) }
    try expect(.unknownTensor(at: "node 'Y#4'")) {
      $0.operandPool[$0.operandPool.count - 2] = TensorID(8)
    }
    try expect(.unknownTensor(at: "the list of inputs")) { $0.addInput(TensorID(8)) }
    try expect(.unknownTensor(at: "the list of inputs")) { $0.addInput(.absent) }
    try expect(.unknownTensor(at: "the list of outputs")) { $0.addOutput(TensorID(8)) }
    try expect(.unknownTensor(at: "the list of outputs")) { $0.addOutput(.absent) }
  }

  @Test func `a tensor is made once, by whom it says, or is a source`() throws {
    let firstOutput = try Graph(parsing: Self.text).nodes[0].outputs.range.lowerBound
    try expect(.severalProducers(tensor: "ta")) { $0.operandPool[firstOutput + 1] = TensorID(2) }
    try expect(.severalProducers(tensor: "ta")) { $0.addInput(TensorID(2)) }
    try expect(.duplicateTensor("x")) { $0.addInput(TensorID(0)) }
    try expect(.noProducer(tensor: "tb")) { $0.operandPool[firstOutput + 1] = .absent }
    try expect(.noProducer(tensor: "tb")) { $0.tensors[3].producer = NodeID(2) }
    try expect(.noProducer(tensor: "w")) { $0.tensors[1].producer = NodeID(0) }
    try expect(.noProducer(tensor: "w")) { $0.tensors[1].role = .activation }
    try expect(.noProducer(tensor: "x")) { $0.inputs = [] }
    try expect(.noProducer(tensor: "ta")) { $0.tensors[2].producer = nil }
  }

  @Test func `file order is an order of execution`() throws {
    try expect(.useBeforeDefinition(node: "v", tensor: "y")) {
      $0.operandPool[$0.nodes[1].inputs.range.lowerBound] = TensorID(7)
    }
    try expect(.useBeforeDefinition(node: "v", tensor: "view")) {
      $0.operandPool[$0.nodes[1].inputs.range.lowerBound] = TensorID(4)
    }
    for (before, after) in [(3, 0), (2, 2), (0, 5), (9, 4)] as [(UInt32, UInt32)] {
      try expect(.invalidControlDependency(before: before, after: after)) {
        $0.addControlDependency(
          ControlDependency(before: NodeID(rawValue: before), after: NodeID(rawValue: after)))
      }
    }
  }

  @Test func `effects name operands that are there`() throws {
    try expect(.invalidEffect(node: "v")) { $0.effectPool[0].output = 1 }
    try expect(.invalidEffect(node: "v")) { $0.effectPool[0].input = 1 }
    try expect(.invalidEffect(node: "v")) { $0.effectPool[0].input = .max }
    try expect(.invalidEffect(node: "u")) { $0.effectPool[3].input = 2 }
    try expect(.invalidEffect(node: "Y#4")) {
      $0.effectPool.append(Effect(.mayOverwrite, output: 1, of: 0))
      $0.nodes[4].effects = PoolRange(4..<5)
    }
    try expect(.invalidEffect(node: "Y#4")) {
      $0.effectPool.append(Effect(.mayOverwrite, output: 0, of: 2))
      $0.nodes[4].effects = PoolRange(4..<5)
    }
  }

  @Test(arguments: [Effect.Kind.alias, .mayAlias, .mustOverwrite])
  func `one effect at most makes an output a view or an update`(kind: Effect.Kind) throws {
    try expect(.conflictingEffects(node: "u", tensor: "w1")) {
      $0.effectPool[3] = Effect(kind, output: 0, of: 1)
    }
  }

  @Test func `what shares bytes fits into them`() throws {
    // ta has 32 bytes; so has a view of a view of it, whatever lies between.
    try expect(.invalidAlias(node: "v", tensor: "view")) { $0.tensors[4].bytes = ByteCount(33) }
    try broken { $0.tensors[4].bytes = ByteCount(32) }.validate()
    try expect(.invalidAlias(node: "u", tensor: "w1")) { $0.tensors[6].bytes = ByteCount(33) }
    try expect(.invalidAlias(node: "r", tensor: "flat")) { $0.tensors[5].bytes = ByteCount(15) }
    try expect(.invalidAlias(node: "r", tensor: "flat")) { $0.tensors[5].bytes = ByteCount(17) }
  }

  @Test func `a view of a partial view may reach back to the whole storage`() throws {
    let text = """
      graph g
      input x : float32[8]
      node a = V@1(x) -> part : float32[2] effects [alias 0 0 _]
      node b = V@1(part) -> all : float32[8] effects [alias 0 0 _]
      """
    _ = try Graph(parsing: text)
    #expect(throws: GraphError.invalidAlias(node: "b", tensor: "all")) {
      try Graph(parsing: text.replacing("all : float32[8]", with: "all : float32[9]"))
    }
  }

  @Test func `old versions are not read after the update, not even through views`() throws {
    func parse(_ last: String) throws -> Graph {
      try Graph(
        parsing: """
          graph g
          weight w : float32[8]
          node v = V@1(w) -> view : float32[4] effects [alias 0 0 _]
          node m = R@1(w) -> flat : float32[2,4] effects [mayAlias 0 0 safe]
          node u = U@1(w, view) -> w1 : float32[8], view1 : float32[4] effects \
          [mustOverwrite 0 0 _, mustOverwrite 1 1 _]
          node late = V@1(w1) -> again : float32[4] effects [alias 0 0 _]
          \(last)
          """)
    }
    for fine in ["w1", "view1", "again"] {
      _ = try parse("node z = Z@1(\(fine)) -> y : float32[1]\noutput \(fine)")
    }
    for stale in ["w", "view", "flat"] {
      #expect(throws: GraphError.staleRead(by: "node 'z'", tensor: stale)) {
        try parse("node z = Z@1(w1, \(stale)) -> y : float32[1]")
      }
      #expect(throws: GraphError.staleRead(by: "the list of outputs", tensor: stale)) {
        try parse("output w1\noutput \(stale)")
      }
    }
  }

  @Test func `all bytes together can be counted`() throws {
    let half = ByteCount(1 << 61)
    try expect(.sizeOverflow) {
      $0.tensors[0].bytes = half
      $0.tensors[7].bytes = half
    }
    try expect(.sizeOverflow) {
      $0.tensors[7].bytes = half
      $0.nodes[0].workspace = half
    }
    try expect(.sizeOverflow) { $0.tensors[0].bytes = ByteCount(.max) }
    try broken { $0.tensors[0].bytes = half }.validate()
  }

  @Test func `shapes that cannot be are refused when they are added`() {
    var graph = Graph()
    #expect(throws: GraphError.invalidShape(tensor: "a", shape: [2, -1])) {
      try graph.addTensor("a", type: .float32, shape: [2, -1], role: .input)
    }
    #expect(throws: GraphError.invalidShape(tensor: "a", shape: [1 << 40, 1 << 40])) {
      try graph.addTensor("a", type: .float32, shape: [1 << 40, 1 << 40], role: .input)
    }
    #expect(graph.tensors.isEmpty && graph.extentPool.isEmpty)
  }

  @Test(arguments: Seeds.first(100)) func `random graphs are valid`(seed: Int) throws {
    let graph = try SeededGraph.make(seed: seed, nodes: seed)
    try graph.validate()
    #expect(try Graph(parsing: graph.text).text == graph.text)
  }

  @Test func `every error says what and where in one sentence`() {
    let errors: [GraphError] = [
      .invalidShape(tensor: "t", shape: [-1]), .tooMany("nodes"), .duplicateTensor("t"),
      .unknownTensor(at: "node 'n'"), .noProducer(tensor: "t"), .severalProducers(tensor: "t"),
      .useBeforeDefinition(node: "n", tensor: "t"), .invalidEffect(node: "n"),
      .conflictingEffects(node: "n", tensor: "t"), .invalidAlias(node: "n", tensor: "t"),
      .staleRead(by: "node 'n'", tensor: "t"), .invalidControlDependency(before: 2, after: 1),
      .sizeOverflow, .cycle(nodes: ["n", "m"]), .notAPermutation(nodes: 2, steps: 1),
      .outOfOrder(node: "n", needs: "m"), .invalidPatch(label: "p", reason: "r"),
      .pass(name: "p", reason: "r"), .text(line: 3, reason: "r"),
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
    #expect(
      GraphError.staleRead(by: "node 'n'", tensor: "t").description
        == "node 'n' reads 't' after its bytes were overwritten in place")
    #expect(
      GraphError.cycle(nodes: ["n", "m"]).description
        == "the nodes depend on each other in a circle: n -> m")
  }
}
