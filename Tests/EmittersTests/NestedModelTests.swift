// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphIR
import Importers
import Planning
import TestSupport
import Testing

@testable import Emitters

/// Planned files of models with graphs inside nodes and with local functions.
@Suite struct NestedModelTests {
  private struct Planned {
    let model: ONNXModel
    let imported: ImportedGraph
    let plan: ExecutionPlan

    init(_ model: ONNXModel) throws {
      self.model = model
      imported = try ONNXImporter().importGraph(of: model)
      plan = try Planner().plan(imported.graph, model: PlannedModel(path: ""))
    }

    /// What the emitter writes, read again.
    func copy() throws -> ONNXModel {
      let file = try ONNXEmitter(model: model, imported: imported).file(of: plan)
      var bytes: [UInt8] = []
      file.write { bytes.append(contentsOf: $0) }
      return try ONNXModel(try MappedFile(bytes: bytes))
    }
  }

  private func planned(_ fixture: Fixture) throws -> Planned {
    try Planned(try ONNXModel(path: fixture.path))
  }

  /// The bodies of a node by attribute.
  private func bodies(_ node: ONNXNode, in graph: ONNXGraph) -> [String: ONNXGraph] {
    var result: [String: ONNXGraph] = [:]
    for attribute in graph.attributes(of: node) {
      if let body = attribute.graphs.first { result[attribute.name] = body }
    }
    return result
  }

  /// Expects the nodes of a graph in the order of its steps, at every depth.
  private func expectOrder(
    _ steps: [PlanStep], _ graph: ONNXGraph, _ model: ONNXModel
  ) throws {
    let nodes = graph.nodes.filter { model.operator(of: $0).type != "Constant" }
    let made = nodes.map { graph.outputs(of: $0).map { model.names[$0] } }
    #expect(made == steps.map(\.outputs))
    let positions = try nodes.map { node in
      try model.metadata(of: node).filter { $0.key == "graphopt.plan.step" }.map(\.value)
    }
    #expect(positions == steps.indices.map { ["\($0)"] })
    for (step, node) in zip(steps, nodes) {
      let inside = bodies(node, in: graph)
      for body in step.bodies ?? [] {
        try expectOrder(body.steps, try #require(inside[body.attribute]), model)
      }
    }
  }

  /// The steps in a plan and in its bodies.
  private func count(_ steps: [PlanStep]) -> Int {
    steps.reduce(0) { $0 + 1 + ($1.bodies ?? []).reduce(0) { $0 + count($1.steps) } }
  }

  @Test(arguments: [Fixture.nested, Fixture.functions])
  func `graphs inside nodes are written in the order of their plans`(_ fixture: Fixture) throws {
    let planned = try planned(fixture)
    let copy = try planned.copy()
    try expectOrder(planned.plan.steps, copy.graph, copy)
    // The file's order of the copy is the plan's, so that it needs what the plan does.
    let again = try ONNXImporter().importGraph(of: copy).graph
    let order = Planner(order: .named("file"))
    let replanned = try order.plan(again, model: PlannedModel(path: ""))
    #expect(replanned.summary.peakBytes == planned.plan.summary.peakBytes)
    #expect(count(replanned.steps) == count(planned.plan.steps))
  }

  @Test func `another order of a branch needs less than the file's, and the node less with it`()
    throws
  {
    let original = try planned(.functions)
    let order = Planner(order: .named("file"))
    let file = try order.plan(original.imported.graph, model: PlannedModel(path: ""))
    func workspaces(_ plan: ExecutionPlan) -> [Int] {
      plan.steps.filter { $0.bodies != nil }.map(\.workspaceBytes)
    }
    #expect(workspaces(original.plan).count == 2)
    for (planned, file) in zip(workspaces(original.plan), workspaces(file)) {
      #expect(planned < file)
    }
  }

  @Test func `what functions do stands where they are called, and they are gone`() throws {
    let original = try planned(.functions)
    let copy = try original.copy()
    #expect(!original.model.functions.isEmpty && copy.functions.isEmpty)
    let again = try ONNXImporter().importGraph(of: copy)
    #expect(!again.hasInlinedFunctions)
    // The same nodes on the same values, in another order.
    func lines(_ graph: Graph) -> Set<String> {
      Set(
        graph.nodeIDs.map { node in
          let names = (graph.inputs(of: node), graph.outputs(of: node))
          return "\(graph.kind(of: node)) "
            + "\(names.0.map { graph.name(of: $0) }) \(names.1.map { graph.name(of: $0) }) "
            + "\(graph.attributes(of: node))"
            + graph.bodies(of: node).map { "\(lines($0.graph).sorted())" }.joined()
        })
    }
    #expect(lines(again.graph).sorted() == lines(original.imported.graph).sorted())
    #expect(lines(again.graph).count == original.imported.graph.nodes.count)
  }

  // MARK: Functions by hand

  private func model(
    opset: Int64 = 17, nodes: (inout ProtobufWriter) -> Void,
    graph: (inout ProtobufWriter) -> Void
  ) throws -> ONNXModel {
    let bytes = ProtobufWriter.model(
      opsets: [("", 17), ("local", 1)],
      more: {
        $0.message(25) {
          $0.string(1, "F")
          $0.string(4, "x")
          $0.string(5, "y")
          $0.string(5, "x")
          $0.string(6, "body")
          nodes(&$0)
          $0.message(9) { $0.varint(2, opset) }
          $0.string(10, "local")
        }
      },
      graph: {
        $0.value(11, "x", shape: [1, 3])
        $0.value(11, "c", type: 9, shape: [])
        graph(&$0)
      })
    return try ONNXModel(try MappedFile(bytes: bytes))
  }

  @Test func `a result that is a parameter is copied, and a body of the call's is where it goes`()
    throws
  {
    let planned = try Planned(
      try model(
        nodes: {
          $0.node("Cast", ["x"], ["f"], field: 7) { $0.number("to", 9) }
          $0.node("ReduceMax", ["f"], ["m"], field: 7) { $0.number("keepdims", 0) }
          $0.node("If", ["m"], ["y"], field: 7) {
            for name in ["then_branch", "else_branch"] {
              $0.message(5) {
                $0.string(1, name)
                $0.varint(20, 5)
                $0.string(21, "body")
              }
            }
          }
        },
        graph: {
          $0.node("F", ["x"], ["a", "b"], name: "call", domain: "local") {
            $0.attribute("body", kind: 5) {
              $0.message(6) {
                $0.string(2, "of the call")
                $0.node("Neg", ["x"], ["inside"])
                $0.value(12, "inside", shape: nil)
              }
            }
          }
          $0.node("Add", ["a", "b"], ["z"])
          $0.value(12, "z", shape: nil)
        }))
    let copy = try planned.copy()
    try expectOrder(planned.plan.steps, copy.graph, copy)
    #expect(copy.graph.nodes.contains { copy.operator(of: $0).type == "Identity" })
    let branch = try #require(copy.graph.nodes.first { copy.operator(of: $0).type == "If" })
    let inside = bodies(branch, in: copy.graph)
    #expect(inside.keys.sorted() == ["else_branch", "then_branch"])
    #expect(inside.values.allSatisfy { $0.name == "of the call" })
  }

  @Test func `an operator that is another one in the model's version is refused`() throws {
    func planned(_ type: String, opset: Int64) throws -> Planned {
      try Planned(
        try model(
          opset: opset,
          nodes: {
            $0.node(type, ["x"], ["y"], field: 7) {
              if type == "Squeeze" { $0.attribute("axes", kind: 7) { $0.varint(8, 0) } }
            }
          },
          graph: {
            $0.node("F", ["x"], ["z"], domain: "local")
            $0.value(12, "z", shape: nil)
          }))
    }
    // Up to version 12 the axes of Squeeze are an attribute, from 13 on an input.
    let other = try planned("Squeeze", opset: 11)
    #expect(throws: EmissionError.functionOpset(operator: "Squeeze", version: 11, model: 17)) {
      try other.copy()
    }
    #expect(try planned("Tanh", opset: 13).copy().graph.nodes.count == 1)
  }

