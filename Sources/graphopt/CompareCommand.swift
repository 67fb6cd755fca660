// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import Importers
import Planning

/// `graphopt compare`: what changed from one plan to another.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two plans: what moved, what grew, and which tensor did it.",
    discussion: """
      Example: graphopt compare old.json new.json --tolerance 1%
      Exit status 4 if arena or total need more than in the first plan, beyond the tolerance.
      """)

  @Argument(help: "The older plan.", completion: .file(extensions: ["json"]))
  var before: String

  @Argument(help: "The newer plan.", completion: .file(extensions: ["json"]))
  var after: String

  @Option(
    help: ArgumentHelp(
      "How much more arena and total may each need: 64KiB, 0.5%; 0 by default.",
      valueName: "size|percent"),
    transform: { try Tolerance(parsing: $0) })
  var tolerance = Tolerance.none

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  func run() throws {
    let progress = ProgressLine("reading \(before)")
    defer { progress.finish() }
    let old = try PlanFile.read(before)
    progress.update("reading \(after)")
    let new = try PlanFile.read(after)
    progress.update("comparing")
    let comparison: PlanComparison
    do throws(ComparisonError) {
      comparison = try PlanComparison(from: old, to: new, tolerance: tolerance)
    } catch {
      let file = if case .before = error { before } else { after }
      throw Failure(.badInput, file: file, "\(error)")
    }
    progress.finish()
    switch format {
    case .text: try Terminal.write(ComparisonText().bytes(of: comparison))
    case .json: try Terminal.write(ComparisonJSON().bytes(of: comparison))
    }
    if comparison.verdict == .grown { throw ExitCode(ExitStatus.grown.rawValue) }
  }
}

/// A plan in a file.
enum PlanFile {
  /// Reads a plan.
  ///
  /// - Throws: ``Failure``.
  static func read(_ path: String) throws -> ExecutionPlan {
    let bytes: [UInt8]
    do throws(ImportError) {
      bytes = try MappedFile(path: path).withBytes { Array($0) }
    } catch {
      // An empty file is no plan either; the rest is about reading.
      if case .notONNX = error { throw Failure(.badInput, file: path, "not a plan: it is empty") }
      throw Failure(error, file: path)
    }
    do throws(PlanReadingError) {
      return try PlanReader().plan(from: bytes)
    } catch { throw Failure(.badInput, file: path, "\(error)") }
  }
}
