// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite struct `Errors of reading` {
  /// The sentence that reading bytes ends in.
  private func sentence(_ bytes: [UInt8], limits: ONNXLimits = ONNXLimits()) -> String? {
    do throws(ImportError) {
      _ = try read(bytes, limits: limits)
      return nil
    } catch {
      return error.description
    }
  }

  private func sentence(graph: (inout ProtobufWriter) -> Void) -> String? {
    sentence(ProtobufWriter.model(opsets: [], graph: graph))
  }

  @Test func `a place is told by its path and byte`() {
    let text = sentence {
      $0.node("A")
      $0.node("B") {
        $0.attribute("x", kind: 2) { $0.varint(3, 1) }
        $0.attribute("y", kind: 7) { $0.bytes(8, [0x80]) }
      }
      $0.string(2, "after")
    }
    #expect(
      text == "graph.node[1].attribute[1].ints[0] at byte 34: length 1 runs past the end of "
        + "the message, 0 bytes on")
  }

  @Test func `a message that protobuf-c refuses is told by its own path`() {
    let text = sentence {
      $0.node("A")
      $0.value(13, "v", shape: nil)
      $0.message(13) { $0.message(2) { $0.string(1, "\u{7}no type") } }
      $0.node("B")
    }
    #expect(text == "graph.value_info[1] at byte 22: the message cannot be decoded")
  }

  @Test func `a field of the wrong kind is told with both`() {
    #expect(
      sentence { $0.varint(1, 1) }
        == "graph.node[0] at byte 4: written as a variable-length number instead of a length and "
        + "bytes")
  }

  @Test func `a file cut short is told by what is missing`() {
    let bytes = ProtobufWriter.model(opsets: []) { $0.node("A") }
    #expect(
      sentence(bytes.dropLast(2))
        == "graph at byte 2: the file ends 2 bytes too early; is it a partial download?")
  }

  @Test func `a second graph is refused`() {
    let bytes = ProtobufWriter.model(opsets: [], more: { $0.message(7) { _ in } }, graph: { _ in })
    #expect(sentence(bytes) == "graph at byte 4: given twice")
  }

  @Test func `bad tensors are told by their path`() {
    #expect(
      sentence { $0.tensor(5, type: 1, dims: [2, -3]) }
        == "graph.initializer[0] at byte 6: dimension -3 is negative")
    #expect(
      sentence { $0.tensor(5, type: 1, dims: [1 << 40, 1 << 40]) }
        == "graph.initializer[0] at byte 6: the dimensions multiply to more than 2^63 - 1 elements")
    #expect(
      sentence {
        $0.tensor(5, type: 1, dims: []) {
          $0.varint(14, 1)
          $0.message(13) {
            $0.string(1, "offset")
            $0.string(2, "-4")
          }
        }
      }
        == "graph.initializer[0] at byte 6: external data at '-4', which is no number of bytes")
    #expect(
      sentence { $0.message(15) { $0.tensor(1, type: 1, dims: []) } }
        == "graph.sparse_initializer[0] at byte 6: has no indices")
  }

  @Test func `an attribute without what its kind says is refused`() {
    #expect(
      sentence { $0.node("A") { $0.attribute("a", kind: 4) { _ in } } }
        == "graph.node[0].attribute[0] at byte 11: has no t")
    #expect(
      sentence { $0.node("A") { $0.attribute("a", kind: 5) { _ in } } }
        == "graph.node[0].attribute[0] at byte 11: has no g")
  }

  @Test func `graphs and types nest as deep as the limit and no deeper`() {
    func nested(_ depth: Int) -> [UInt8] {
      func body(_ writer: inout ProtobufWriter, _ depth: Int) {
        guard depth > 1 else { return }
        writer.node("If") {
          $0.attribute("b", kind: 5) { $0.message(6) { body(&$0, depth - 1) } }
        }
      }
      return ProtobufWriter.model { body(&$0, depth) }
    }
    #expect(sentence(nested(64)) == nil)
    let text = sentence(nested(65))
    #expect(text?.hasSuffix("nested deeper than 64 levels") == true)
    #expect(text?.hasPrefix("graph.node[0].attribute[0].g.") == true)
    #expect(text?.contains(".….") == true)
    #expect((text?.count ?? 0) < 250)

    func types(_ depth: Int) -> [UInt8] {
      var type = ProtobufWriter.message { $0.tensorType(1, 1, nil) }
      for _ in 1..<depth {
        type = ProtobufWriter.message { $0.message(4) { $0.bytes(1, type) } }
      }
      return ProtobufWriter.model { $0.message(11) { $0.bytes(2, type) } }
    }
    #expect(sentence(types(64)) == nil)
    #expect(sentence(types(65)) == "graph.input[0] at byte 12: nested deeper than 64 levels")
    #expect(sentence(types(3000))?.hasSuffix("nested deeper than 64 levels") == true)
  }

  @Test func `counts, ranks and sizes have limits`() {
    var limits = ONNXLimits()
    limits.messages = 4
    let nodes = { (count: Int) in
      ProtobufWriter.model { for _ in 0..<count { $0.node("A") } }
    }
    #expect(sentence(nodes(3), limits: limits) == nil)
    #expect(
      sentence(nodes(4), limits: limits)
        == "graph.node[3] at byte 25: more than 4 nodes, attributes, tensors and values")

    let entries = ProtobufWriter.model {
      for _ in 0..<5 { $0.message(16) { $0.string(1, "k") } }
    }
    #expect(sentence(entries, limits: limits)?.hasPrefix("graph.metadata_props[3] at byte") == true)

    limits = ONNXLimits()
    limits.listElements = 3
    let lists = { (strings: Int) in
      ProtobufWriter.model {
        $0.node("A") {
          $0.attribute("i", kind: 7) { $0.bytes(8, [1]) }
          $0.attribute("f", kind: 6) { $0.fixed32(7, 0) }
          $0.attribute("s", kind: 8) { for _ in 0..<strings { $0.string(9, "") } }
        }
      }
    }
    #expect(sentence(lists(1), limits: limits) == nil)
    #expect(
      sentence(lists(2), limits: limits)
        == "graph.node[0].attribute[2] at byte 39: more than 3 list elements in attributes")
    limits.listElements = 0
    #expect(sentence(lists(0), limits: limits)?.contains("attribute[0]") == true)

    limits = ONNXLimits()
    limits.rank = 2
    #expect(
      sentence(ProtobufWriter.model { $0.tensor(5, type: 1, dims: [1, 1, 1]) }, limits: limits)
        == "graph.initializer[0] at byte 10: a shape of more than 2 axes")
    #expect(
      sentence(ProtobufWriter.model { $0.value(11, "x", shape: [1, 1, 1]) }, limits: limits)
        == "graph.input[0] at byte 10: a shape of more than 2 axes")

    limits = ONNXLimits()
    limits.messageBytes = 100
    let long = String(repeating: "n", count: 120)
    #expect(
      sentence(ProtobufWriter.model { $0.node(long) }, limits: limits)
        == "graph.node[0] at byte 10: more than 100 bytes besides tensors")
  }

  @Test func `other kinds of files are named`() {
    #expect(sentence(Array("PK\u{3}\u{4}....".utf8))?.contains("zip archive") == true)
    #expect(sentence([0x1F, 0x8B, 8, 0, 0, 0])?.contains("gzip") == true)
    #expect(sentence([0x89] + Array("HDF\r\n\u{1A}\n".utf8))?.contains("HDF5") == true)
    #expect(sentence([28, 0, 0, 0] + Array("TFL3".utf8))?.contains("TensorFlow Lite") == true)
    #expect(sentence([8, 0, 0, 0] + Array("ORTM".utf8))?.contains("ONNX Runtime") == true)
    #expect(sentence(Array("GGUF\u{3}".utf8))?.contains("GGUF") == true)
    #expect(
      sentence(littleEndian(UInt64(2)) + Array("{\"\"".utf8))?.contains("safetensors") == true)
    let pointer = "version https://git-lfs.github.com/spec/v1\n"
    #expect(sentence(Array(pointer.utf8))?.contains("git lfs pull") == true)
    #expect(sentence(Array("ir_version: 8\ngraph {\n}\n".utf8))?.contains("text file") == true)
    #expect(
      sentence([0xFF, 0xFF, 0xFF, 0xFF]) == "not an ONNX model: its bytes are not those of a model")
    #expect(
      sentence(ProtobufWriter.message { $0.varint(1, 8) }) == "not an ONNX model: it holds no graph"
    )
    #expect(sentence([]) == "not an ONNX model: the file is empty")
  }
}
