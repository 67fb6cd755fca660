// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Importers

/// Real models, counted against what their makers' own library counted in them.
@Suite(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
struct `Real models` {
  private struct Manifest: Decodable {
    let models: [Model]
  }

  private struct Model: Decodable {
    let files: [String]
    let ops: Int
    let opsInclSubgraphs: Int?
    let constantsNodes: Int?
    let ir: Int64?
    let opset: [String: Int64]?
  }

  private struct Edge: Decodable {
    let file: String
    let ops: Int
    let opTypes: [String]
    let functions: Int
    let subgraphs: Int
  }

  private func decoded<Value: Decodable>(_ file: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Value.self, from: Data(#require(Zoo.bytes(of: file))))
  }

  /// All graphs in attributes below a graph, at any depth.
  private func bodies(of graph: ONNXGraph) -> [ONNXGraph] {
    let inside = graph.nodes.flatMap { node in
      graph.attributes(of: node).flatMap { attribute in
        switch attribute.value {
        case .graph(let graph): [graph]
        case .graphs(let graphs): graphs
        default: [ONNXGraph]()
        }
      }
    }
    return inside + inside.flatMap(bodies(of:))
  }

  @Test func `have as many operators as the manifest says`() throws {
    let entries = (try decoded("MANIFEST.json") as Manifest).models
    #expect(!entries.isEmpty)
    for entry in entries {
      for file in entry.files {
        let model = try ONNXModel(path: Zoo.path(of: file))
        let graph = model.graph
        #expect(graph.nodes.count == entry.ops, "\(file)")
        if let all = entry.opsInclSubgraphs {
          let inside = bodies(of: graph).map(\.nodes.count).reduce(0, +)
          #expect(graph.nodes.count + inside == all, "\(file)")
        }
        if let constants = entry.constantsNodes {
          let found = graph.nodes.count { model.operator(of: $0).type == "Constant" }
          #expect(found == constants, "\(file)")
        }
        if let version = entry.ir { #expect(model.irVersion == version, "\(file)") }
        for (domain, version) in entry.opset ?? [:] {
          let found = model.opsetVersion(ofDomain: domain == "ai.onnx" ? "" : domain)
          #expect(found == version, "\(file)")
        }
      }
    }
  }

  @Test func `have the operators, functions and bodies that the manifest says`() throws {
    let entries: [Edge] = try decoded("edge/EDGE.json")
    #expect(!entries.isEmpty)
    for entry in entries {
      let model = try ONNXModel(path: Zoo.path(of: entry.file))
      let graphs = [model.graph] + bodies(of: model.graph)
      let types = Set(graphs.flatMap { $0.nodes.map { model.operator(of: $0).type } })
      #expect(model.graph.nodes.count == entry.ops, "\(entry.file)")
      #expect(types.isSuperset(of: entry.opTypes), "\(entry.file)")
      #expect(model.functions.count == entry.functions, "\(entry.file)")
      #expect(graphs.count - 1 == entry.subgraphs, "\(entry.file)")
    }
  }

  @Test func `can be asked for everything in them`() throws {
    for file in Zoo.models() where !file.hasPrefix("train/") {
      let model = try ONNXModel(path: Zoo.path(of: file))
      #expect(try model.visitEverything() > model.graph.nodes.count, "\(file)")
    }
  }
}
