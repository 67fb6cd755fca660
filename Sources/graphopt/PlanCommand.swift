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

      The kinds for --emit:
      \(Emission.list)

      The path - is standard output; the report is not printed then.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var memory: MemoryOptions

  @Option(
    help: ArgumentHelp(
      "What weights, state and arena together may need: 8GB, 512MiB, bytes.", valueName: "size"),
    transform: { try ByteCount(parsing: $0) })
  var budget: ByteCount?

  @OptionGroup var ladder: LadderOptions
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
    help: ArgumentHelp(
      "A plan of this model or one that differs a little: its order and offsets are kept where they "
        + "are proven as good as any.", valueName: "plan.json"),
    completion: .file(extensions: ["json"]))
  var like: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes the plan here, as JSON.", valueName: "plan.json"))
  var output: String?

  @Option(
    name: .customLong("emit"),
    help: ArgumentHelp(
      "Writes the plan in another form too, of the list above; may be repeated.",
      valueName: "kind=path"),
    transform: { try Emission(parsing: $0) })
  var emissions: [Emission] = []

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  func validate() throws {
    try ladder.validate(budget: budget)
    if like != nil, isFused {
      throw ValidationError(
        "--like keeps nothing of graphs that are fused: leave --fuse or --like out")
    }
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
    var planner = Planner(
      memory: memory.model, order: search.order, limits: search.limits, layout: layout,
      budget: budget)
    (planner.recompute, planner.spill, planner.costs) = (
      ladder.recompute, ladder.spill, try ladder.table()
    )
    let previous = try like.map(PlanFile.read)
    let request = try isFused ? fusionRequest(for: imported) : nil
    let plan: ExecutionPlan
    do throws(PlanningError) {
      let facts = imported.model.plannedModel(path: model.model)
      if let request {
        plan = try FusionPlanner(planner, options: request.options, values: request.values)
          .plan(imported.graph, model: facts) { progress.update($0.rawValue) }.plan
      } else if let previous {
        plan = try planner.plan(imported.graph, model: facts, like: previous) {
          progress.update($0.rawValue)
        }
      } else {
        plan = try planner.plan(imported.graph, model: facts) { progress.update($0.rawValue) }
      }
    } catch .fusion(let error) {
      throw Failure(error, file: model.model)
    } catch { throw Failure(error, file: model.model) }
    progress.update("writing")
    try write(plan, of: source, counting: planner.memory)
    progress.finish()
    for note in imported.model.notes { Terminal.printError("graphopt: note: \(note)") }
    if !files.contains(where: \.isStandardOutput) { try print(plan, of: source) }
    if plan.summary.fits == false { throw ExitCode(ExitStatus.overBudget.rawValue) }
  }

  /// Writes all files, or none.
  private func write(
    _ plan: ExecutionPlan, of source: SourceModel, counting memory: MemoryModel
  ) throws {
    var curves: [LiveCurve] = []
    if files.contains(where: \.drawsCurves) {
      do throws(PlanningError) {
        curves = try LiveCurve.baselines(of: source.imported.graph, memory: memory)
      } catch { throw Failure(.badInput, file: model.model, "\(error)") }
    }
    let written = OutputFiles()
    for file in files { try file.add(to: written, plan, of: source, beside: curves) }
    try written.commit()
  }

  /// Prints the report or the plan, and how to run what was written.
  private func print(_ plan: ExecutionPlan, of source: SourceModel) throws {
    try Terminal.write(format.bytes(of: plan))
    if format == .text, let file = files.first(where: \.isModel),
      let prediction = ONNXRuntimePrediction(of: plan, for: source.imported.graph)
    {
      let recipe = RunRecipe(path: file.path, dims: plan.model.dims, prediction: prediction)
      try Terminal.write(Array(recipe.text.utf8))
    }
  }
}

/// What is printed.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json

  func bytes(of plan: ExecutionPlan) -> [UInt8] {
    switch self {
    case .text: TextEmitter().bytes(of: plan)
    case .json: JSONEmitter().bytes(of: plan)
    }
  }
}
