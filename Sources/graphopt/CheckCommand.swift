// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import Fusion
import GraphIR
import Importers
import Planning

/// `graphopt check`: the independent checker on a written plan.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Checks a plan against its model, trusting nothing in it.",
    discussion: """
      Without MODEL the one that the plan names is read. Exit status 65 if a rule is broken.
      """)

  @Argument(help: "The plan, as plan -o writes it.", completion: .file(extensions: ["json"]))
  var plan: String

  @Argument(help: "The model that the plan is for.", completion: .file(extensions: ["onnx"]))
  var model: String?

  func run() throws {
    let progress = ProgressLine("reading \(plan)")
    defer { progress.finish() }
    let written = try PlanFile.read(plan)
    let path = model ?? written.model.path
    progress.update("reading \(path)")
    let dims = written.model.dims.sorted { $0.key < $1.key }.map {
      DimensionBinding($0.key, $0.value)
    }
    let bounds = (written.model.bounds ?? [:]).sorted { $0.key < $1.key }.map {
      SizeBound($0.key, $0.value)
    }
    let imported = try ModelOptions.imported(
      path, by: ONNXImporter(bindings: dims, bounds: bounds))
    progress.update("checking")
    var graph = imported.graph
    if let fusion = written.fusion { graph = try Self.fused(graph, fusion, path, plan) }
    let violations = PlanChecker.violations(in: written, against: graph)
    progress.finish()
    guard violations.isEmpty else {
      let listed = violations.prefix(20).map { "\n  \($0)" }.joined()
      let rest = violations.count > 20 ? "\n  and \(violations.count - 20) more" : ""
      let count = violations.count == 1 ? "a rule" : "\(violations.count) rules"
      throw Failure(.badInput, file: plan, "the plan breaks \(count):\(listed)\(rest)")
    }
    let steps = "\(written.steps.count) steps, \(written.tensors.count) tensors"
    try Terminal.write(Array("\(plan): right: \(steps), checked against \(path)\n".utf8))
  }

  /// The graph with what the plan says was fused first.
  private static func fused(
    _ graph: Graph, _ fusion: PlannedFusion, _ path: String, _ plan: String
  ) throws -> Graph {
    guard let options = fusion.options else {
      throw Failure(.badInput, file: plan, "the plan states a fusion that cannot be asked for")
    }
    let values: StaticValues
    do throws(ImportError) {
      values = StaticValues(try ONNXModel(path: path).smallConstants())
    } catch { throw Failure(error, file: path) }
    let fused: FusedGraph
    do throws(FusionError) {
      fused = try FusedGraph(graph, values: values, options: options)
    } catch { throw Failure(error, file: path) }
    guard PlannedFusion(options, fused).done == fusion.done else {
      throw Failure(.badInput, file: plan, "the plan breaks a rule: it states another fusion")
    }
    return fused.graph
  }
}
