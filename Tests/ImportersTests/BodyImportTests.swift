// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// What importing makes of the graphs that nodes run.
@Suite struct BodyImportTests {
  /// A branch or a body in an attribute.
  private static func body(
    _ writer: inout ProtobufWriter, _ name: String, _ graph: (inout ProtobufWriter) -> Void
  ) {
    writer.attribute(name, kind: 5) { $0.message(6, graph) }
  }

  /// An If over `x` whose branches put it behind itself so many times.
  private static func conditional(
    then: Int, else other: Int, _ writer: inout ProtobufWriter, _ condition: String = "c"
  ) {
    writer.node("If", [condition], ["y"]) {
      for (name, count) in [("then_branch", then), ("else_branch", other)] {
        body(&$0, name) {
          $0.node("Concat", Array(repeating: "x", count: count), ["made"]) { $0.int("axis", 0) }
          $0.value(12, "made", shape: nil)
        }
      }
    }
  }

  private func conditional(
    then: Int, else other: Int, condition: Int64?
  ) throws -> ImportedGraph {
    try imported {
      $0.value(11, "x", shape: [2, 3])
      if let condition {
        $0.tensor(5, "c", type: 9, dims: []) { $0.bytes(9, [UInt8(condition)]) }
      } else {
        $0.value(11, "c", type: 9, shape: [])
      }
      Self.conditional(then: then, else: other, &$0)
      $0.value(12, "y", shape: nil)
    }
  }

  // MARK: If

  @Test func `a condition that is known chooses the branch`() throws {
    for (condition, extent, name) in [(1, 4, "then_branch"), (0, 6, "else_branch")] {
      let graph = try conditional(then: 2, else: 3, condition: Int64(condition)).graph
      #expect(graph.shape("y") == [extent, 3])
      #expect(graph.bodies(of: NodeID(0)).map(\.attribute) == [name])
      #expect(graph.tensor("y").map { graph[$0].isUpperBound } == false)
    }
  }

  @Test func `branches that differ bound the result, and those that agree tell it`() throws {
    let differing = try conditional(then: 2, else: 3, condition: nil).graph
    #expect(differing.shape("y") == [6, 3])
    #expect(differing.tensor("y").map { differing[$0].isUpperBound } == true)
    #expect(differing.bodies(of: NodeID(0)).count == 2)
    let equal = try conditional(then: 2, else: 2, condition: nil).graph
    #expect(equal.tensor("y").map { equal[$0].isUpperBound } == false)
  }

  @Test func `what a branch reads is an operand, and its result lies in the node's`() throws {
    let graph = try conditional(then: 2, else: 3, condition: nil).graph
    #expect(graph.inputs(of: NodeID(0)).map { graph.name(of: $0) } == ["c", "x"])
    let branch = graph.bodies(of: NodeID(0))[0]
    #expect(branch.parameterCount == 0)
    #expect(branch.graph.role("x") == .outer)
    #expect(branch.graph.role("made") == .outer)
    #expect(branch.graph.inputs.map { branch.graph.name(of: $0) } == ["x"])
  }

