// SPDX-License-Identifier: Apache-2.0

import Emitters
import GraphIR
import Importers

/// What `inspect --format json` prints: the model's dimensions, notes, and every tensor with its
/// type, shape and role, after `Schemas/inspect-1.schema.json`.
struct TensorList {
  private let imported: ImportedGraph
  private let path: String

  init(of imported: ImportedGraph, path: String) {
    self.imported = imported
    self.path = path
  }

  /// Keys ascending, one line for each tensor.
  var json: [UInt8] {
    let (graph, facts) = (imported.graph, imported.model)
    let extents = Dictionary(facts.bindings.map { ($0.target, $0.extent) }) { first, _ in first }
    let bounds = Dictionary(facts.bounds.map { ($0.tensor, $0.shape) }) { first, _ in first }
    var writer = JSONWriter()
    writer.object { writer in
      func line(_ key: String, _ body: (inout JSONWriter) -> Void) {
        writer.newLine()
        writer.key(key)
        body(&writer)
      }
      line("bounds") { $0.members(bounds) }
      line("dims") { $0.members(extents) }
      line("format") { $0.string("graphopt-inspect") }
      writer.newLine()
      writer.member("nodes", graph.nodes.count)
      line("notes") { $0.lines(facts.notes) { $0.string($1.description) } }
      line("path") { $0.string(path) }
      line("tensors") {
        $0.lines(graph.tensorIDs) { writer, tensor in
          writer.object {
            $0.member("bytes", graph[tensor].bytes.value)
            $0.member("elementType", graph[tensor].elementType.name)
            $0.member("name", graph.name(of: tensor))
            $0.member("role", graph[tensor].role.rawValue)
            $0.member("shape", Array(graph.shape(of: tensor)))
            $0.member("upperBound", graph[tensor].isUpperBound)
          }
        }
      }
      writer.newLine()
      writer.member("version", 1)
      writer.newLine()
    }
    writer.newLine()
    return writer.bytes
  }
}
