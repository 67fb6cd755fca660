// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import GraphIR
import Importers
import MemoryLayout
import Ordering
import Planning

/// `graphopt plan`: does it fit, in which order, with every tensor where.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Plans a model: order, offsets, lower bound; says whether it fits a budget.",
    discussion: """
      Example: graphopt plan model.onnx --dim batch=8 --budget 2GiB -o plan.json
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var memory: MemoryOptions

  @Option(
    help: ArgumentHelp(
      "What weights, state and arena together may need: 8GB, 512MiB, bytes.", valueName: "size"),
    transform: { try ByteCount(parsing: $0) })
  var budget: ByteCount?

  @OptionGroup var search: SearchOptions

  @Option(
    help: ArgumentHelp(
      "Which layout: \(LayoutChoice.names.joined(separator: ", ")).", valueName: "name"),
    transform: layoutChoice)
  var layout = LayoutChoice.auto

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes the plan here, as JSON.", valueName: "plan.json"))
  var output: String?

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  func run() throws {
    let progress = ProgressLine("reading \(model.model)")
    defer { progress.finish() }
    let imported = try model.imported()
    let planner = Planner(
      memory: memory.model, order: search.order, limits: search.limits, layout: layout,
      budget: budget)
    let plan: ExecutionPlan
    do throws(PlanningError) {
      plan = try planner.plan(
        imported.graph, model: imported.model.plannedModel(path: model.model)
      ) { progress.update($0.rawValue) }
    } catch {
      if case .checkFailed = error { throw Failure(.checkFailed, file: model.model, "\(error)") }
      throw Failure(.badInput, file: model.model, "\(error)")
    }
    progress.update("writing")
    if let output { try OutputFile(path: output).write(JSONEmitter().bytes(of: plan)) }
    progress.finish()
    for note in imported.model.notes { Terminal.printError("graphopt: note: \(note)") }
    try Terminal.write(format.emitter.bytes(of: plan))
    if plan.summary.fits == false { throw ExitCode(ExitStatus.overBudget.rawValue) }
  }
}

/// What is printed.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json

  var emitter: any PlanEmitter {
    switch self {
    case .text: TextEmitter()
    case .json: JSONEmitter()
    }
  }
}
