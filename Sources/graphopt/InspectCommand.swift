// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import GraphIR
import Importers
import Ordering
import Planning

/// `graphopt inspect`: what is in a model, before anything is planned.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what is in a model: operators, bytes by role, dimensions, floor and bound.")

  @OptionGroup var model: ModelOptions
  @OptionGroup var memory: MemoryOptions

  func run() throws {
    let progress = ProgressLine("reading \(model.model)")
    defer { progress.finish() }
    let read: ONNXModel
    do throws(ImportError) {
      read = try ONNXModel(path: model.model)
    } catch { throw Failure(error, file: model.model) }
    let imported: ImportedGraph
    do throws(ImportError) {
      imported = try model.importer.importGraph(of: read)
    } catch {
      // What can be said without shapes is said before why there are none.
      try Terminal.write(Array(ModelSummary(of: read).text.utf8))
      throw Failure(error, file: model.model)
    }
    progress.update("bounding")
    let problem = SchedulingProblem(imported.graph, model: memory.model)
    let summary = GraphSummary(of: imported, problem: problem)
    progress.finish()
    try Terminal.write(Array((ModelSummary(of: read).text + summary.text).utf8))
  }
}
