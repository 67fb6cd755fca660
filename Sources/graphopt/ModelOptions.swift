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
      valueName: "name=size"))
  var dims: [DimensionBinding] = []
}

/// A dynamic dimension and its size.
struct DimensionBinding: ExpressibleByArgument {
  let name: String
  let size: Int

  init?(argument: String) {
    guard let equals = argument.lastIndex(of: "="), equals != argument.startIndex,
      let size = Int(argument[argument.index(after: equals)...])
    else { return nil }
    name = String(argument[..<equals])
    self.size = size
  }

  init(name: String, size: Int) {
    self.name = name
    self.size = size
  }
}

extension ModelOptions {
  func imported() throws -> ImportedGraph {
    try Self.imported(model, dims: dims)
  }

  /// Imports a model.
  ///
  /// - Throws: ``Failure``.
  static func imported(_ path: String, dims: [DimensionBinding]) throws -> ImportedGraph {
    var bindings: [String: Int] = [:]
    for binding in dims {
      guard bindings.updateValue(binding.size, forKey: binding.name) == nil else {
        throw Failure(.usage, "dimension '\(binding.name)' is bound twice")
      }
    }
    do throws(ImportError) {
      return try ONNXImporter(bindings: bindings).importGraph(at: path)
    } catch {
      throw Failure(error.isUnreadable ? .cannotRead : .badInput, file: path, "\(error)")
    }
  }
}

extension ImportedGraph {
  /// Where the graph came from, as plans record it.
  func plannedModel(path: String) -> PlannedModel {
    PlannedModel(path: path, irVersion: irVersion, opsets: opsets, dims: dims)
  }
}
