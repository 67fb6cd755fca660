// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

@Suite struct `Importing a model` {
  @Test func `inputs, weights, constants and results get their roles and shapes`() throws {
    let result = try imported {
      $0.string(2, "main")
      $0.value(11, "x", shape: [2, 3])
      $0.weights("w", [3, 5])
      $0.weights("unused", [7])
      $0.integers("shape", [5, 2])
      $0.node("MatMul", ["x", "w"], ["m"], name: "product")
      $0.node("Reshape", ["m", "shape"], ["y"])
      $0.value(12, "y", shape: nil)
    }
    let graph = result.graph
    #expect(graph.name == "main")
    #expect(graph.role("x") == .input)
    #expect(graph.role("w") == .weight)
    #expect(graph.role("unused") == .weight)
    #expect(graph.role("shape") == .constant)
    #expect(graph.role("m") == .activation)
    #expect(graph.role("y") == .output)
    #expect(graph.shape("m") == [2, 5])
    #expect(graph.shape("y") == [5, 2])
    #expect(graph.inputs == graph.tensor("x").map { [$0] })
    #expect(graph.outputs == graph.tensor("y").map { [$0] })
    #expect(graph.nodeNames == ["product", "Reshape#1"])
    #expect(graph.operatorKinds[0] == OperatorKind(type: "MatMul", version: 17))
    #expect(result.model.notes == [.unusedInitializers(["unused"])])
    #expect(result.model.irVersion == 10)
  }

