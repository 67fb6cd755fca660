// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import Fusion
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
      "Which layout: auto (default, the best of all), or one that 'graphopt layout --help' lists.",
      valueName: "name"),
    transform: layoutChoice)
  var layout = LayoutChoice.auto

  @Option(
    help: ArgumentHelp(
      "Plans the graph with its feed-forward blocks fused: exact, sequential, off (default); see "
        + "'graphopt fuse --help'.", valueName: "mode"), transform: choice)
  var fuse = FusionOptions.Mode.off

  @OptionGroup(title: "Fusion options") var fusion: FusionArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes the plan here, as JSON.", valueName: "plan.json"))
  var output: String?

  @Option(
    name: .customLong("emit"),
    help: ArgumentHelp(
      "Writes the plan in another form too; may be repeated. KIND is one of "
        + "\(Emission.kinds.joined(separator: ", ")).", valueName: "kind=path"),
    transform: { try Emission(parsing: $0) })
  var emissions: [Emission] = []

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  func validate() throws {
    var paths: Set<String> = []
    for file in files where !paths.insert(file.path).inserted {
      throw ValidationError("'\(file.path)' is to be written twice")
    }
    if isFused, files.contains(where: \.isModel) {
      throw ValidationError(
        "--emit onnx writes the file's own graph: write the fused model with 'graphopt fuse -o', "
          + "then plan that")
    }
    if fuse != .sequential, !fusion.runs.isEmpty {
      throw ValidationError("--run is for --fuse sequential")
    }
  }

  /// Whether anything but the file's own graph may be planned.
  private var isFused: Bool {
    fuse != .off || !fusion.merge.isEmpty || fusion.dropAttention != nil
  }

  /// What is written besides standard output.
  private var files: [Emission] {
    (output.map { [Emission(JSONEmitter.kind, path: $0)] } ?? []) + emissions
  }

  /// What is to be fused, and what is known of the constants.
  private func fusionRequest(
    for imported: ImportedGraph
  ) throws -> (options: FusionOptions, values: StaticValues) {
    let values: StaticValues
    do throws(ImportError) {
      values = StaticValues(try ONNXModel(path: model.model).smallConstants())
    } catch { throw Failure(error, file: model.model) }
    let survey = FusionSurvey(of: imported.graph, values: values)
    let choice = try FusionChoice(fuse, fusion, for: survey, file: model.model)
    return (choice.options, values)
  }

  func run() throws {
    let progress = ProgressLine("reading \(model.model)")
    defer { progress.finish() }
    let source = try model.source(keepsModel: files.contains(where: \.isModel))
    let imported = source.imported
    let planner = Planner(
      memory: memory.model, order: search.order, limits: search.limits, layout: layout,
      budget: budget)
    let request = try isFused ? fusionRequest(for: imported) : nil
    let plan: ExecutionPlan
    do throws(PlanningError) {
      let facts = imported.model.plannedModel(path: model.model)
      if let request {
        plan = try FusionPlanner(planner, options: request.options, values: request.values)
          .plan(imported.graph, model: facts) { progress.update($0.rawValue) }.plan
      } else {
        plan = try planner.plan(imported.graph, model: facts) { progress.update($0.rawValue) }
      }
    } catch .fusion(let error) {
      throw Failure(error, file: model.model)
    } catch {
      if case .checkFailed = error { throw Failure(.checkFailed, file: model.model, "\(error)") }
      throw Failure(.badInput, file: model.model, "\(error)")
    }
    progress.update("writing")
    for file in files { try file.write(plan, of: source) }
    progress.finish()
    for note in imported.model.notes { Terminal.printError("graphopt: note: \(note)") }
    try Terminal.write(format.emitter.bytes(of: plan))
    if format == .text, let file = files.first(where: \.isModel),
      let prediction = ONNXRuntimePrediction(of: plan, for: imported.graph)
    {
      let recipe = RunRecipe(path: file.path, dims: plan.model.dims, prediction: prediction)
      try Terminal.write(Array(recipe.text.utf8))
    }
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
