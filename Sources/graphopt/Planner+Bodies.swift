// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Importers
import Planning

extension Planner {
  /// An imported graph with the workspaces that the graphs need which its nodes run.
  ///
  /// - Throws: ``Failure``.
  func graph(of imported: ImportedGraph, at path: String) throws -> Graph {
    do throws(PlanningError) {
      return try withBodiesPlanned(imported.graph)
    } catch {
      if case .checkFailed = error { throw Failure(.checkFailed, file: path, "\(error)") }
      throw Failure(.badInput, file: path, "\(error)")
    }
  }
}
