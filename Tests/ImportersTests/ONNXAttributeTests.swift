// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite struct `Reading attributes` {
  @Test func `numbers and strings`() throws {
    #expect(try readAttribute(kind: 1) { $0.fixed32(2, Float(-2.5).bitPattern) } == .float(-2.5))
    #expect(try readAttribute(kind: 2) { $0.varint(3, -7) } == .int(-7))
    #expect(try readAttribute(kind: 3) { $0.string(4, "same") } == .string("same"))
    #expect(try readAttribute(kind: 3) { $0.bytes(4, [0x80]) } == .string("\u{FFFD}"))
    #expect(
      try readAttribute(kind: 8) {
        $0.string(9, "a")
        $0.string(9, "")
      } == .strings(["a", ""]))
  }

  @Test func `values left out are zero or empty`() throws {
    #expect(try readAttribute(kind: 1) { _ in } == .float(0))
    #expect(try readAttribute(kind: 2) { _ in } == .int(0))
    #expect(try readAttribute(kind: 3) { _ in } == .string(""))
    #expect(try readAttribute(kind: 6) { _ in } == .floats([]))
    #expect(try readAttribute(kind: 7) { _ in } == .ints([]))
    #expect(try readAttribute(kind: 8) { _ in } == .strings([]))
    #expect(try readAttribute(kind: 13) { _ in } == .type(.unknown))
  }

  @Test func `lists of numbers, packed and one by one and mixed`() throws {
    let big: [Int64] = [0, -1, 127, 128, .max, .min]
    #expect(try readAttribute(kind: 7) { for value in big { $0.varint(8, value) } } == .ints(big))
    #expect(
      try readAttribute(kind: 7) {
        $0.bytes(8, ProtobufWriter.varints(big))
        $0.varint(8, 5)
        $0.bytes(8, [])
      } == .ints(big + [5]))
    let bits = [Float(1).bitPattern, Float.infinity.bitPattern]
    #expect(
      try readAttribute(kind: 6) {
        $0.fixed32(7, bits[0])
        $0.bytes(7, bits.flatMap(littleEndian))
      } == .floats([1, 1, .infinity]))
  }

  @Test func `tensors, graphs and types`() throws {
    let tensor = try readAttribute(kind: 4) { $0.tensor(5, "t", type: 7, dims: [2, 3]) }
    guard case .tensor(let tensor) = tensor else {
      Issue.record("no tensor")
      return
    }
    #expect(tensor.dimensions == [2, 3])
    #expect(tensor.elementCount == 6)
    guard
      case .tensors(let tensors) = try readAttribute(
        kind: 9,
        {
          $0.tensor(10, type: 1, dims: [])
          $0.tensor(10, type: 6, dims: [0, 4])
        })
    else {
      Issue.record("no tensors")
      return
    }
    #expect(tensors.map(\.elementType) == [1, 6])
    #expect(tensors.map(\.elementCount) == [1, 0])
    #expect(
      try readAttribute(kind: 13) { $0.message(14) { $0.tensorType(1, 10, [4]) } }
        == .type(.tensor(elementType: 10, shape: [.value(4)])))
    #expect(
      try readAttribute(kind: 14) {
        $0.message(15) { $0.tensorType(1, 1, []) }
        $0.message(15) { _ in }
      } == .types([.tensor(elementType: 1, shape: []), .unknown]))
    guard
      case .graphs(let graphs) = try readAttribute(
        kind: 10,
        {
          $0.message(11) { $0.string(2, "one") }
          $0.message(11) { $0.string(2, "two") }
        })
    else {
      Issue.record("no graphs")
      return
    }
    #expect(graphs.map(\.name) == ["one", "two"])
  }

  @Test func `sparse tensors`() throws {
    func sparse(_ writer: inout ProtobufWriter, _ field: Int) {
      writer.message(field) {
        $0.tensor(1, "s", type: 1, dims: [2]) { $0.bytes(9, [UInt8](repeating: 0, count: 8)) }
        $0.tensor(2, type: 7, dims: [2]) { $0.bytes(7, [1, 5]) }
        $0.bytes(3, [3, 4])
      }
    }
    let model = try read {
      sparse(&$0, 15)
      $0.node("Op") {
        $0.attribute("one", kind: 11) { sparse(&$0, 22) }
        $0.attribute("more", kind: 12) {
          sparse(&$0, 23)
          sparse(&$0, 23)
        }
      }
    }
    let stored = model.graph.sparseInitializers[0]
    #expect(model.names[stored.values.name] == "s")
    #expect(stored.dimensions == [3, 4])
    #expect(try model.integers(of: stored.indices, limit: 10) == [1, 5])
    let node = model.graph.nodes[0]
    guard case .sparseTensor(let one) = model.graph.attribute("one", of: node),
      case .sparseTensors(let more) = model.graph.attribute("more", of: node)
    else {
      Issue.record("no sparse tensors")
      return
    }
    #expect(([one] + more).map(\.dimensions) == [[3, 4], [3, 4], [3, 4]])
  }

  @Test func `bodies share the names of the graphs around them`() throws {
    let model = try read {
      $0.node("Relu", ["x"], ["y"])
      $0.node("If", ["c"], ["z"]) {
        $0.attribute("then_branch", kind: 5) {
          $0.message(6) {
            $0.node("Neg", ["y"], ["t"])
            $0.node("Loop", ["y"], ["u"]) {
              $0.attribute("body", kind: 5) {
                $0.message(6) { $0.node("Add", ["y", "t"], ["inner"]) }
              }
              $0.attribute("after", kind: 2) { $0.varint(3, 1) }
            }
            $0.value(12, "u", shape: nil)
          }
        }
      }
    }
    let y = try #require(model.names.id(of: "y"))
    guard case .graph(let then) = model.graph.attribute("then_branch", of: model.graph.nodes[1]),
      case .graph(let body) = then.attribute("body", of: then.nodes[1])
    else {
      Issue.record("no bodies")
      return
    }
    #expect(then.inputs(of: then.nodes[0]).first == y)
    #expect(body.inputs(of: body.nodes[0]).first == y)
    #expect(then.attribute("after", of: then.nodes[1]) == .int(1))
    #expect(model.operators.map(\.type) == ["Relu", "If", "Neg", "Loop", "Add"])
  }

  @Test func `references and kinds to come`() throws {
    #expect(try readAttribute(kind: 7) { $0.string(21, "outer") } == .reference("outer"))
    #expect(try readAttribute(kind: 99) { $0.varint(3, 1) } == .unknown(kind: 99))
    #expect(try readAttribute(kind: nil) { _ in } == .unknown(kind: 0))
  }

  /// The first format version has no `type`.
  @Test func `the kind is told by the field if it is not stated`() throws {
    #expect(try readAttribute(kind: nil) { $0.fixed32(2, 0) } == .float(0))
    #expect(try readAttribute(kind: nil) { $0.varint(3, 3) } == .int(3))
    #expect(try readAttribute(kind: nil) { $0.string(4, "s") } == .string("s"))
    #expect(try readAttribute(kind: nil) { $0.bytes(7, []) } == .floats([]))
    #expect(try readAttribute(kind: nil) { $0.varint(8, 1) } == .ints([1]))
    #expect(try readAttribute(kind: nil) { $0.string(9, "s") } == .strings(["s"]))
  }

  @Test func `a long string says only where it lies`() throws {
    var limits = ONNXLimits()
    limits.stringBytes = 4
    let bytes = ProtobufWriter.model {
      $0.node("Op") {
        $0.attribute("short", kind: 3) { $0.string(4, "four") }
        $0.attribute("long", kind: 3) { $0.string(4, "fives") }
      }
    }
    let model = try read(bytes, limits: limits)
    let node = model.graph.nodes[0]
    #expect(model.graph.attribute("short", of: node) == .string("four"))
    guard case .largeString(let place) = model.graph.attribute("long", of: node) else {
      Issue.record("no large string")
      return
    }
    #expect(model.file.bytes(in: place) == Array("fives".utf8))
  }
}
