// SPDX-License-Identifier: Apache-2.0

import Fusion
import Importers

/// A model that is to be fused: its file, its graph and its small constants.
struct FusionSource {
  let path: String
  let model: ONNXModel
  let imported: ImportedGraph
  let values: StaticValues

  /// Reads a model. Dimensions that nothing binds get small numbers.
  ///
  /// - Throws: ``Failure``.
  init(path: String, dims: [DimensionBinding]) throws {
    self.path = path
    do throws(ImportError) {
      model = try ONNXModel(path: path)
      imported = try Self.imported(model, dims: dims)
      values = StaticValues(try model.smallConstants())
    } catch { throw Failure(error, file: path) }
  }

  private static func imported(
    _ model: ONNXModel, dims: [DimensionBinding]
  ) throws(ImportError) -> ImportedGraph {
    do throws(ImportError) {
      return try ONNXImporter(bindings: dims).importGraph(of: model)
    } catch .dimensions(.unbound(let open)) {
      // Numbers that differ from each other and from 1, so that no axis is taken for another.
      let made = open.enumerated().map { DimensionBinding($1.target, 2 + 5 * ($0 % 8)) }
      return try ONNXImporter(bindings: dims + made).importGraph(of: model)
    } catch { throw error }
  }
}
