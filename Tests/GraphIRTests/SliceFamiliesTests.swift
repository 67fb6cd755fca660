// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

/// Every tensor here is a multiple of 64 bytes; sizes are given in floats, 16 to a block of 64.
@Suite struct SliceFamiliesTests {
  private func map(_ text: String, _ model: MemoryModel = .sliced) throws -> (Graph, StorageMap) {
    let graph = try Graph(parsing: text)
    return (graph, StorageMap(of: graph, model: model))
  }

  /// Each tensor with the names of the storages it lies on.
  private func storages(_ text: String, _ model: MemoryModel = .sliced) throws -> [String] {
    let (graph, map) = try map(text, model)
    return graph.tensorIDs.map { tensor in
      let names = map.storages(of: tensor).map { storage in
        "\(graph.name(of: map.roots[storage.index]))+\(map.offsetInRoot(of: storage))"
      }
      return "\(graph.name(of: tensor)): \(names.joined(separator: " "))"
    }
  }

  static let concat = """
    graph concat
    input x : float32[16]
    node a = A@1(x) -> a : float32[16]
    node b = B@1(x) -> b : float32[32]
    node c = Concat@13(a, b) -> c : float32[48] effects [mayHold 0 0 0, mayHold 0 1 64]
    node d = D@1(c) -> y : float32[16]
    output y
    """