  @Test func `a branch that cannot run with these shapes is left out`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [2, 3])
      $0.value(11, "c", type: 9, shape: [])
      $0.integers("axes", [0])
      $0.node("If", ["c"], ["y"]) {
        Self.body(&$0, "then_branch") {
          $0.node("Squeeze", ["x", "axes"], ["made"])
          $0.value(12, "made", shape: nil)
        }
        Self.body(&$0, "else_branch") {
          $0.node("Neg", ["x"], ["made"])
          $0.value(12, "made", shape: nil)
        }
      }
      $0.value(12, "y", shape: nil)
    }
    #expect(result.graph.shape("y") == [2, 3])
    #expect(result.graph.bodies(of: NodeID(0)).map(\.attribute) == ["else_branch"])
    #expect(result.model.notes.contains(.impossibleBranches(1)))
  }

  @Test func `branches of different rank are asked for`() throws {
    let error = fault {
      $0.value(11, "x", shape: [2, 3])
      $0.value(11, "c", type: 9, shape: [])
      $0.integers("shape", [-1])
      $0.node("If", ["c"], ["y"]) {
        Self.body(&$0, "then_branch") {
          $0.node("Reshape", ["x", "shape"], ["made"])
          $0.value(12, "made", shape: nil)
        }
        Self.body(&$0, "else_branch") {
          $0.node("Neg", ["x"], ["made"])
          $0.value(12, "made", shape: nil)
        }
      }
      $0.value(12, "y", shape: nil)
    }
    #expect(error?.description.contains("--bound y=…") == true)
  }

  // MARK: Loop

  /// A Loop over a state `x`; what its body makes of `s` is given.
  private static func loop(
    _ writer: inout ProtobufWriter, count: String, _ more: (inout ProtobufWriter) -> Void
  ) {
    writer.node("Loop", [count, "", "x"], ["y", "z"]) {
      body(&$0, "body") {
        $0.value(11, "turn", type: 7, shape: [])
        $0.value(11, "goes", type: 9, shape: [])
        $0.value(11, "s", shape: nil)
        $0.node("Identity", ["goes"], ["on"])
        more(&$0)
        $0.value(12, "on", type: 9, shape: [])
        $0.value(12, "next", shape: nil)
        $0.value(12, "slice", shape: nil)
      }
    }
    writer.value(12, "y", shape: nil)
    writer.value(12, "z", shape: nil)
  }

  private static func count(_ writer: inout ProtobufWriter, _ value: Int64?) {
    if let value {
      writer.integers("n", [value], dims: [])
    } else {
      writer.value(11, "n", type: 7, shape: [])
    }
  }

  private static func keeping(_ writer: inout ProtobufWriter) {
    writer.node("Neg", ["s"], ["next"])
    writer.node("Exp", ["next"], ["slice"])
  }

  private static func growing(_ writer: inout ProtobufWriter) {
    writer.node("Concat", ["s", "x"], ["next"]) { $0.int("axis", 0) }
    writer.node("Exp", ["x"], ["slice"])
  }

  private func loop(
    _ count: Int64?, bindings: [DimensionBinding] = [], _ more: (inout ProtobufWriter) -> Void
  ) throws(ImportError) -> Graph {
    try imported(bindings: bindings) {
      $0.value(11, "x", shape: [2, 3])
      Self.count(&$0, count)
      Self.loop(&$0, count: "n", more)
    }.graph
  }

  @Test func `a loop adds up as many slices as it has turns`() throws {
    let graph = try loop(7, Self.keeping)
    #expect(graph.shape("y") == [2, 3])
    #expect(graph.shape("z") == [7, 2, 3])
    #expect(graph.tensors.allSatisfy { !$0.isUpperBound })
    let body = try #require(graph.bodies(of: NodeID(0)).first)
    #expect(body.trips == 7)
    #expect(body.parameterCount == 3)
    // The state lies in the result, the next one in the arena, the slice where it belongs.
    #expect(body.graph.role("s") == .outer)
    #expect(body.graph.role("next") == .output)
    #expect(body.graph.role("slice") == .outer)
    #expect(body.graph.role("turn") == .input)
  }

  @Test func `a state that grows is followed turn by turn`() throws {
    let graph = try loop(4, Self.growing)
    #expect(graph.shape("y") == [2 * 5, 3])
    #expect(graph.tensor("y").map { graph[$0].isUpperBound } == false)
    let body = try #require(graph.bodies(of: NodeID(0)).first?.graph)
    // Room for the last turn.
    #expect(body.shape("next") == [2 * 5, 3])
    #expect(body.shape("s") == [2 * 4, 3])
    #expect(body.tensor("s").map { body[$0].isUpperBound } == true)
  }

  @Test func `a state that grows nobody knows how often is asked for`() throws {
    #expect(throws: ImportError.self) { try loop(nil, Self.growing) }
    let graph = try loop(nil, bindings: [DimensionBinding("n", 3)], Self.growing)
    #expect(graph.shape("y") == [2 * 4, 3])
    let error = fault {
      $0.value(11, "x", shape: [2, 3])
      Self.count(&$0, nil)
      Self.loop(&$0, count: "n", Self.keeping)
    }
    #expect(error?.description.contains("--dim n=…") == true)
  }

  @Test func `a loop that only a condition ends needs a bound for what adds up`() throws {
    let model: (inout ProtobufWriter) -> Void = {
      $0.value(11, "x", shape: [2, 3])
      Self.loop(&$0, count: "") {
        $0.node("Neg", ["s"], ["next"])
        $0.node("Exp", ["next"], ["slice"])
      }
    }
    let error = fault(graph: model)
    #expect(error?.description.contains("z=…,2,3") == true)
    let read = try read(ProtobufWriter.model(opsets: [("", 17)], graph: model))
    let graph = try ONNXImporter(bounds: [SizeBound("z", [9, 2, 3])]).importGraph(of: read).graph
    #expect(graph.shape("z") == [9, 2, 3])
    #expect(graph.tensor("z").map { graph[$0].isUpperBound } == true)
    #expect(graph.bodies(of: NodeID(0)).first?.trips == nil)
  }

  @Test func `a loop without turns hands on what it is given`() throws {
    let graph = try loop(0, Self.growing)
    #expect(graph.shape("y") == [2, 3])
    #expect(graph.shape("z") == [0, 2, 3])
    #expect(graph.bodies(of: NodeID(0)).isEmpty)
  }

  @Test func `a state that becomes another is kept apart until it is copied`() throws {
    let graph = try imported {
      $0.value(11, "a", shape: [4])
      $0.value(11, "b", shape: [4])
      $0.integers("n", [3], dims: [])
      $0.node("Loop", ["n", "", "a", "b"], ["p", "q"]) {
        Self.body(&$0, "body") {
          $0.value(11, "turn", type: 7, shape: [])
          $0.value(11, "goes", type: 9, shape: [])
          $0.value(11, "s", shape: nil)
          $0.value(11, "t", shape: nil)
          $0.node("Identity", ["goes"], ["on"])
          $0.value(12, "on", type: 9, shape: [])
          $0.value(12, "t", shape: nil)
          $0.value(12, "s", shape: nil)
        }
      }
      $0.value(12, "p", shape: nil)
      $0.value(12, "q", shape: nil)
    }.graph
    let body = try #require(graph.bodies(of: NodeID(0)).first?.graph)
    #expect(body.role("s") == .input && body.role("t") == .input)
  }

  // MARK: Nesting

  @Test func `loops in loops end, however deep they are`() throws {
    /// A loop of so many turns around another, whose state grows in the innermost.
    func nest(_ writer: inout ProtobufWriter, _ depth: Int, _ state: String, _ result: String) {
      guard depth > 0 else {
        writer.node("Concat", [state, "x"], [result]) { $0.int("axis", 0) }
        return
      }
      writer.node("Loop", ["n", "", state], [result]) {
        Self.body(&$0, "body") {
          $0.value(11, "turn\(depth)", type: 7, shape: [])
          $0.value(11, "goes\(depth)", type: 9, shape: [])
          $0.value(11, "s\(depth)", shape: nil)
          $0.node("Identity", ["goes\(depth)"], ["on\(depth)"])
          nest(&$0, depth - 1, "s\(depth)", "next\(depth)")
          $0.value(12, "on\(depth)", type: 9, shape: [])
          $0.value(12, "next\(depth)", shape: nil)
        }
      }
    }
    func model(_ depth: Int, turns: Int64) -> (inout ProtobufWriter) -> Void {
      {
        $0.value(11, "x", shape: [2, 3])
        $0.integers("n", [turns], dims: [])
        nest(&$0, depth, "x", "y")
        $0.value(12, "y", shape: nil)
      }
    }
    let graph = try imported(graph: model(3, turns: 3)).graph
    #expect(graph.shape("y") == [2 * 28, 3])
    // Seven to the twentieth power turns: whatever comes of it, it comes soon.
    let deep = fault(graph: model(20, turns: 7))
    #expect(deep != nil)
    #expect(deep?.description.isEmpty == false)
  }

  @Test func `names inside stand before those outside, and only there`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [2, 3])
      $0.value(11, "c", type: 9, shape: [])
      $0.node("Transpose", ["x"], ["made"])
      Self.conditional(then: 2, else: 2, &$0)
      $0.node("Neg", ["made"], ["after"])
      $0.value(12, "y", shape: nil)
      $0.value(12, "after", shape: nil)
    }.graph
    #expect(graph.shape("made") == [3, 2])
    #expect(graph.shape("after") == [3, 2])
    #expect(graph.shape("y") == [4, 3])
  }

  // MARK: Scan and SequenceMap

  @Test func `a scan along another axis gathers its slices`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [4, 5])
      $0.value(11, "i", shape: [4])
      $0.node("Scan", ["i", "x"], ["y", "z"]) {
        $0.int("num_scan_inputs", 1)
        $0.ints("scan_input_axes", [1])
        $0.ints("scan_output_axes", [-1])
        Self.body(&$0, "body") {
          $0.value(11, "s", shape: nil)
          $0.value(11, "e", shape: nil)
          $0.node("Add", ["s", "e"], ["next"])
          $0.node("Exp", ["next"], ["slice"])
          $0.value(12, "next", shape: nil)
          $0.value(12, "slice", shape: nil)
        }
      }
      $0.value(12, "y", shape: nil)
      $0.value(12, "z", shape: nil)
    }.graph
    #expect(graph.shape("y") == [4])
    #expect(graph.shape("z") == [4, 5])
    let body = try #require(graph.bodies(of: NodeID(0)).first)
    #expect(body.trips == 5)
    #expect(body.graph.role("e") == .input && body.graph.role("slice") == .output)
    #expect(body.graph.role("s") == .outer && body.graph.role("next") == .output)
  }

  @Test func `a sequence is mapped member by member`() throws {
    let graph = try imported(
      bindings: [
        DimensionBinding("s", 2), DimensionBinding("s[0]:0", 3), DimensionBinding("s[1]:0", 5),
      ]
    ) {
      $0.message(11) {
        $0.string(1, "s")
        $0.message(2) { $0.message(4) { $0.message(1) { $0.tensorType(1, 1, ["n"]) } } }
      }
      $0.node("SequenceMap", ["s"], ["m"]) {
        Self.body(&$0, "body") {
          $0.value(11, "e", shape: nil)
          $0.node("Concat", ["e", "e"], ["made"]) { $0.int("axis", 0) }
          $0.value(12, "made", shape: nil)
        }
      }
      $0.node("ConcatFromSequence", ["m"], ["y"]) { $0.int("axis", 0) }
      $0.value(12, "y", shape: nil)
    }.graph
    #expect(graph.shape("y") == [16])
    let body = try #require(graph.bodies(of: NodeID(0)).first)
    #expect(body.trips == 2)
    #expect(body.graph.shape("made") == [10])
  }
}
