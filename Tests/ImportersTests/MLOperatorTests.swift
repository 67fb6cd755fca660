// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Uses of operators for classical learning that onnxruntime cannot be asked about: maps cannot be
/// stored in a model.
@Suite struct `Machine-learning operators` {
  private func result(
    _ type: String, _ inputs: [ValueFact?], _ attributes: [String: ONNXAttribute.Value]
  ) throws(OperatorFault) -> ValueFact? {
    try inferred(type, version: 3, domain: "ai.onnx.ml", inputs, attributes)[0]
  }

  private let labels = ONNXAttribute.Value.ints([3, 5, 8])

  @Test func `a map of scores has the bytes of its keys and values`() throws {
    let maps = try #require(
      try result("ZipMap", [floats(2, 3)], ["classlabels_int64s": labels]))
    #expect(maps.kind == .sequence)
    #expect(maps.elements.map(\.kind) == [.map, .map])
    #expect(maps.bytes == ByteCount(2 * 3 * (8 + 4)))
    let named = try result(
      "ZipMap", [floats(3)], ["classlabels_strings": .strings(["a", "b", "c"])])
    #expect(named?.bytes == ByteCount(3 * 4))
    #expect(
      throws: OperatorFault.tooLarge,
      performing: { try result("ZipMap", [floats(1 << 20, 3)], ["classlabels_int64s": labels]) })
  }

  @Test func `maps become rows`() throws {
    let map = ValueFact.map(keys: ValueFact(.int64, [4]), values: floats(4))
    #expect(
      try result("DictVectorizer", [map], ["int64_vocabulary": labels]) == floats(1, 3))
    #expect(try result("CastMap", [map], ["cast_to": .string("TO_INT64")])?.shape == [1, 4])
    #expect(
      try result("CastMap", [map], ["map_form": .string("SPARSE"), "max_map": .int(9)])
        == floats(1, 9))
    #expect(
      throws: OperatorFault.valueKind(input: 0, needed: "map"),
      performing: { try result("CastMap", [floats(4)], [:]) })
  }

  @Test func `a classifier's labels and maps are imported and noted`() throws {
    let result = try imported(opsets: [("", 17), ("ai.onnx.ml", 3)]) {
      $0.value(11, "x", shape: [2, 4])
      $0.node("LinearClassifier", ["x"], ["label", "scores"], domain: "ai.onnx.ml") {
        $0.attribute("classlabels_strings", kind: 8) {
          for name in ["a", "b", "c"] { $0.string(9, name) }
        }
        $0.attribute("intercepts", kind: 6) { for _ in 0..<3 { $0.fixed32(7, 0) } }
      }
      $0.node("ZipMap", ["scores"], ["maps"], domain: "ai.onnx.ml") {
        $0.attribute("classlabels_strings", kind: 8) {
          for name in ["a", "b", "c"] { $0.string(9, name) }
        }
      }
      $0.value(12, "label", shape: nil)
      $0.value(12, "maps", shape: nil)
    }
    let graph = result.graph
    #expect(graph.shape("label") == [2])
    #expect(graph.shape("scores") == [2, 3])
    let maps = try #require(graph.tensor("maps"))
    #expect(graph[maps].kind == .sequence)
    #expect(graph[maps].bytes == ByteCount(2 * 3 * 4))
    #expect(result.model.notes.contains(.strings(1)))
  }

  @Test func `gradients have the form of what they are taken with respect to`() throws {
    let facts = try inferred(
      "Gradient", version: 1, domain: "ai.onnx.preview.training", [floats(2, 3), floats(4)],
      ["xs": .strings(["a", "b"]), "y": .string("loss")], outputs: 2)
    #expect(facts.map { $0?.shape } == [[2, 3], [4]])
  }

  @Test func `an optional input may be there`() throws {
    let graph = try imported(opsets: [("", 18)]) {
      $0.message(11) {
        $0.string(1, "x")
        $0.message(2) {
          $0.message(9) {
            $0.message(1) {
              $0.message(1) {
                $0.varint(1, 1)
                $0.message(2) { $0.message(1) { $0.varint(1, 5) } }
              }
            }
          }
        }
      }
      $0.node("OptionalHasElement", ["x"], ["has"])
      $0.node("OptionalGetElement", ["x"], ["y"])
      $0.value(12, "has", type: 9, shape: nil)
      $0.value(12, "y", shape: nil)
    }.graph
    let x = try #require(graph.tensor("x"))
    #expect(graph[x].kind == .optional)
    #expect(graph[x].bytes == ByteCount(20))
    #expect(graph[x].isUpperBound)
    #expect(graph.shape("y") == [5])
    #expect(graph.shape("has") == [])
  }
}
