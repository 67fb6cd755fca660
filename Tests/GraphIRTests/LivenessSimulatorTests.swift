// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@Suite struct LivenessSimulatorTests {
  /// Sizes are in units of 64 bytes, so that the alignment adds nothing.
  private func lifetimes(
    _ text: String, _ model: MemoryModel = MemoryModel(), order: [Int]? = nil
  ) throws -> (Lifetimes, StorageMap) {
    let graph = try Graph(parsing: text)
    let map = StorageMap(of: graph, model: model)
    var simulator = LivenessSimulator(map: map)
    let schedule = order.map { Schedule($0.map { NodeID($0) }) } ?? .fileOrder(of: graph)
    try schedule.validate(against: graph, dependencies: Dependencies(of: graph))
    let lifetimes = simulator.lifetimes(of: schedule)
    #expect(simulator.peak(of: schedule.order) == lifetimes.peakBytes)
    return (lifetimes, map)
  }

  static let diamond = """
    graph diamond
    input x : uint8[64]
    weight w : uint8[6400]
    node a = A@1(x, w) -> ta : uint8[128]
    node b = B@1(ta) -> tb : uint8[320] workspace 65
    node c = C@1(ta) -> tc : uint8[64]
    node d = D@1(tb, tc) -> y : uint8[192]
    output y
    """

  @Test func `every step counts what is read, made and scratched, and nothing else`() throws {
    let (file, _) = try lifetimes(Self.diamond)
    #expect(
      file.liveBytes == [
        64 + 128,  // x, ta
        128 + 320 + 128,  // ta, tb, 65 bytes of scratch rounded up
        128 + 320 + 64,  // ta, tb, tc
        320 + 64 + 192,  // tb, tc, y
      ])
    #expect(file.peakBytes == 576 && file.peakStep == 1)
    let (other, map) = try lifetimes(Self.diamond, order: [0, 2, 1, 3])
    #expect(
      other.liveBytes == [
        64 + 128,  // x, ta
        128 + 64,  // ta, tc
        128 + 64 + 320 + 128,  // ta, tc, tb, scratch
        64 + 320 + 192,  // tc, tb, y
      ])
    #expect(other.peakBytes == 640 && other.peakStep == 2)
    // Storages are x, w, ta, tb, tc, y; the weight is resident and has no life in the arena.
    #expect(other.ranges == [0..<1, 0..<0, 0..<3, 2..<4, 1..<4, 3..<4])
    #expect(map.totalBytes(in: .resident) == 6400)
  }

  @Test func `inputs live from the first step to their last use, outputs to the end`() throws {
    let text = """
      graph g
      input late : uint8[64]
      input unused : uint8[128]
      input passed : uint8[256]
      node a = A@1() -> ta : uint8[64]
      node b = B@1(ta, late) -> early : uint8[512], nobody : uint8[1024]
      node c = C@1(ta) -> tc : uint8[64]
      output early
      output passed
      """
    let (arena, _) = try lifetimes(text)
    #expect(
      arena.liveBytes == [
        64 + 128 + 256 + 64,  // late, unused, passed, ta
        64 + 256 + 64 + 512 + 1024,  // late, passed, ta, early, nobody
        256 + 64 + 512 + 64,  // passed, ta, early, tc
      ])
    // late, unused, passed, ta, early, nobody, tc
    #expect(arena.ranges == [0..<2, 0..<1, 0..<3, 0..<3, 1..<3, 1..<2, 2..<3])
    let (external, map) = try lifetimes(text, MemoryModel(io: .external))
    #expect(external.liveBytes == [64, 64 + 1024, 64 + 64])
    #expect(map.totalBytes(in: .external) == 64 + 128 + 256 + 512)
  }

  @Test func `a graph without nodes holds its inputs for one step`() throws {
    let text = """
      graph none
      input a : uint8[64]
      input b : uint8[128]
      weight w : uint8[256]
      output a
      output w
      """
    let (arena, _) = try lifetimes(text)
    #expect(arena.liveBytes == [64 + 128])
    #expect(arena.ranges == [0..<1, 0..<1, 0..<0])
    #expect(try lifetimes(text, MemoryModel(io: .external)).0.liveBytes == [0])
    #expect(try lifetimes("graph empty").0.peakBytes == 0)
  }

  static let chain = """
    graph chain
    input x : uint8[64]
    node a = A@1(x) -> ta : uint8[64]
    node b = B@1(ta) -> tb : uint8[64] effects [mayOverwrite 0 0 safe]
    node c = C@1(ta) -> tc : uint8[64] effects [mayOverwrite 0 0 safe]
    node d = D@1(tb, tc) -> y : uint8[64] effects [mayOverwrite 0 0 safe, mayOverwrite 0 1 safe]
    output y
    """

  @Test func `whoever reads last takes over, so takeovers follow the order`() throws {
    // x, ta, tb, tc, y: b cannot take ta, since c still reads it; c can; then d takes tb first.
    let (file, _) = try lifetimes(Self.chain)
    #expect(file.carriers.map(\.index) == [0, 1, 2, 1, 2])
    #expect(file.ranges == [0..<1, 0..<3 + 1, 1..<4, 0..<0, 0..<0])
    #expect(file.liveBytes == [64 + 64, 64 + 64, 64 + 64, 64 + 64])
    let (other, _) = try lifetimes(Self.chain, order: [0, 2, 1, 3])
    #expect(other.carriers.map(\.index) == [0, 1, 1, 3, 1])
    let (none, _) = try lifetimes(Self.chain, MemoryModel(inPlace: .none))
    #expect(none.carriers.map(\.index) == [0, 1, 2, 3, 4])
    #expect(none.liveBytes == [128, 128, 192, 192])
    #expect(try lifetimes(Self.chain, MemoryModel(inPlace: .ort)).0.liveBytes == none.liveBytes)
  }

  @Test func `two outputs do not take over the same bytes`() throws {
    let (lifetimes, _) = try lifetimes(
      """
      graph g
      input x : uint8[64]
      node a = A@1(x) -> ta : uint8[64]
      node b = B@1(ta) -> p : uint8[64], q : uint8[64] effects [mayOverwrite 0 0 safe, \
      mayOverwrite 1 0 safe]
      output p
      """)
    #expect(lifetimes.carriers.map(\.index) == [0, 1, 1, 3])
    #expect(lifetimes.liveBytes == [64 + 64, 64 + 64])
  }

  /// Runs a graph in file order and in two others, under every model, beside the naive oracle.
  private func compare(_ graph: Graph) throws {
    for model in MemoryModel.all {
      let map = StorageMap(of: graph, model: model)
      var simulator = LivenessSimulator(map: map)
      for round in 0..<3 {
        let schedule = round == 0 ? .fileOrder(of: graph) : randomOrder(of: graph, seed: round)
        let expected = LivenessOracle(graph: graph, model: model, order: schedule.order).outcome()
        let found = simulator.lifetimes(of: schedule)
        #expect(found.liveBytes == expected.liveBytes)
        #expect(simulator.peak(of: schedule.order) == expected.liveBytes.max())
        for (storage, root) in map.roots.enumerated() where map.spaces[storage] == .arena {
          #expect(map.roots[found.carriers[storage].index] == expected.carrier[root])
          let life = expected.life[root].map { $0.lowerBound..<$0.upperBound + 1 }
          #expect(found.ranges[storage] == life ?? 0..<0)
        }
      }
    }
  }

  @Test(arguments: Seeds.first(120))
  func `lives, takeovers and bytes are those of a naive run`(seed: Int) throws {
    let graph = try SeededGraph.make(seed: seed, nodes: seed % 23)
    try graph.validate()
    try compare(graph)
  }

  @Test(arguments: Seeds.first(60))
  func `so they are on the graphs that the schedulers are tried on`(seed: Int) throws {
    try compare(RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 1...25)).graph)
  }
}
