// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite struct `Reading a model` {
  @Test func `the header is read`() throws {
    let bytes = ProtobufWriter.model(
      irVersion: 9, opsets: [("ai.onnx", 18), ("com.microsoft", 1), ("", 17)],
      more: {
        $0.string(2, "maker")
        $0.string(3, "1.5")
        $0.message(14) {
          $0.string(1, "key")
          $0.string(2, "value")
        }
        $0.message(14) { $0.string(1, "alone") }
      },
      graph: { $0.string(2, "main") })
    let model = try read(bytes)
    #expect(model.irVersion == 9)
    #expect(model.producerName == "maker")
    #expect(model.producerVersion == "1.5")
    #expect(
      model.opsets == [
        ONNXOpset(domain: "", version: 18), ONNXOpset(domain: "com.microsoft", version: 1),
        ONNXOpset(domain: "", version: 17),
      ])
    #expect(model.opsetVersion(ofDomain: "") == 18)
    #expect(model.opsetVersion(ofDomain: "elsewhere") == nil)
    #expect(
      model.metadata == [
        ONNXMetadataEntry(key: "key", value: "value"), ONNXMetadataEntry(key: "alone", value: ""),
      ])
    #expect(model.graph.name == "main")
  }

  @Test func `nodes keep their order, operands and operators`() throws {
    let model = try read {
      $0.node("Add", ["a", "b"], ["c"], name: "first")
      $0.node("Clip", ["c", "", "a"], ["d", ""], domain: "ai.onnx")
      $0.node("Add", ["d", "c"], ["e"])
      $0.node("Add", ["e"], ["f"], domain: "custom") { $0.string(8, "variant") }
    }
    let graph = model.graph
    #expect(graph.nodes.map(\.name) == ["first", "", "", ""])
    #expect(graph.nodes.map(\.operatorIndex) == [0, 1, 0, 2])
    #expect(
      model.operators.map(\.description) == ["Add", "Clip", "custom.Add:variant"])
    #expect(model.operator(of: graph.nodes[1]).domain == "")
    #expect(
      graph.nodes.map { model.text(graph.inputs(of: $0)) } == [
        ["a", "b"], ["c", "", "a"], ["d", "c"], ["e"],
      ])
    #expect(
      graph.nodes.map { model.text(graph.outputs(of: $0)) } == [
        ["c"], ["d", ""], ["e"], ["f"],
      ])
    #expect(graph.inputs(of: graph.nodes[1])[1] == .absent)
    #expect(graph.input(2, of: graph.nodes[1]) == graph.input(0, of: graph.nodes[0]))
    #expect(graph.input(3, of: graph.nodes[1]) == .absent)
    #expect(graph.output(0, of: graph.nodes[1]) == graph.input(0, of: graph.nodes[2]))
    #expect(graph.output(1, of: graph.nodes[0]) == .absent)
    // The same name is the same number everywhere, numbers are dense from the first mention on.
    #expect(model.names.count == 7)
    #expect(model.names.id(of: "c")?.index == 3)
    #expect(graph.inputs(of: graph.nodes[2]).last?.index == 3)
  }

  @Test func `a NUL does not cut a name short and damaged text is repaired`() throws {
    let model = try read {
      $0.message(1) {
        $0.bytes(1, Array("a\0b".utf8))
        $0.bytes(1, Array("a".utf8))
        $0.bytes(2, [0x61, 0xFF])
        $0.bytes(2, [0x61, 0xFE])
        $0.bytes(4, [0xC3])
      }
    }
    let node = model.graph.nodes[0]
    #expect(model.text(model.graph.inputs(of: node)) == ["a\0b", "a"])
    #expect(model.text(model.graph.outputs(of: node)) == ["a\u{FFFD}", "a\u{FFFD}"])
    #expect(Set(model.graph.outputs(of: node)).count == 2)
    #expect(model.operator(of: node).type == "\u{FFFD}")
  }

  @Test func `unknown fields and documentation are passed over`() throws {
    let model = try read {
      $0.node("Relu", ["x"], ["y"]) {
        $0.string(6, "documentation")
        $0.fixed32(77, 1)
        $0.string(4000, "unknown")
        $0.attribute("alpha", kind: 1) {
          $0.fixed32(2, Float(0.5).bitPattern)
          $0.string(13, "documentation")
          $0.bytes(99, [1, 2, 3])
        }
      }
      $0.varint(55, 7)
    }
    #expect(model.graph.nodes.count == 1)
    #expect(model.graph.attribute("alpha", of: model.graph.nodes[0]) == .float(0.5))
  }

  @Test func `metadata of nodes, values and tensors is read when asked for`() throws {
    func entry(_ writer: inout ProtobufWriter, _ field: Int, _ text: String) {
      writer.message(field) {
        $0.string(1, "key")
        $0.string(2, text)
      }
    }
    let model = try read {
      $0.node("Relu", ["x"], ["y"]) { entry(&$0, 9, "node") }
      $0.message(11) {
        $0.string(1, "x")
        entry(&$0, 4, "value")
      }
      $0.tensor(5, "w", type: 1, dims: [0]) { entry(&$0, 16, "tensor") }
      entry(&$0, 16, "graph")
    }
    let graph = model.graph
    #expect(try model.metadata(of: graph.nodes[0]).map(\.value) == ["node"])
    #expect(try model.metadata(of: graph.inputs[0]).map(\.value) == ["value"])
    #expect(try model.metadata(of: graph.initializers[0]).map(\.value) == ["tensor"])
    #expect(graph.metadata.map(\.value) == ["graph"])
  }

  @Test func `functions are read and found by their operator`() throws {
    let bytes = ProtobufWriter.model(
      more: {
        $0.message(25) {
          $0.string(1, "Twice")
          $0.string(10, "local")
          $0.string(4, "x")
          $0.string(5, "y")
          $0.string(6, "scale")
          $0.message(9) { $0.varint(2, 18) }
          $0.node("Mul", ["x", "x"], ["y"], field: 7) {
            $0.attribute("by", kind: 1) { $0.string(21, "scale") }
          }
          $0.message(11) {
            $0.string(1, "bias")
            $0.varint(20, 2)
            $0.varint(3, 4)
          }
          $0.value(12, "y", shape: [2])
          $0.message(14) { $0.string(1, "origin") }
        }
        $0.message(25) {
          $0.string(1, "Unused")
          $0.string(10, "local")
        }
      },
      graph: {
        $0.node("Relu", ["a"], ["b"])
        $0.node("Twice", ["b"], ["c"], domain: "local")
      })
    let model = try read(bytes)
    #expect(model.functions.count == 2)
    #expect(model.functionIndex(ofOperatorAt: model.graph.nodes[0].operatorIndex) == nil)
    #expect(model.functionIndex(ofOperatorAt: model.graph.nodes[1].operatorIndex) == 0)
    let function = model.functions[0]
    #expect(model.text(function.inputs) == ["x"])
    #expect(model.text(function.outputs) == ["y"])
    #expect(function.attributeNames == ["scale"])
    #expect(function.attributeDefaults.map(\.name) == ["bias"])
    #expect(function.attributeDefaults.map(\.value) == [.int(4)])
    #expect(function.opsets == [ONNXOpset(domain: "", version: 18)])
    #expect(function.body.valueInfo.count == 1)
    #expect(function.body.metadata.map(\.key) == ["origin"])
    let node = function.body.nodes[0]
    #expect(function.body.attribute("by", of: node) == .reference("scale"))
    #expect(model.text(function.body.inputs(of: node)) == ["x", "x"])
    #expect(model.functions[1].body.nodes.isEmpty)
  }

  @Test func `a function may be defined once`() {
    let bytes = ProtobufWriter.model(
      more: {
        for _ in 0..<2 {
          $0.message(25) {
            $0.string(1, "F")
            $0.string(10, "local")
          }
        }
      }, graph: { _ in })
    let name = ONNXOperator(domain: "local", type: "F", overload: "")
    let error = ImportError.duplicateFunction(name)
    #expect(error.description == "function 'local.F' is defined twice")
    #expect(throws: error) { try read(bytes) }
  }

  @Test func `value infos keep every kind of type and dimension`() throws {
    let model = try read {
      $0.value(11, "dense", type: 7, shape: [3, "batch", .unknown, -1, "?", 0])
      $0.value(12, "rankless", shape: nil)
      $0.value(13, "scalar", type: 9, shape: [])
      $0.message(13) { $0.string(1, "untyped") }
      $0.message(13) {
        $0.message(2) {
          $0.message(4) {
            $0.message(1) {
              $0.message(9) {
                $0.message(1) {
                  $0.tensorType(1, 6, ["n"])
                }
              }
            }
          }
        }
      }
      $0.message(13) {
        $0.message(2) {
          $0.message(5) {
            $0.varint(1, 8)
            $0.message(2) { $0.tensorType(8, 1, [2]) }
          }
        }
      }
      $0.message(13) {
        $0.message(2) {
          $0.message(7) {
            $0.string(1, "custom")
            $0.string(2, "Handle")
          }
        }
      }
    }
    #expect(
      model.graph.inputs.map(\.type) == [
        .tensor(
          elementType: 7,
          shape: [.value(3), .parameter("batch"), .unknown, .unknown, .unknown, .value(0)])
      ])
    #expect(model.graph.outputs.map(\.type) == [.tensor(elementType: 1, shape: nil)])
    #expect(
      model.graph.valueInfo.map(\.type) == [
        .tensor(elementType: 9, shape: []),
        .unknown,
        .sequence(.optional(.tensor(elementType: 6, shape: [.parameter("n")]))),
        .map(keyType: 8, value: .sparseTensor(elementType: 1, shape: [.value(2)])),
        .opaque(domain: "custom", name: "Handle"),
      ])
    #expect(model.text(model.graph.valueInfo.map(\.name)).first == "scalar")
  }
}