  // MARK: Versions

  @Test func `the versions of operators are those that the coverage table lists`() throws {
    let page = try String(
      contentsOfFile: "\(Zoo.packageRoot)/Benchmarks/operators.md", encoding: .utf8)
    let section = try #require(
      page.split(separator: "\n## ").first { $0.hasPrefix("ai.onnx\n") })
    var entries: [String] = []
    for line in section.split(separator: "\n") where line.hasPrefix("| ") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells[1].first?.isNumber == true else { continue }
      entries.append("\(cells[0]) \(cells[1].replacing(",", with: ""))")
    }
    let words = OperatorVersions.list.split(separator: ";")
      .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    #expect(words == entries)
    #expect(entries.count > 200)
  }

  @Test func `an operator is the same between two of its own versions`() {
    #expect(OperatorVersions.isSame("Softmax", in: 1, and: 1))
    #expect(OperatorVersions.isSame("Softmax", in: 11, and: 12))
    #expect(!OperatorVersions.isSame("Softmax", in: 12, and: 13))
    #expect(OperatorVersions.isSame("Softmax", in: 20, and: 13))
    #expect(!OperatorVersions.isSame("Gelu", in: 19, and: 18))
    #expect(!OperatorVersions.isSame("Softmax", in: 13, and: OperatorVersions.newest + 1))
    #expect(!OperatorVersions.isSame("Nobody's", in: 12, and: 13))
  }
}

extension ProtobufWriter {
  /// An attribute that is an integer.
  fileprivate mutating func number(_ name: String, _ value: Int64) {
    attribute(name, kind: 2) { $0.varint(3, value) }
  }
}