  @Test func `initializers that old files repeat among the inputs are no inputs`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [4])
      $0.value(11, "w", shape: [4])
      $0.weights("w", [4])
      $0.node("Add", ["x", "w"], ["y"])
      $0.value(12, "y", shape: nil)
    }.graph
    #expect(graph.inputs.count == 1)
    #expect(graph.role("w") == .weight)
  }

  @Test func `Constant nodes become constants without a node`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [6])
      $0.node("Constant", [], ["s"]) { $0.ints("value_ints", [2, 3]) }
      $0.node("Reshape", ["x", "s"], ["y"])
      $0.value(12, "y", shape: nil)
    }
    #expect(result.graph.nodes.count == 1)
    #expect(result.graph.role("s") == .constant)
    #expect(result.graph.shape("y") == [2, 3])
    #expect(result.model.notes == [.constantNodes(1)])
    #expect(result.model.notes[0].description == "1 Constant node became constants")
  }

  @Test func `a sparse initializer takes the bytes of its elements and their places`() throws {
    let graph = try imported {
      $0.message(15) {
        $0.tensor(1, "z", type: 1, dims: [2]) { $0.bytes(9, [UInt8](repeating: 0, count: 8)) }
        $0.tensor(2, type: 7, dims: [2]) { $0.bytes(7, ProtobufWriter.varints([1, 5])) }
        $0.varint(1 + 2, 1000)
      }
      $0.value(11, "x", shape: [1000])
      $0.node("Add", ["x", "x"], ["y"])
      $0.value(12, "y", shape: nil)
    }.graph
    let z = try #require(graph.tensor("z"))
    #expect(graph[z].bytes == ByteCount(2 * 4 + 2 * 8))
    #expect(graph[z].kind == .sparse)
    #expect(graph.shape("z") == [1000])
  }

  @Test func `nodes out of order are moved up, the rest keep their place`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [2])
      $0.node("Neg", ["b"], ["c"], name: "third")
      $0.node("Abs", ["x"], ["a"], name: "first")
      $0.node("Exp", ["a"], ["b"], name: "second")
      $0.value(12, "c", shape: nil)
    }
    #expect(result.graph.nodeNames == ["first", "second", "third"])
    #expect(result.model.notes == [.sortedNodes(2)])
  }

  @Test func `attributes come along, tensors stay in the file`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [1, 3, 8, 8])
      $0.weights("w", [4, 3, 3, 3])
      $0.node("Conv", ["x", "w"], ["y"]) {
        $0.ints("strides", [2, 2])
        $0.int("group", 1)
        $0.text("auto_pad", "SAME_UPPER")
        $0.attribute("extra", kind: 4) { $0.tensor(5, type: 1, dims: []) { $0.fixed32(4, 0) } }
      }
      $0.value(12, "y", shape: nil)
    }.graph
    let attributes = graph.attributes(of: NodeID(0))
    #expect(
      Array(attributes) == [
        Attribute("strides", .ints([2, 2])), Attribute("group", .int(1)),
        Attribute("auto_pad", .string("SAME_UPPER")),
      ])
    #expect(graph.shape("y") == [1, 4, 4, 4])
  }

  @Test func `what bodies use of the graph around them becomes inputs of their node`() throws {
    let graph = try imported {
      $0.value(11, "c", type: 9, shape: [])
      $0.value(11, "x", shape: [2])
      $0.node("Neg", ["x"], ["n"])
      $0.node("If", ["c"], ["y"]) {
        for name in ["then_branch", "else_branch"] {
          $0.attribute(name, kind: 5) {
            $0.message(6) {
              $0.node("Add", ["n", "x"], ["inner"])
              $0.node("Abs", ["inner"], ["result"])
              $0.value(12, "result", shape: nil)
            }
          }
        }
      }
      $0.value(12, "y", shape: [2])
    }.graph
    let inputs = graph.inputs(of: NodeID(1)).map { graph.name(of: $0) }
    #expect(inputs == ["c", "n", "x"])
  }

  @Test func `optional operands and results may be left out`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [4, 4])
      $0.node("Clip", ["x", "", "high"], ["c"])
      $0.integers("k", [2])
      $0.tensor(5, "high", type: 1, dims: []) { $0.fixed32(4, 0) }
      $0.node("TopK", ["c", "k"], ["", "positions"])
      $0.value(12, "positions", shape: nil)
    }.graph
    #expect(graph.inputs(of: NodeID(0)).map(\.isAbsent) == [false, true, false])
    #expect(graph.outputs(of: NodeID(1)).map(\.isAbsent) == [true, false])
    #expect(graph.shape("positions") == [4, 2])
  }

  @Test func `a graph output may be an input or a weight`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [4])
      $0.weights("w", [2])
      $0.value(12, "x", shape: nil)
      $0.value(12, "w", shape: nil)
    }.graph
    #expect(graph.outputs.map { graph.name(of: $0) } == ["x", "w"])
    #expect(graph.role("x") == .input)
  }

  // MARK: Shapes from the file

  @Test func `an operator without a rule takes its shapes from the file`() throws {
    let result = try imported(opsets: [("", 17), ("com.example", 2)]) {
      $0.value(11, "x", shape: [4])
      $0.node("Warp", ["x"], ["w"], domain: "com.example")
      $0.node("Neg", ["w"], ["y"])
      $0.value(13, "w", type: 10, shape: [9, 9])
      $0.value(12, "y", shape: nil)
    }
    #expect(result.graph.shape("y") == [9, 9])
    #expect(result.graph[NodeID(0)].kind == OperatorKindID(0))
    #expect(
      result.graph.kind(of: NodeID(0))
        == OperatorKind(domain: "com.example", type: "Warp", version: 2))
    #expect(result.model.notes.contains(.statedShapes(1)))
    let y = try #require(result.graph.tensor("y"))
    #expect(result.graph[y].elementType == .float16)
  }

  @Test func `one error lists the operators whose shapes nothing tells`() {
    let error = fault(opsets: [("", 17), ("com.example", 1)]) {
      $0.value(11, "x", shape: [4])
      $0.node("Warp", ["x"], ["a"], name: "one", domain: "com.example")
      $0.node("Warp", ["x"], ["b"], name: "two", domain: "com.example")
      $0.node("Neg", ["a"], ["c"])
      $0.node("Bend", ["c"], ["d"])
      $0.value(11, "s", type: 7, shape: [2])
      $0.node("Reshape", ["x", "s"], ["e"], name: "view")
      $0.value(12, "d", shape: nil)
    }
    guard case .shapes(.unknown(let results))? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(results.map(\.operator) == ["com.example::Warp", "Bend", "Reshape"])
    #expect(results.map(\.count) == [2, 1, 1])
    #expect(results.map(\.node) == ["one", "Bend#3", "view"])
    #expect(results.map(\.reason) == [nil, nil, .unknownValue(input: 1)])
    #expect(
      error?.description
        == "needs shapes: the file gives none for 'a', 'd', 'e'; what is not known is made by "
        + "com.example::Warp (2 nodes, first 'one'); Bend (1 node, first 'Bend#3'); Reshape (1 node, "
        + "first 'view'): the elements of input 1 decide the shape and are known only when the "
        + "model runs; say --dim 's[0]=…' --dim 's[1]=…'")
  }

  @Test func `where rule and file contradict each other the rule is believed`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [4, 2])
      $0.node("Transpose", ["x"], ["t"])
      $0.value(13, "t", type: 10, shape: [17])
      $0.value(12, "t", shape: nil)
    }.graph
    #expect(graph.shape("t") == [2, 4])
  }

  @Test func `operands that do not fit name the node, the operator and the tensor`() {
    let error = fault {
      $0.value(11, "x", shape: [2, 3])
      $0.value(11, "z", shape: [4, 5])
      $0.node("Add", ["x", "z"], ["y"], name: "sum")
      $0.value(12, "y", shape: nil)
    }
    #expect(
      error
        == .shapes(
          .operatorFault(
            node: "sum", operator: "Add", tensor: "y", .notBroadcastable([2, 3], [4, 5]))))
    #expect(
      error?.description
        == "node 'sum' (Add), which makes 'y': inputs of shape [2, 3] and [4, 5] cannot be broadcast"
    )
  }

  @Test
  func `nodes that run graphs in which something is unknown are noted, as those are not counted`()
    throws
  {
    let result = try imported(opsets: [("", 17), ("com.example", 1)]) {
      $0.value(11, "c", type: 9, shape: [])
      $0.value(11, "x", shape: [5])
      $0.node("If", ["c"], ["y"]) {
        for branch in ["then_branch", "else_branch"] {
          $0.attribute(branch, kind: 5) {
            $0.message(6) {
              $0.node("Warp", ["x"], ["warped"], domain: "com.example")
              $0.value(12, "warped", shape: nil)
            }
          }
        }
      }
      $0.value(12, "y", shape: [5])
    }
    #expect(result.graph.shape("y") == [5])
    #expect(result.model.notes.contains(.uncountedBodies(1)))
  }

  @Test func `sizes that data decides are upper bounds, and what follows from them, too`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [3, 4])
      $0.node("NonZero", ["x"], ["places"])
      $0.node("Shape", ["places"], ["extents"])
      $0.integers("one", [1])
      $0.node("Gather", ["extents", "one"], ["count"])
      $0.node("ConstantOfShape", ["count"], ["zeros"])
      $0.node("Neg", ["x"], ["n"])
      $0.value(12, "zeros", shape: nil)
    }
    let graph = result.graph
    #expect(graph.shape("places") == [2, 12])
    #expect(graph.shape("zeros") == [12])
    let bounded = ["places", "extents", "count", "zeros", "n"].map { name in
      graph.tensor(name).map { graph[$0].isUpperBound }
    }
    // Numbers that data decides have a shape that it does not.
    #expect(bounded == [true, false, false, true, false])
    #expect(result.model.notes.contains(.upperBounds(2)))
  }
}
