// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@Suite struct WorkingSetBoundTests {
  @Test(arguments: 0..<100)
  func `the witness adds up to the bound`(seed: Int) {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 0...30)).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    let bound = WorkingSetBound.bound(of: problem)
    let witness = bound.witness
    #expect(witness.bytes == bound.bytes)
    #expect(witness.members.reduce(witness.workspaceBytes) { $0 + $1.bytes } == bound.bytes)
    #expect(Set(witness.members.map(\.storage)).count == witness.members.count)
    for member in witness.members {
      let map = problem.storages
      #expect(map.spaces[member.storage.index] == .arena)
      switch member.reason {
      case .takesOver(let taken):
        #expect(member.bytes == 0)
        #expect(witness.members.contains { $0.storage == taken && $0.bytes > 0 })
      default: #expect(member.bytes == map.bytes[member.storage.index])
      }
    }
  }

  @Test func `inputs count together even where no node needs two of them`() throws {
    var graph = Graph()
    for index in 0..<3 {
      let input = try graph.addTensor("x\(index)", type: .uint8, shape: [100], role: .input)
      graph.addInput(input)
      let output = try graph.addTensor("y\(index)", type: .uint8, shape: [1], role: .output)
      graph.addOutput(output)
      try graph.addNode("", kind: OperatorKind(type: "Op"), inputs: [input], outputs: [output])
    }
    let bound = WorkingSetBound.bound(of: SchedulingProblem(graph))
    #expect(bound.proof == .inputs)
    #expect(bound.bytes == 3 * 128)
    #expect(bound.witness.node == nil)
  }

  @Test func `a takeover is counted as if it always happened`() throws {
    var graph = Graph()
    let x = try graph.addTensor("x", type: .uint8, shape: [64], role: .activation)
    let y = try graph.addTensor("y", type: .uint8, shape: [64], role: .output)
    try graph.addNode("make", kind: OperatorKind(type: "Op"), inputs: [], outputs: [x])
    try graph.addNode(
      "relu", kind: OperatorKind(type: "Relu"), inputs: [x], outputs: [y],
      effects: [Effect(.mayOverwrite, output: 0, of: 0)], workspace: ByteCount(1))
    graph.addOutput(y)
    let bound = WorkingSetBound.bound(of: SchedulingProblem(graph))
    #expect(bound.bytes == 64 + 64)
    #expect(bound.witness.node == NodeID(1))
    #expect(bound.witness.workspaceBytes == 64)
    #expect(
      bound.witness.members.map(\.reason) == [.read, .takesOver(StorageID(0))])
  }
}
