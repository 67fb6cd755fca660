// SPDX-License-Identifier: Apache-2.0
import Fusion
import GraphIR
import Importers
import TestSupport

/// A model as fusion sees it.
struct ReadModel {
  let graph: Graph
  let values: StaticValues

  /// Reads a model; open dimensions get small numbers.
  init(_ path: String) throws { try self.init(ONNXModel(path: path)) }

  /// Reads a model from memory.
  init(bytes: [UInt8]) throws { try self.init(ONNXModel(MappedFile(bytes: bytes))) }

  private init(_ model: ONNXModel) throws {
    values = StaticValues(try model.smallConstants())
    graph = try Self.graph(of: model)
  }

  private static func graph(of model: ONNXModel) throws -> Graph {
    do throws(ImportError) {
      return try ONNXImporter().importGraph(of: model).graph
    } catch {
      guard case .dimensions(.unbound(let open)) = error else { throw error }
      let bindings = open.enumerated().map { DimensionBinding($1.target, 2 + 5 * $0) }
      return try ONNXImporter(bindings: bindings).importGraph(of: model).graph
    }
  }

  var survey: FusionSurvey { FusionSurvey(of: graph, values: values) }

  func fused(_ options: FusionOptions) throws(FusionError) -> FusedGraph {
    try FusedGraph(graph, values: values, options: options)
  }
}
