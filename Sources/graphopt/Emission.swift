// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import Importers
import Planning

/// One file that `--emit KIND=PATH` asks for.
struct Emission: Hashable {
  let kind: String
  let path: String

  /// Every kind there is.
  static let kinds = PlanFormats.all.map { type(of: $0).kind } + [ONNXEmitter.kind]

  /// Every kind with what it is, a line each.
  static let list: String = {
    let formats = PlanFormats.all.map { (type(of: $0).kind, type(of: $0).summary) }
    return (formats + [(ONNXEmitter.kind, ONNXEmitter.summary)])
      .map { "  \($0): \($1)" }.joined(separator: "\n")
  }()

  /// Whether it goes to standard output, and nothing else may.
  var isStandardOutput: Bool { path == OutputFile.standardOutput }

  /// Whether it is a copy of the model.
  var isModel: Bool { kind == ONNXEmitter.kind }

  /// - Parameter kinds: What can be asked for; every kind there is of plans unless given.
  init(parsing text: String, kinds: [String] = Self.kinds) throws {
    guard let equals = text.firstIndex(of: "="), text.index(after: equals) < text.endIndex else {
      throw ValidationError("--emit is KIND=PATH, not '\(text)'")
    }
    kind = String(text[..<equals])
    path = String(text[text.index(after: equals)...])
    guard kinds.contains(kind) else {
      throw ValidationError(
        "there is no format '\(kind)'; choose from \(kinds.joined(separator: ", "))")
    }
  }

  init(_ kind: String, path: String) {
    self.kind = kind
    self.path = path
  }

  /// Whether it draws the orders that plans are compared to.
  var drawsCurves: Bool { PlanFormats.emitter(of: kind).map { type(of: $0).drawsCurves } ?? false }

  /// Adds the file to those that are written together.
  ///
  /// - Parameter curves: The orders that the plan is compared to, where they are drawn.
  /// - Throws: ``Failure``.
  func add(
    to files: OutputFiles, _ plan: ExecutionPlan, of source: SourceModel, beside curves: [LiveCurve]
  ) throws {
    if isModel { return try addModel(to: files, plan, of: source) }
    guard let emitter = PlanFormats.emitter(of: kind, beside: curves) else {
      preconditionFailure("a kind is that of a model's copy or one of the list")
    }
    let bytes: [UInt8]
    do throws(EmissionError) {
      bytes = try emitter.bytes(of: plan)
    } catch { throw Failure(.cannotWrite, file: path, "cannot be written as \(kind): \(error)") }
    try files.add(path, bytes: bytes)
  }

  private func addModel(
    to files: OutputFiles, _ plan: ExecutionPlan, of source: SourceModel
  ) throws {
    guard let model = source.model else {
      preconditionFailure("the model is kept where a copy of it is asked for")
    }
    let file: SplicedFile
    do throws(EmissionError) {
      for location in try model.absentWeights(forCopyAt: path, of: source.path) {
        Terminal.printError("graphopt: note: \(path): needs '\(location)' beside it to run")
      }
      file = try ONNXEmitter(model: model, imported: source.imported).file(of: plan)
    } catch { throw Failure(.cannotWrite, file: path, "\(error)") }
    try files.add(path) { sink in try file.write(to: sink) }
  }
}

/// The graph of a model file, and what the file states.
struct SourceModel {
  let path: String
  let imported: ImportedGraph
  /// Kept only where it is needed: it takes more memory than the graph.
  let model: ONNXModel?
}
