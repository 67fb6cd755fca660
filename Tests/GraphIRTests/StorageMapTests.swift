// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@Suite struct StorageMapTests {
  /// The names of the tensors of each storage, the root first.
  private func storages(_ text: String, _ mode: InPlaceMode) throws -> [[String]] {
    let graph = try Graph(parsing: text)
    let map = StorageMap(of: graph, model: MemoryModel(inPlace: mode))
    return map.roots.indices.map { storage in
      graph.tensorIDs.filter { map.storageOfTensor[$0.index].index == storage }
        .map { graph.name(of: $0) }
    }
  }

  private func takeovers(
    _ text: String, _ model: MemoryModel = MemoryModel()
  ) throws -> [[String]] {
    let graph = try Graph(parsing: text)
    let map = StorageMap(of: graph, model: model)
    return map.takeovers.map {
      [graph.name(of: map.roots[$0.output.index]), graph.name(of: map.roots[$0.input.index])]
    }
  }

  static let views = """
    graph views
    input x : float32[4,8]
    weight w : float32[32]
    node a = A@1(x, w) -> ta : float32[32]
    node v = View@1(ta) -> half : float32[16] effects [alias 0 0 _]
    node r = Reshape@1(ta) -> flat : float32[4,8] effects [mayAlias 0 0 safe+ort]
    node s = Reshape@1(x) -> fx : float32[32] effects [mayAlias 0 0 safe]
    node u = Add_@1(w, half) -> w2 : float32[32] effects [mustOverwrite 0 0 _]
    node z = Z@1(flat, fx) -> y : float32[32]
    output y
    """

  @Test func `views and updates share, optional views only in their modes`() throws {
    let certain = [["x"], ["w", "w2"], ["ta", "half"], ["flat"], ["fx"], ["y"]]
    #expect(try storages(Self.views, .none) == certain)
    #expect(
      try storages(Self.views, .safe) == [
        ["x", "fx"], ["w", "w2"], ["ta", "half", "flat"], ["y"],
      ])
    #expect(
      try storages(Self.views, .ort) == [
        ["x"], ["w", "w2"], ["ta", "half", "flat"], ["fx"], ["y"],
      ])
  }

  @Test func `bytes are the root's, rounded up, and touchers are listed both ways`() throws {
    let graph = try Graph(parsing: Self.views)
    let map = StorageMap(of: graph, model: MemoryModel(alignment: 256))
    #expect(map.bytes == [256, 256, 256, 256])  // 4 * 32 = 128 each
    #expect(map.spaces == [.arena, .resident, .arena, .arena])
    #expect(map.isLiveIn == [true, false, false, false])
    #expect(map.isLiveOut == [false, false, false, true])
    // a: x ta; v: ta; r: ta; s: x; u: ta (and resident w); z: x ta y
    #expect(map.touchedStart == [0, 2, 3, 4, 5, 6, 9])
    #expect(map.touched == [0, 2, 2, 2, 0, 2, 0, 2, 3])
    #expect(map.toucherStart == [0, 3, 3, 8, 9])
    #expect(map.touchers == [0, 3, 5, 0, 1, 2, 4, 5, 5])
    #expect(map.toucherCount(of: StorageID(2)) == 5)
    #expect(map.totalBytes(in: .arena) == 256 * 3)
  }

  static let results = """
    graph results
    input x : float32[8]
    weight w : float32[8]
    node a = Reshape@1(x) -> rx : float32[8] effects [mayAlias 0 0 safe+ort]
    node b = Reshape@1(w) -> rw : float32[8] effects [mayAlias 0 0 safe+ort]
    node c = A@1(x) -> t : float32[8]
    node d = Reshape@1(t) -> rt : float32[8] effects [mayAlias 0 0 safe+ort]
    node e = View@1(w) -> vw : float32[8] effects [alias 0 0 _]
    output rx
    output rw
    output rt
    output vw
    """

  @Test func `results that would only be views of inputs or weights are copied out`() throws {
    #expect(
      try storages(Self.results, .safe) == [["x"], ["w", "vw"], ["rx"], ["rw"], ["t", "rt"]])
    // ONNX Runtime gives each graph output its own bytes; a view that must be one stays one.
    #expect(
      try storages(Self.results, .ort) == [["x"], ["w", "vw"], ["rx"], ["rw"], ["t"], ["rt"]])
  }

  @Test func `external inputs and outputs leave the arena with all their views`() throws {
    let graph = try Graph(parsing: Self.results)
    let map = StorageMap(of: graph, model: MemoryModel(io: .external))
    #expect(map.spaces == [.external, .resident, .external, .external, .external])
    #expect(map.touched.isEmpty && map.takeovers.isEmpty)
    #expect(map.totalBytes(in: .external) == 4 * 64)
  }

  static let takeoverGraph = """
    graph takeovers
    input x : float32[8]
    weight w : float32[8]
    node a = A@1(x) -> t : float32[8], small : float32[1], wide : float16[16], o : float32[8]
    node b = Add@1(x, w, t, small, wide, o) -> s : float32[8] effects [mayOverwrite 0 0 safe, \
    mayOverwrite 0 1 safe, mayOverwrite 0 2 safe, mayOverwrite 0 3 safe, mayOverwrite 0 4 safe, \
    mayOverwrite 0 5 safe]
    output s
    output o
    """

  @Test func `only bytes of the same size and width that nobody else owns are taken over`() throws {
    // x is an input, w a weight, small and wide do not match element by element, o is an output.
    #expect(try takeovers(Self.takeoverGraph) == [["s", "t"]])
    #expect(try takeovers(Self.takeoverGraph, MemoryModel(inPlace: .none)).isEmpty)
    #expect(try takeovers(Self.takeoverGraph, MemoryModel(inPlace: .ort)).isEmpty)
    #expect(try takeovers(Self.takeoverGraph, MemoryModel(io: .external)).isEmpty)
  }

  @Test func `a scalar that rounds up to the size of the result is not written over`() throws {
    // 4 and 8 bytes are both 64 after rounding, and one float is as many bytes as four Booleans.
    let text = """
      graph broadcast
      input x : float32[2]
      node a = A@1(x) -> one : float32[1]
      node b = Add@1(one, x) -> two : float32[2] effects [mayOverwrite 0 0 safe]
      node c = Less@1(one, x) -> four : bool[4] effects [mayOverwrite 0 0 safe]
      output two
      output four
      """
    #expect(try takeovers(text).isEmpty)
  }

  @Test func `partial views and storages read through two views are not taken over`() throws {
    let text = """
      graph parts
      input x : float32[8]
      node a = A@1(x) -> t : float32[16]
      node v = View@1(t) -> half : float32[8] effects [alias 0 0 _]
      node b = Neg@1(half) -> p : float32[8] effects [mayOverwrite 0 0 safe]
      node c = B@1(x) -> u : float32[8]
      node r = Reshape@1(u) -> ru : float32[8] effects [mayAlias 0 0 safe]
      node d = Add@1(u, ru) -> q : float32[8] effects [mayOverwrite 0 0 safe, mayOverwrite 0 1 safe]
      node e = Mul@1(q, q) -> z : float32[8] effects [mayOverwrite 0 0 safe]
      output p
      output z
      """
    // Twice the same operand is one place, read once: z may take q.
    #expect(try takeovers(text) == [["z", "q"]])
    // Without views t, half, u and ru are apart, but half is still a view of t for certain.
    #expect(try takeovers(text, MemoryModel(inPlace: .ort)).isEmpty)
  }

  @Test func `in mode ort a graph output takes nothing over`() throws {
    let text = """
      graph relu
      input x : float32[8]
      node a = Conv@1(x) -> t : float32[8]
      node b = Relu@1(t) -> u : float32[8] effects [mayOverwrite 0 0 safe+ort]
      node c = Relu@1(u) -> y : float32[8] effects [mayOverwrite 0 0 safe+ort]
      output y
      """
    #expect(try takeovers(text) == [["u", "t"], ["y", "u"]])
    #expect(try takeovers(text, MemoryModel(inPlace: .ort)) == [["u", "t"]])
  }

  @Test(arguments: Seeds.first(100))
  func `roots and touchers are those that the definitions give`(seed: Int) throws {
    let graph = try SeededGraph.make(seed: seed, nodes: 20)
    for model in MemoryModel.all {
      let map = StorageMap(of: graph, model: model)
      let oracle = LivenessOracle(graph: graph, model: model, order: [])
      for tensor in graph.tensorIDs {
        #expect(map.roots[map.storageOfTensor[tensor.index].index] == oracle.root(of: tensor))
      }
      for node in graph.nodeIDs {
        let expected = Set(
          oracle.operands(of: node).map { map.storageOfTensor[$0.index] }
            .filter { map.spaces[$0.index] == .arena })
        let row = map.touched[map.touchedStart[node.index]..<map.touchedStart[node.index + 1]]
        #expect(row.map { StorageID(rawValue: $0) } == expected.sorted())
        for storage in expected {
          let column = map.toucherStart[storage.index]..<map.toucherStart[storage.index + 1]
          #expect(map.touchers[column].contains(node.rawValue))
        }
      }
      #expect(map.touchers.count == map.touched.count)
    }
  }
}
