// SPDX-License-Identifier: Apache-2.0

import Emitters
import Fusion
import Importers

/// A fused model on disk: its file, and one for its weights where they are large.
struct FusedOutput {
  let path: String

  /// Writes both files or neither.
  ///
  /// - Throws: ``Failure``.
  func write(_ fused: FusedGraph, of source: FusionSource) throws {
    let weightsPath = path + ".data"
    let name = weightsPath.split(separator: "/").last.map(String.init) ?? weightsPath
    let files: FusedModelWriter.Files
    do throws(FusedModelError) {
      files = try FusedModelWriter(
        model: source.model, imported: source.imported, fused: fused, path: source.path
      ).files(weightsName: name)
    } catch { throw Failure(.badInput, file: source.path, "\(error)") }
    let written = OutputFiles()
    if let weights = files.weights {
      try written.add(weightsPath) { sink in try weights.write(to: sink) }
    }
    try written.add(path) { sink in try files.model.write(to: sink) }
    try written.commit()
  }
}