  @Test func `the inputs of a Concat are cells of its output`() throws {
    #expect(
      try storages(Self.concat) == ["x: x+0", "a: a+0", "b: b+0", "c: a+0 b+0", "y: y+0"])
    let (_, map) = try map(Self.concat)
    #expect(map.places.compactMap { $0?.offset } == [0, 64])
    #expect(map.bytes == [64, 64, 128, 64])
    // a: x a; b: x b; c: a b; d: a b y.
    #expect(map.touched == [0, 1, 0, 2, 1, 2, 1, 2, 3])
    var simulator = LivenessSimulator(map: map)
    // x 64 + a 64; x + a + b 128; a + b; a + b + y 64.
    let lifetimes = simulator.lifetimes(of: Schedule((0..<4).map { NodeID($0) }))
    #expect(lifetimes.liveBytes == [128, 256, 192, 256])
  }

  @Test func `without the option nothing is a part`() throws {
    #expect(
      try storages(Self.concat, MemoryModel())
        == ["x: x+0", "a: a+0", "b: b+0", "c: c+0", "y: y+0"])
  }

  @Test func `every Concat of a dense block lies on the features themselves`() throws {
    let text = """
      graph dense
      input x : float32[16]
      node f = A@1(x) -> f0 : float32[16]
      node g = A@1(f0) -> f1 : float32[16]
      node c = Concat@13(f0, f1) -> c1 : float32[32] effects [mayHold 0 0 0, mayHold 0 1 64]
      node h = A@1(c1) -> f2 : float32[16]
      node d = Concat@13(f0, f1, f2) -> c2 : float32[48] effects [mayHold 0 0 0, mayHold 0 1 64, \
      mayHold 0 2 128]
      node i = A@1(c2) -> f3 : float32[16]
      node e = Concat@13(c2, f3) -> c3 : float32[64] effects [mayHold 0 0 0, mayHold 0 1 192]
      output c3
      """
    let (_, map) = try map(text)
    #expect(map.roots.count == 5)
    #expect(try storages(text).last == "c3: f0+0 f1+0 f2+0 f3+0")
    #expect(map.isLiveOut == [false, true, true, true, true])
    #expect(map.places.compactMap { $0?.offset } == [0, 64, 128, 192])
  }

  @Test func `an input is a part of two wholes only where both have it at the same place`() throws {
    let text = """
      graph conflict
      input x : float32[16]
      node a = A@1(x) -> a : float32[16], b : float32[16]
      node c = Concat@13(a, b) -> c : float32[32] effects [mayHold 0 0 0, mayHold 0 1 64]
      node d = Concat@13(b, a) -> d : float32[32] effects [mayHold 0 0 0, mayHold 0 1 64]
      node e = Concat@13(b, b) -> e : float32[32] effects [mayHold 0 0 0, mayHold 0 1 64]
      output c
      output d
      output e
      """
    // d goes on from b with a copy of a; for e that place is taken, and the one before b too.
    #expect(
      try storages(text) == [
        "x: x+0", "a: a+0", "b: b+0", "c: a+0 b+0", "d: b+0 d+64", "e: e+0",
      ])
  }

  @Test func `what is left of a whole is copied into cells of its own`() throws {
    let text = """
      graph rest
      input x : float32[16]
      weight w : float32[16]
      node a = A@1(x) -> a : float32[16]
      node c = Concat@13(w, a, w) -> c : float32[48] effects [mayHold 0 0 0, mayHold 0 1 64, \
      mayHold 0 2 128]
      output c
      """
    #expect(try storages(text) == ["x: x+0", "w: w+0", "a: a+0", "c: c+0 a+0 c+128"])
  }

  static let split = """
    graph split
    input x : float32[16]
    node a = A@1(x) -> t : float32[48]
    node s = Split@13(t) -> p : float32[16], q : float32[32] effects [maySlice 0 0 0, maySlice 1 0 64]
    node r = Relu@14(p) -> rp : float32[16] effects [mayOverwrite 0 0 safe]
    node c = Concat@13(q, rp) -> c : float32[48] effects [mayHold 0 0 0, mayHold 0 1 128]
    output c
    """

  @Test func `the outputs of a Split stay where they are, and no bytes are bound to two places`()
    throws
  {
    // c goes on from q; rp lies where c has it, so it cannot take over p, which lies before q.
    #expect(
      try storages(Self.split) == [
        "x: x+0", "t: p+0 q+0", "p: p+0", "q: q+0", "rp: rp+0", "c: q+0 rp+0",
      ])
    let (_, map) = try map(Self.split)
    #expect(map.places.compactMap { $0?.offset } == [0, 64, 192])
    #expect(map.takeovers.isEmpty)
    let (_, plain) = try self.map(Self.split, MemoryModel())
    #expect(plain.takeovers.count == 1)
  }

  @Test func `a part may take over what is bound to no place`() throws {
    let text = """
      graph relu
      input x : float32[16]
      node a = Conv@1(x) -> t : float32[16]
      node r = Relu@14(t) -> u : float32[16] effects [mayOverwrite 0 0 safe]
      node b = Conv@1(x) -> v : float32[16]
      node c = Concat@13(u, v) -> c : float32[32] effects [mayHold 0 0 0, mayHold 0 1 64]
      node d = Relu@14(u) -> z : float32[16] effects [mayOverwrite 0 0 safe]
      output c
      output z
      """
    let (graph, map) = try map(text)
    func names(_ map: StorageMap) -> [[String]] {
      map.takeovers.map { [$0.output, $0.input].map { graph.name(of: map.roots[$0.index]) } }
    }
    // u is a part of an output, so nothing takes its bytes.
    #expect(names(map) == [["u", "t"]])
    #expect(map.withFreshCells.takeovers.isEmpty)
    #expect(map.withFreshCells.takeoverStart == [0, 0, 0, 0, 0, 0])
  }

  @Test(arguments: [
    // A place that is no multiple of the alignment.
    ("float32[8]", "64", MemoryModel.sliced),
    ("float32[24]", "96", .sliced),
    // Inputs and outputs of the caller.
    ("float32[16]", "64", MemoryModel(io: .external, slices: true)),
  ])
  func `what may not be a part has bytes of its own`(
    shape: String, offset: String, model: MemoryModel
  ) throws {
    let text = """
      graph apart
      input x : float32[16]
      node a = A@1(x) -> a : \(shape)
      node b = A@1(x) -> b : float32[16]
      node c = Concat@13(a, b) -> c : float32[64] effects [mayHold 0 0 0, mayHold 0 1 \(offset)]
      output c
      """
    // Only the part that starts at 0 and ends at a multiple of 64 could be one.
    let (_, map) = try map(text, model)
    let isFirstAlone = shape == "float32[8]"
    #expect(
      map.places.compactMap { $0?.offset }.sorted() == (isFirstAlone ? [0, 64, 128] : []))
  }

  @Test func `what is updated in place and partial views are no parts`() throws {
    let text = """
      graph updated
      input x : float32[16]
      node a = A@1(x) -> a : float32[16], b : float32[32]
      node v = View@1(b) -> half : float32[16] effects [alias 0 0 _]
      node c = Concat@13(a, half) -> c : float32[32] effects [mayHold 0 0 0, mayHold 0 1 64]
      node u = Step@1(a) -> "a'" : float32[16] effects [mustOverwrite 0 0 _]
      output c
      output "a'"
      """
    let (_, map) = try map(text)
    #expect(map.places.allSatisfy { $0 == nil })
  }

  @Test func `very wide wholes are copied in part`() throws {
    let count = 600
    let parts = (0..<count).map { "p\($0)" }
    let effects = (0..<count).map { "mayHold 0 \($0) \($0 * 64)" }
    let text = """
      graph wide
      input x : float32[16]
      node a = A@1(x) -> \(parts.map { "\($0) : float32[16]" }.joined(separator: ", "))
      node c = Concat@13(\(parts.joined(separator: ", "))) -> c : float32[\(16 * count)] \
      effects [\(effects.joined(separator: ", "))]
      output c
      """
    let (graph, map) = try map(text)
    let output = try #require(graph.outputs.first)
    #expect(100...300 ~= map.storages(of: output).count)
  }

  /// Whatever the graph: cells add up to tensors, keep their distances, and save bytes in any order.
  @Test(arguments: Seeds.first(200))
  func `cells add up to the tensors on them and never need more`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 4...24)
    (shape.concats, shape.splits) = (25, 20)
    let graph = RandomGraph(seed: seed, shape: shape).graph
    for alignment in [64, 128] {
      let model = MemoryModel(alignment: alignment, inPlace: .none, slices: true)
      let map = StorageMap(of: graph, model: model)
      for tensor in graph.tensorIDs {
        let storages = map.storages(of: tensor)
        let root = map.rootOfTensor[tensor.index]
        #expect(storages.reduce(0) { $0 + map.bytes[$1.index] } == model.aligned(graph[root].bytes))
        for (one, next) in zip(storages, storages.dropFirst()) {
          let (a, b) = (try #require(map.places[one.index]), try #require(map.places[next.index]))
          #expect(a.family == b.family && a.offset + map.bytes[one.index] == b.offset)
        }
      }
      var sliced = LivenessSimulator(map: map)
      var plain = LivenessSimulator(map: StorageMap(of: graph, model: model.withoutSlices))
      let order = Schedule(Array(graph.nodeIDs))
      let (with, without) = (
        sliced.lifetimes(of: order).liveBytes, plain.lifetimes(of: order).liveBytes
      )
      #expect(zip(with, without).allSatisfy { $0 <= $1 })
    }
  }
}

extension MemoryModel {
  fileprivate static let sliced = MemoryModel(slices: true)
}
