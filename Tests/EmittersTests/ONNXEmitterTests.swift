// SPDX-License-Identifier: Apache-2.0
import Emitters
import GraphIR
import Importers
import Planning
import TestSupport
import Testing

@Suite struct ONNXEmitterTests {
  /// A model with all that an emitter must carry over: nodes out of order, a Constant among them,
  /// fields that no format version has, metadata of others and of an earlier plan, values with and
  /// without a type, weights.
  static let bytes = ProtobufWriter.model(
    more: {
      $0.entry(14, "author", "somebody")
      $0.entry(14, "graphopt.plan.peak_bytes", "1")
      $0.entry(14, "graphopt.kind", "not a plan's")
      $0.string(900, "unknown to this reader")
    },
    graph: {
      $0.string(2, "everything")
      $0.node("Add", ["wide", "c"], ["sum"], name: "late") { $0.entry(9, "note", "kept") }
      $0.node("Constant", [], ["c"], name: "constant") {
        $0.attribute("value", kind: 4) {
          $0.tensor(5, type: 1, dims: [1]) { $0.fixed32(4, 0x3f80_0000) }
        }
      }
      $0.string(901, "unknown, between nodes")
      $0.node("MatMul", ["x", "w"], ["wide"], name: "early") {
        $0.entry(9, "graphopt.plan.step", "99")
        $0.string(902, "unknown, in a node")
      }
      $0.node("ReduceSum", ["sum"], ["y"], name: "last")
      $0.value(11, "x", shape: ["batch", 4])
      $0.value(12, "y", shape: nil)
      $0.tensor(5, "w", type: 1, dims: [4, 64]) {
        $0.bytes(9, (0..<1024).map { UInt8(truncatingIfNeeded: $0) })
      }
      $0.message(13) {
        $0.string(1, "sum")
        $0.message(2) { $0.tensorType(1, 1, ["batch", 64]) }
        $0.entry(4, "onnxsim.mem_offset", "7")
        $0.entry(4, "origin", "kept")
      }
      $0.entry(16, "onnxsim.memory_plan_arena_bytes", "8")
      $0.entry(16, "graph", "kept")
    })

  private struct Planned {
    let model: ONNXModel
    let imported: ImportedGraph
    let plan: ExecutionPlan
  }

  private func planned(_ bytes: [UInt8], _ memory: MemoryModel = MemoryModel()) throws -> Planned {
    let model = try ONNXModel(try MappedFile(bytes: bytes))
    let imported = try ONNXImporter(bindings: [DimensionBinding("batch", 2)]).importGraph(of: model)
    let plan = try Planner(memory: memory).plan(imported.graph, model: PlannedModel(path: "m.onnx"))
    return Planned(model: model, imported: imported, plan: plan)
  }

  private func emitted(_ planned: Planned) throws -> [UInt8] {
    let file = try ONNXEmitter(model: planned.model, imported: planned.imported)
      .file(of: planned.plan)
    var bytes: [UInt8] = []
    file.write { bytes.append(contentsOf: $0) }
    #expect(bytes.count == file.byteCount)
    return bytes
  }

  private func entries(_ list: [ONNXMetadataEntry]) -> [String: String] {
    Dictionary(list.map { ($0.key, $0.value) }) { _, _ in "twice" }
  }

  @Test func `nodes stand in the planned order, and what is no step before them`() throws {
    let original = try planned(Self.bytes)
    let copy = try ONNXModel(try MappedFile(bytes: try emitted(original)))
    #expect(copy.graph.nodes.map(\.name) == ["constant", "early", "late", "last"])
    let again = try ONNXImporter(bindings: [DimensionBinding("batch", 2)]).importGraph(of: copy)
    #expect(again.model.notes.allSatisfy { if case .sortedNodes = $0 { false } else { true } })
    #expect(again.fileNodes == [1, 2, 3])
    #expect(original.imported.fileNodes == [2, 0, 3])
  }

