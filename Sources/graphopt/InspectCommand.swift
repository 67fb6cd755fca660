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

  @Flag(help: "Takes no shape from the file: each must follow from its operator.")
  var ignoreValueInfo = false

  @Option(help: "What goes to standard output: text, json. JSON has every tensor.")
  var format = ReportFormat.text

  func run() throws {
    let progress = ProgressLine("reading \(model.model)")
    defer { progress.finish() }
    let read: ONNXModel
    do throws(ImportError) {
      read = try ONNXModel(path: model.model)
    } catch { throw Failure(error, file: model.model) }
    let imported: ImportedGraph
    do throws(ImportError) {
      var importer = model.importer
      importer.ignoresValueInfo = ignoreValueInfo
      imported = try importer.importGraph(of: read)
    } catch {
      // What can be said without shapes is said before why there are none.
      if format == .text { try Terminal.write(Array(ModelSummary(of: read).text.utf8)) }
      throw Failure(error, file: model.model)
    }
    if format == .json {
      progress.finish()
      try Terminal.write(TensorList(of: imported, path: model.model).json)
      return
    }
    progress.update("bounding")
    let planner = Planner(memory: memory.model, limits: SearchLimits(effort: .candidates))
    let problem = SchedulingProblem(
      try planner.graph(of: imported, at: model.model), model: memory.model)
    let summary = GraphSummary(of: imported, problem: problem)
    progress.finish()
    try Terminal.write(Array((ModelSummary(of: read).text + summary.text).utf8))
  }
}
