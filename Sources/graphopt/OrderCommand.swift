// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import GraphIR
import Importers
import Ordering
import Planning

/// `graphopt order`: the order alone, beside all others, with its bound and the reason for it.
struct OrderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order",
    abstract: "Orders a model: every order's peak, the bound, what must be live together and why.",
    discussion: """
      All orders are compared whichever is asked for; --order says which one is written.
      Example: graphopt order model.onnx --dim batch=8 --time-limit 10s -o order.json
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var memory: MemoryOptions
  @OptionGroup var search: SearchOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes the order here, as JSON.", valueName: "order.json"))
  var output: String?

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  @Flag(help: "Also says what each order took; differs from run to run.")
  var timings = false

  func run() throws {
    let progress = ProgressLine("reading \(model.model)")
    defer { progress.finish() }
    let imported = try model.imported()
    progress.update("ordering")
    let planner = Planner(memory: memory.model, limits: search.limits)
    let problem = SchedulingProblem(
      try planner.graph(of: imported, at: model.model), model: memory.model)
    let comparison: OrderingResult
    do throws(OrderingError) {
      comparison = try OrderChoice.comparison(for: problem, limits: search.limits)
    } catch { throw Failure(.checkFailed, file: model.model, "\(error)") }
    let report = OrderReport(
      model: imported.model.plannedModel(path: model.model), problem: problem,
      choice: search.order, effort: search.effort, comparison: comparison, hasTimes: timings)
    progress.update("writing")
    if let output { try OutputFile(path: output).write(report.json) }
    progress.finish()
    for note in imported.model.notes { Terminal.printError("graphopt: note: \(note)") }
    if output == OutputFile.standardOutput { return }
    switch format {
    case .text: try Terminal.write(Array(report.text.utf8))
    case .json: try Terminal.write(report.json)
    }
  }
}
