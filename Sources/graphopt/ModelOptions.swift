// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import GraphIR
import Importers
import Planning

/// The model and how it is read: the same for every command that takes one.
struct ModelOptions: ParsableArguments {
  @Argument(
    help: "The ONNX model. Its weights are not read.", completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(
    name: .customLong("dim"),
    help: ArgumentHelp(
      "Binds a dynamic dimension, by name or by input and axis: --dim batch=8 --dim x:2=224.",
      valueName: "name=size"), transform: { try DimensionBinding(parsing: $0) })
  var dims: [DimensionBinding] = []

  @Option(
    name: .customLong("bound"),
    help: ArgumentHelp(
      "Says how large a tensor can be whose size data decides: --bound boxes=100,4.",
      valueName: "tensor=shape"), transform: { try SizeBound(parsing: $0) })
  var bounds: [SizeBound] = []

  /// Imports the model.
  ///
  /// - Throws: ``Failure``.
  func imported() throws -> ImportedGraph {
    try Self.imported(model, by: importer)
  }

  /// What the options say of how the model is imported.
  var importer: ONNXImporter { ONNXImporter(bindings: dims, bounds: bounds) }

  /// Imports the model at a path.
  ///
  /// - Throws: ``Failure``.
  static func imported(_ path: String, by importer: ONNXImporter) throws -> ImportedGraph {
    try source(path, by: importer, keepsModel: false).imported
  }

  /// Imports the model.
  ///
  /// - Parameter keepsModel: Whether what the file states is wanted, too.
  /// - Throws: ``Failure``.
  func source(keepsModel: Bool) throws -> SourceModel {
    try Self.source(model, by: importer, keepsModel: keepsModel)
  }

  private static func source(
    _ path: String, by importer: ONNXImporter, keepsModel: Bool
  ) throws -> SourceModel {
    do throws(ImportError) {
      let model = try ONNXModel(path: path)
      return SourceModel(
        path: path, imported: try importer.importGraph(of: model),
        model: keepsModel ? model : nil)
    } catch {
      throw Failure(error, file: path)
    }
  }
}

extension Failure {
  /// Why a file could not be imported.
  init(_ error: ImportError, file: String) {
    if case .cannotRead = error {
      self.init(.cannotRead, file: file, "\(error)")
    } else {
      self.init(.badInput, file: file, "\(error)")
    }
  }
}

extension ModelFacts {
  /// Where the graph came from, as plans record it.
  func plannedModel(path: String) -> PlannedModel {
    var versions: [String: Int] = [:]
    for opset in opsets {
      let domain = opset.domain.isEmpty ? "ai.onnx" : opset.domain
      versions[domain] = max(versions[domain] ?? 0, Int(opset.version))
    }
    let dims = Dictionary(bindings.map { ($0.target, $0.extent) }) { first, _ in first }
    let bounds = Dictionary(bounds.map { ($0.tensor, $0.shape) }) { first, _ in first }
    return PlannedModel(
      path: path, irVersion: Int(irVersion), opsets: versions, dims: dims, bounds: bounds)
  }
}
