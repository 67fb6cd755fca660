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
    } catch {
      guard case .dimensions(.unbound(let open)) = error else { throw error }
      // Numbers that differ from each other and from 1, so that no axis is taken for another; then
      // rounder ones, for models that halve their axes or cut windows out of them.
      for numbers in [{ 2 + 5 * ($0 % 8) }, { _ in 64 }, { _ in 512 }] as [(Int) -> Int] {
        let made = open.enumerated().map { DimensionBinding($1.target, numbers($0)) }
        if let imported = try? ONNXImporter(bindings: dims + made).importGraph(of: model) {
          return imported
        }
      }
      throw error
    }
  }
}
