// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import Fusion
import GraphIR
import Importers

/// `graphopt fuse`: what can be fused in a model, and the fused model.
struct FuseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuse",
    abstract: "Finds feed-forward blocks, says what can be fused, and writes the fused model.",
    discussion: """
      Without -o nothing is written and no weight is read. Dimensions that are not bound get small \
      numbers: what is found does not depend on them.
      Example: graphopt fuse model.onnx --mode sequential --run 4-9 -o fused.onnx
      """)

  @OptionGroup var model: ModelOptions

  @Option(
    help: ArgumentHelp(
      "How far: exact (default; the same result but for rounding), sequential (runs too, an "
        + "approximation), off (merges alone).", valueName: "mode"), transform: choice)
  var mode = FusionOptions.Mode.exact

  @OptionGroup var fusion: FusionArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Writes the fused model here; large weights into a file beside it, with '.data' behind its name.",
      valueName: "fused.onnx"))
  var output: String?

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  func validate() throws {
    if mode != .sequential, !fusion.runs.isEmpty {
      throw ValidationError("--run is for --mode sequential")
    }
  }

  func run() throws {
    let progress = ProgressLine("reading \(model.model)")
    defer { progress.finish() }
    let source = try FusionSource(path: model.model, dims: model.dims)
    progress.update("searching")
    let survey = FusionSurvey(of: source.imported.graph, values: source.values)
    let choice = try FusionChoice(mode, fusion, for: survey, file: model.model)
    let fused: FusedGraph
    do throws(FusionError) {
      fused = try FusedGraph(
        source.imported.graph, values: source.values, options: choice.options)
    } catch { throw Failure(error, file: model.model) }
    if let output {
      progress.update("writing")
      try FusedOutput(path: output).write(fused, of: source)
    }
    progress.finish()
    let report = FusionReport(
      path: model.model, survey: survey, choice: choice, fused: fused, output: output)
    switch format {
    case .text: try Terminal.write(Array(report.text.utf8))
    case .json: try Terminal.write(report.json)
    }
  }
}

extension Failure {
  /// Why nothing was fused as asked.
  init(_ error: FusionError, file: String) {
    if case .graph = error {
      self.init(.checkFailed, file: file, "\(error)")
    } else {
      self.init(.badInput, file: file, "\(error)")
    }
  }
}
