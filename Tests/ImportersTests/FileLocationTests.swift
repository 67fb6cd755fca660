// SPDX-License-Identifier: Apache-2.0
import FuzzSupport
import TestSupport
import Testing

@testable import Importers

@Suite struct `Places in a file` {
  private func path(_ message: Range<Int>, in model: ONNXModel) -> String {
    model.file.withBytes {
      FileLocation(of: message.lowerBound, isMessage: true, in: $0).path
    }
  }

  @Test func `messages are found by where they begin`() throws {
    let model = try read(
      ProtobufWriter.model(
        more: { $0.message(25) { $0.node("Empty", field: 7) } },
        graph: {
          $0.node("A") {
            $0.attribute("t", kind: 9) {
              $0.tensor(10, type: 1, dims: [])
              $0.message(10) { _ in }
            }
          }
          $0.message(1) { _ in }
          $0.tensor(5, "w", type: 1, dims: [0])
          $0.message(1) { _ in }
          $0.value(13, "v", shape: nil)
          $0.message(13) { _ in }
        }))
    let graph = model.graph
    #expect(
      graph.nodes.map { path($0.message, in: model) } == [
        "graph.node[0]", "graph.node[1]", "graph.node[2]",
      ])
    #expect(
      graph.valueInfo.map { path($0.message, in: model) } == [
        "graph.value_info[0]", "graph.value_info[1]",
      ])
    #expect(
      graph.initializers.map { path($0.message, in: model) } == ["graph.initializer[0]"])
    #expect(
      path(model.functions[0].body.nodes[0].message, in: model) == "functions[0].node[0]")
    guard case .tensors(let tensors) = graph.attribute("t", of: graph.nodes[0]) else {
      Issue.record("no tensors")
      return
    }
    #expect(
      tensors.map { path($0.message, in: model) } == [
        "graph.node[0].attribute[0].tensors[0]", "graph.node[0].attribute[0].tensors[1]",
      ])
  }

  @Test func `every byte has a place`() throws {
    let file = try MappedFile(bytes: ONNXDamage.everything)
    let paths = file.withBytes { bytes in
      (0...bytes.count).flatMap { offset in
        [false, true].map { FileLocation(of: offset, isMessage: $0, in: bytes).path }
      }
    }
    #expect(Set(paths).count > 100)
    #expect(paths.contains("graph.node[0].attribute[0].g.node[0].op_type"))
    #expect(paths.contains("graph.value_info[0].type.sequence_type.elem_type.tensor_type.shape"))
    #expect(paths.contains("functions[0].node[0].attribute[0].ref_attr_name"))
  }
}
