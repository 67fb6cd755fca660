// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Calls of local functions become what the functions do.
@Suite struct FunctionInliningTests {
  private static func function(
    _ writer: inout ProtobufWriter, _ name: String, _ inputs: [String], _ outputs: [String],
    opset: Int64 = 17, attributes: [String] = [], _ more: (inout ProtobufWriter) -> Void
  ) {
    writer.message(25) {
      $0.string(1, name)
      for input in inputs { $0.string(4, input) }
      for output in outputs { $0.string(5, output) }
      for attribute in attributes { $0.string(6, attribute) }
      more(&$0)
      $0.message(9) { $0.varint(2, opset) }
      $0.message(9) {
        $0.string(1, "local")
        $0.varint(2, 1)
      }
      $0.string(10, "local")
    }
  }

  private func result(
    functions: (inout ProtobufWriter) -> Void, graph: (inout ProtobufWriter) -> Void
  ) throws(ImportError) -> ImportedGraph {
    try imported(opsets: [("", 17), ("local", 1)], more: functions, graph: graph)
  }

  /// `Twice(x) = Concat(x, x)` along an axis that the call gives, 0 if it does not.
  private static func twice(_ writer: inout ProtobufWriter) {
    function(&writer, "Twice", ["x"], ["y"]) {
      $0.node("Concat", ["x", "x"], ["t"], field: 7) {
        $0.attribute("axis", kind: 2) { $0.string(21, "along") }
      }
      $0.node("Neg", ["t"], ["y"], field: 7)
      $0.message(11) {
        $0.string(1, "along")
        $0.varint(20, 2)
        $0.varint(3, 0)
      }
    }
  }

  @Test func `calls get attributes, defaults and names of their own`() throws {
    let result = try result(functions: Self.twice) {
      $0.value(11, "x", shape: [2, 3])
      $0.node("Twice", ["x"], ["a"], name: "first", domain: "local") { $0.int("along", 1) }
      $0.node("Twice", ["a"], ["b"], domain: "local")
      $0.value(12, "b", shape: nil)
    }
    let graph = result.graph
    #expect(graph.shape("a") == [2, 6])
    #expect(graph.shape("b") == [4, 6])
    #expect(
      graph.nodeNames == ["first/Concat#0", "first/Neg#1", "Twice#1/Concat#0", "Twice#1/Neg#1"])
    #expect(graph.shape("first/t") == [2, 6])
    #expect(graph.shape("Twice#1/t") == [4, 6])
    #expect(result.fileNodes == [0, 0, 1, 1])
    #expect(result.hasInlinedFunctions)
    #expect(result.model.notes.contains(.inlinedCalls(2)))
  }

  @Test func `functions call functions, in bodies too, and names that are taken are passed by`()
    throws
  {
    let graph = try result(
      functions: {
        Self.twice(&$0)
        Self.function(&$0, "Choose", ["c", "v"], ["r"]) {
          $0.node("If", ["c"], ["r"], field: 7) {
            for name in ["then_branch", "else_branch"] {
              $0.attribute(name, kind: 5) {
                $0.message(6) {
                  $0.node("Twice", ["v"], ["x"], domain: "local")
                  $0.value(12, "x", shape: nil)
                }
              }
            }
          }
        }
      },
      graph: {
        $0.value(11, "x", shape: [2, 3])
        $0.value(11, "c", type: 9, shape: [])
        $0.node("Abs", ["x"], ["f/x"])
        $0.node("Choose", ["c", "x"], ["y"], name: "f", domain: "local")
        $0.value(12, "y", shape: nil)
        $0.value(12, "f/x", shape: nil)
      }
    ).graph
    #expect(graph.shape("y") == [4, 3])
    let body = try #require(graph.bodies(of: NodeID(1)).first?.graph)
    #expect(body.outputs.map { body.name(of: $0) } == ["f/x.2"])
    #expect(body.role("x") == .outer)
  }

  @Test func `operators are of the version that the function imports`() throws {
    // Up to version 12 the axes of Squeeze are an attribute, from 13 on an input.
    let graph = try result(
      functions: {
        Self.function(&$0, "Flat", ["x"], ["y"], opset: 11) {
          $0.node("Squeeze", ["x"], ["y"], field: 7) { $0.ints("axes", [0]) }
        }
      },
      graph: {
        $0.value(11, "x", shape: [1, 3])
        $0.node("Flat", ["x"], ["y"], domain: "local")
        $0.value(12, "y", shape: nil)
      }
    ).graph
    #expect(graph.shape("y") == [3])
    #expect(graph.kind(of: NodeID(0)).version == 11)
  }

  @Test func `a result that is a parameter is copied`() throws {
    let graph = try result(
      functions: { Self.function(&$0, "Same", ["x"], ["x"]) { _ in } },
      graph: {
        $0.value(11, "x", shape: [5])
        $0.node("Same", ["x"], ["y"], domain: "local")
        $0.value(12, "y", shape: nil)
      }
    ).graph
    #expect(graph.shape("y") == [5])
    #expect(graph.nodes.count == 1)
  }

  @Test func `a function that calls itself is refused`() {
    let error = fault(
      opsets: [("", 17), ("local", 1)],
      more: {
        Self.function(&$0, "A", ["x"], ["y"]) {
          $0.node("B", ["x"], ["y"], domain: "local", field: 7)
        }
        Self.function(&$0, "B", ["x"], ["y"]) {
          $0.node("A", ["x"], ["y"], domain: "local", field: 7)
        }
      },
      graph: {
        $0.value(11, "x", shape: [5])
        $0.node("A", ["x"], ["y"], domain: "local")
        $0.value(12, "y", shape: nil)
      })
    #expect(error == .structure(.recursion(function: "local.A")))
    #expect(error?.description == "function 'local.A' calls itself")
  }

  @Test func `functions that multiply beyond measure are refused, soon`() {
    let error = fault(
      opsets: [("", 17), ("local", 1)],
      more: {
        for level in 0..<40 {
          Self.function(&$0, "F\(level)", ["x"], ["y"]) {
            guard level > 0 else { return $0.node("Neg", ["x"], ["y"], field: 7) }
            $0.node("F\(level - 1)", ["x"], ["t"], domain: "local", field: 7)
            $0.node("F\(level - 1)", ["t"], ["y"], domain: "local", field: 7)
          }
        }
      },
      graph: {
        $0.value(11, "x", shape: [5])
        $0.node("F39", ["x"], ["y"], domain: "local")
        $0.value(12, "y", shape: nil)
      })
    #expect(error == .structure(.tooManyCalls(limit: FunctionInlining.nodeLimit)))
  }

  @Test func `a call of more operands than the function takes is refused`() {
    let error = fault(opsets: [("", 17), ("local", 1)], more: Self.twice) {
      $0.value(11, "x", shape: [5])
      $0.node("Twice", ["x", "x"], ["y"], name: "n", domain: "local")
      $0.value(12, "y", shape: nil)
    }
    #expect(error == .structure(.call(node: "n", function: "local.Twice")))
  }
}
