// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

@Suite struct `The structure of a graph` {
  @Test func `nodes that need each other are named along their circle`() {
    let error = fault {
      $0.value(11, "x", shape: [2])
      $0.node("Add", ["x", "c"], ["a"], name: "one")
      $0.node("Neg", ["a"], ["b"], name: "two")
      $0.node("Abs", ["b"], ["c"], name: "three")
      $0.value(12, "c", shape: nil)
    }
    #expect(error == .structure(.cycle(nodes: ["one", "three", "two"])))
    #expect(
      error?.description
        == "the nodes need each other in a circle: 'one' needs 'three' needs 'two'")
  }

  @Test func `a node that needs itself is a circle`() {
    let error = fault { $0.node("Neg", ["a"], ["a"], name: "self") }
    #expect(error == .structure(.cycle(nodes: ["self"])))
  }

  @Test func `a name is defined once`() {
    #expect(
      fault {
        $0.value(11, "x", shape: [2])
        $0.node("Neg", ["x"], ["y"], name: "one")
        $0.node("Abs", ["x"], ["y"], name: "two")
      } == .structure(.definedTwice(tensor: "y", by: ["node 'one'", "node 'two'"])))
    #expect(
      fault {
        $0.value(11, "x", shape: [2])
        $0.node("Neg", ["x"], ["x"], name: "one")
      } == .structure(.definedTwice(tensor: "x", by: ["the graph's inputs", "node 'one'"])))
    #expect(
      fault {
        $0.weights("w", [2])
        $0.node("Neg", ["w"], ["w"])
      } == .structure(.definedTwice(tensor: "w", by: ["an initializer", "node 'Neg#0'"])))
    #expect(
      fault {
        $0.value(11, "x", shape: [2])
        $0.value(11, "x", shape: [2])
      }
        == .structure(
          .definedTwice(tensor: "x", by: ["the graph's inputs", "the graph's inputs"])))
    #expect(
      fault {
        $0.weights("w", [2])
        $0.weights("w", [3])
      } == .structure(.definedTwice(tensor: "w", by: ["an initializer", "an initializer"])))
    // Stored twice in one form, a tensor is one: onnxruntime takes the last.
    #expect(
      fault {
        $0.weights("w", [2])
        $0.weights("w", [2])
      } == nil)
  }

  @Test func `a name that is used is defined`() {
    #expect(
      fault { $0.node("Neg", ["nowhere"], ["y"], name: "one") }
        == .structure(.undefined(tensor: "nowhere", at: "node 'one'")))
    #expect(
      fault { $0.value(12, "y", shape: nil) }
        == .structure(.undefined(tensor: "y", at: "the list of the graph's outputs")))
    #expect(
      fault {
        $0.value(11, "c", type: 9, shape: [])
        $0.node("If", ["c"], ["y"]) {
          $0.attribute("then_branch", kind: 5) {
            $0.message(6) { $0.node("Neg", ["nowhere"], ["z"]) }
          }
        }
      } == .structure(.undefined(tensor: "nowhere", at: "node 'If#0'")))
  }

  @Test func `an input or initializer without a name is refused`() {
    #expect(
      fault { $0.value(11, "", shape: [2]) }
        == .structure(.undefined(tensor: "", at: "the graph's inputs")))
    #expect(
      fault { $0.weights("", [2]) }
        == .structure(.undefined(tensor: "", at: "an initializer")))
  }

  @Test func `stored tensors have a type and a size that can be counted`() {
    #expect(
      fault { $0.tensor(5, "w", type: 99, dims: [1]) { $0.bytes(9, [0]) } }
        == .structure(.elementType(tensor: "w", number: 99)))
    #expect(
      fault { $0.weights("w", [1 << 50]) } == .structure(.unsized(tensor: "w")))
    #expect(
      fault { $0.value(11, "x", type: 0, shape: [1]) } == .structure(.unsized(tensor: "x")))
  }

  @Test func `all tensors together have fewer bytes than can be counted`() {
    let error = fault {
      for index in 0..<20 { $0.weights("w\(index)", [1 << 46, 1 << 10]) }
    }
    #expect(error == .structure(.graph(.sizeOverflow)))
  }

  @Test func `constants may stand behind their users`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [6])
      $0.node("Reshape", ["x", "s"], ["y"])
      $0.node("Constant", [], ["s"]) { $0.ints("value_ints", [2, 3]) }
      $0.value(12, "y", shape: nil)
    }
    #expect(result.model.notes == [.constantNodes(1)])
    #expect(result.graph.shape("y") == [2, 3])
  }
}