  @Test func `the plan is in the metadata of model, nodes and values`() throws {
    let original = try planned(Self.bytes)
    let plan = original.plan
    let copy = try ONNXModel(try MappedFile(bytes: try emitted(original)))
    let model = entries(copy.metadata)
    #expect(model["graphopt.plan.peak_bytes"] == "\(plan.summary.peakBytes)")
    #expect(model["graphopt.plan.fingerprint"] == plan.model.fingerprint)
    #expect(model["onnxsim.memory_plan_arena_bytes"] == "\(plan.summary.arenaBytes)")
    #expect(model["graphopt.plan.onnxruntime_peak_bytes"] == "1024")
    let steps = try copy.graph.nodes.map { try entries(copy.metadata(of: $0)) }
    #expect(steps.map { $0["graphopt.plan.step"] } == [nil, "0", "1", "2"])
    #expect(steps[1]["graphopt.plan.live_bytes"] == "\(plan.steps[0].liveBytes)")
    for info in copy.graph.inputs + copy.graph.outputs + copy.graph.valueInfo {
      let tensor = try #require(plan.tensors.first { $0.name == copy.names[info.name] })
      let found = try entries(copy.metadata(of: info))
      #expect(found["onnxsim.mem_offset"] == tensor.offset.map(String.init))
      #expect(found["onnxsim.mem_size"] == "\(tensor.bytes)")
      #expect(found["graphopt.plan.steps"] == "\(tensor.firstStep)...\(tensor.lastStep)")
      #expect(found["graphopt.plan.space"] == "arena")
    }
    #expect(copy.graph.valueInfo.map { copy.names[$0.name] } == ["sum", "wide"])
    // The sizes of bound dimensions hold for this plan only, not for the file.
    #expect(copy.graph.valueInfo[1].type == .tensor(elementType: 1, shape: nil))
  }

  @Test func `everything else is carried over byte by byte`() throws {
    let original = try planned(Self.bytes)
    let bytes = try emitted(original)
    let copy = try ONNXModel(try MappedFile(bytes: bytes))
    func contents(_ model: ONNXModel, _ message: Range<Int>, but numbers: Set<Int>) throws
      -> [[UInt8]]
    {
      try model.fields(of: message).filter { !numbers.contains($0.number) }
        .compactMap { model.file.bytes(in: $0.range) }
    }
    func graph(_ model: ONNXModel) throws -> Range<Int> {
      try #require(try model.fields(of: model.message).first { $0.number == 7 }).content
    }
    let model = original.model
    #expect(
      try contents(copy, copy.message, but: [7, 14])
        == contents(model, model.message, but: [7, 14]))
    #expect(
      try contents(copy, graph(copy), but: [1, 11, 12, 13, 16])
        == contents(model, graph(model), but: [1, 11, 12, 13, 16]))
    #expect(
      try contents(copy, copy.graph.nodes[1].message, but: [9])
        == contents(model, model.graph.nodes[2].message, but: [9]))
    let metadata = entries(copy.metadata)
    #expect(metadata["author"] == "somebody")
    #expect(metadata["graphopt.kind"] == "not a plan's")
    #expect(entries(copy.graph.metadata) == ["graph": "kept"])
    #expect(try entries(copy.metadata(of: copy.graph.nodes[2]))["note"] == "kept")
    #expect(try entries(copy.metadata(of: copy.graph.valueInfo[0]))["origin"] == "kept")
  }

  @Test func `a planned file planned again in its own order is the same file`() throws {
    let once = try emitted(try planned(Self.bytes))
    let twice = try emitted(try planned(once))
    #expect(try emitted(try planned(twice)) == twice)
  }

  @Test(arguments: Seeds.first(20))
  func `random models keep every node, once`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 1...30, using: &random)
    let order = (0..<count).shuffled(using: &random)
    let bytes = ProtobufWriter.model { graph in
      for index in order {
        let input = index == 0 ? "x" : "v\(Int.random(in: 0..<index, using: &random))"
        graph.node("Neg", [input], ["v\(index)"], name: "n\(index)")
      }
      graph.value(11, "x", shape: ["batch", 3])
      graph.value(12, "v\(count - 1)", shape: nil)
    }
    let original = try planned(bytes)
    let copy = try ONNXModel(try MappedFile(bytes: try emitted(original)))
    #expect(copy.graph.nodes.map(\.name) == original.plan.steps.map(\.node))
  }

  @Test func `a plan of another graph is refused`() throws {
    let original = try planned(Self.bytes)
    let emitter = ONNXEmitter(model: original.model, imported: original.imported)
    var plan = original.plan
    plan.model.fingerprint = "0123456789abcdef"
    #expect(throws: EmissionError.self) { try emitter.file(of: plan) }
    plan = original.plan
    plan.steps[1].nodeIndex = 0
    #expect(throws: EmissionError.unexpectedNode(step: 1, nodeIndex: 0)) {
      try emitter.file(of: plan)
    }
    plan.steps[1].nodeIndex = 3
    #expect(throws: EmissionError.unexpectedNode(step: 1, nodeIndex: 3)) {
      try emitter.file(of: plan)
    }
    plan = original.plan
    plan.steps.removeLast()
    #expect(throws: EmissionError.missingNodes(1)) { try emitter.file(of: plan) }
  }
}

extension ProtobufWriter {
  /// A key-value pair in a field.
  fileprivate mutating func entry(_ field: Int, _ key: String, _ value: String) {
    message(field) {
      $0.string(1, key)
      $0.string(2, value)
    }
  }
}
