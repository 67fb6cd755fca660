// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import GraphIR

@Suite struct GraphFingerprintTests {
  /// One value that must never change: plans carry fingerprints from one version to the next.
  @Test func `the fingerprint of a given graph is this one on every machine`() throws {
    let graph = try Graph(parsing: GraphTextTests.everything)
    #expect(graph.fingerprint == 1_726_745_991_952_848_586)
    #expect(Graph().fingerprint == 14_833_884_069_970_783_558)
  }

  @Test func `equal graphs have equal fingerprints`() throws {
    let graph = try Graph(parsing: GraphTextTests.everything)
    #expect(try Graph(parsing: GraphTextTests.everything).fingerprint == graph.fingerprint)
  }

  @Test func `every field counts`() throws {
    let graph = try Graph(parsing: GraphTextTests.everything)
    var seen: [UInt64: Int] = [graph.fingerprint: -1]
    let mutations: [(inout Graph) -> Void] = [
      { $0.name += "!" },
      { $0.tensors[0].name = $0.tensors[1].name }, { $0.tensors[0].elementType = .float16 },
      { $0.tensors[0].kind = .sparse }, { $0.tensors[0].role = .gradient },
      { $0.tensors[0].isUpperBound.toggle() }, { $0.tensors[0].bytes = ByteCount(31) },
      { $0.extentPool[0] = 2 }, { $0.tensors[0].shape = PoolRange(0..<1) },
      { $0.tensors.swapAt(0, 2) }, { $0.tensors.removeLast() },
      { $0.nodes[0].name = NameID(0) }, { $0.operatorKinds[0].domain = "d" },
      { $0.operatorKinds[0].type = "Gemm" }, { $0.operatorKinds[0].version = 18 },
      { $0.nodes[0].phase = .backward }, { $0.nodes[0].workspace = ByteCount(129) },
      { $0.operandPool[0] = TensorID(1) }, { $0.operandPool[2] = TensorID(1) },
      { $0.nodes[1].inputs = PoolRange(4..<5) }, { $0.nodes[1].outputs = PoolRange(6..<8) },
      { $0.nodes[1].effects = PoolRange(0..<1) }, { $0.effectPool[0].kind = .mayAlias },
      { $0.effectPool[0].modes = .safe }, { $0.effectPool[0].output = 2 },
      { $0.effectPool[0].input = 1 }, { $0.nodes[1].attributes = PoolRange(0..<6) },
      { $0.attributePool[0].name = "axes" }, { $0.attributePool[0].value = .int(1) },
      { $0.attributePool[0].value = .float(-1) }, { $0.attributePool[1].value = .float(1e-6) },
      { $0.attributePool[2].value = .string("q") }, { $0.attributePool[2].value = .strings(["q"]) },
      { $0.attributePool[3].value = .ints([1, 2]) }, { $0.attributePool[3].value = .ints([1]) },
      { $0.attributePool[4].value = .floats([-.infinity, -1.5]) },
      { $0.attributePool[5].value = .strings(["", "a"]) },
      { $0.attributePool[6].value = .floats([]) }, { $0.attributePool[6].value = .strings([]) },
      { $0.addInput(TensorID(2)) }, { $0.inputs.swapAt(0, 1) }, { $0.outputs.swapAt(0, 1) },
      { $0.outputs.removeLast() }, { $0.controlDependencies = [] },
      { $0.controlDependencies[0].after = NodeID(0) },
      { $0.controlDependencies[0].before = NodeID(1) },
    ]
    for (index, mutate) in mutations.enumerated() {
      var copy = graph
      mutate(&copy)
      let twin = seen.updateValue(index, forKey: copy.fingerprint)
      #expect(twin == nil, "mutation \(index) looks like \(twin ?? -1)")
    }
  }

  @Test func `bytes are hashed with their count, whatever their length`() {
    var seen: Set<UInt64> = []
    for length in 0..<40 {
      for byte: UInt8 in [0, 1] {
        var hash = StableHash()
        hash.combine([UInt8](repeating: byte, count: length))
        // No bytes are the same bytes whichever they would have been.
        #expect(seen.insert(hash.value).inserted == (length > 0 || byte == 0))
      }
    }
  }
}
