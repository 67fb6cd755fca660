// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import GraphIR
import Importers
import MemoryLayout

/// `graphopt layout`: the layout engine alone, on a list of buffers.
struct LayoutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layout",
    abstract: "Places buffers in one arena: offsets, height, and how far that is from the optimum.",
    discussion: """
      PROBLEM is a CSV file with the columns id, lower, upper (exclusive; as 'end' inclusive), size, \
      and if wanted alignment and offset (fixed). Exit status 3 if the layout is above the capacity.
      Example: graphopt layout buffers.csv --capacity 1MiB -o placed.csv --emit svg=placed.svg

      The planners for --layout:
      \(LayoutChoice.list)
      """)

  @Argument(help: "The buffers.", completion: .file(extensions: ["csv"]))
  var problem: String

  @Option(
    help: ArgumentHelp(
      "A height that is good enough: 1MiB, bytes. Without it the least height is wanted.",
      valueName: "size"),
    transform: { try ByteCount(parsing: $0) })
  var capacity: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Which planner, of the list above.", valueName: "name"),
    transform: layoutChoice)
  var layout = LayoutChoice.auto

  @Option(
    name: .customLong("time-limit"),
    help: "Searches until then at most, and without a limit of work: 30s, 500ms.")
  var timeLimit: TimeLimit?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes the buffers with their offsets here.", valueName: "out.csv"))
  var output: String?

  @Option(help: ArgumentHelp("Also writes a picture: svg=PATH.", valueName: "kind=path"))
  var emit: [PictureFile] = []

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  /// Some seconds of search.
  private static let usualWork = 4_000_000_000

  func run() throws {
    let file = try Self.read(problem)
    let buffers: LayoutProblem
    do throws(LayoutCSVError) {
      buffers = try file.problem()
    } catch { throw Failure(.badInput, file: problem, "\(error)") }
    let work = timeLimit == nil ? Self.usualWork : Int.max
    let bytes = capacity?.value
    let portfolio = LayoutPortfolio(
      members: layout.members(searchWork: work), workPerMember: work,
      deadline: timeLimit.map { ContinuousClock.now.advanced(by: $0.duration) }, capacity: bytes)
    let report: LayoutReport
    do throws(LayoutError) {
      report = try portfolio.report(for: buffers)
    } catch { throw Failure(.checkFailed, file: problem, "\(error)") }

    let files = OutputFiles()
    if let output { try files.add(output, bytes: file.text(placedBy: report.solution)) }
    for picture in emit {
      try files.add(
        picture.path,
        bytes: LayoutPicture.svg(
          of: report.solution, problem: buffers, ids: file.ids, capacity: bytes))
    }
    try files.commit()
    if output == OutputFile.standardOutput || emit.contains(where: \.isStandardOutput) { return }
    switch format {
    case .text: try Terminal.write(report.text(of: buffers, capacity: bytes))
    case .json: try Terminal.write(report.json(of: buffers, ids: file.ids, capacity: bytes))
    }
    if let bytes, report.verdict(capacity: bytes) != .fits {
      throw ExitCode(ExitStatus.overBudget.rawValue)
    }
  }

  private static func read(_ path: String) throws -> LayoutCSV {
    let text: [UInt8]
    do throws(ImportError) {
      text = try MappedFile(path: path).withBytes { Array($0) }
    } catch {
      if case .notONNX = error { throw Failure(.badInput, file: path, "the file is empty") }
      throw Failure(error, file: path)
    }
    do throws(LayoutCSVError) {
      return try LayoutCSV(parsing: text)
    } catch { throw Failure(.badInput, file: path, "\(error)") }
  }
}

extension LayoutChoice {
  /// All names with what they stand for, a line each.
  fileprivate static var list: String {
    names.map { "  \($0): \(LayoutChoice(name: $0)?.summary ?? "")" }.joined(separator: "\n")
  }
}

/// A picture to write: `svg=PATH`.
struct PictureFile: ExpressibleByArgument {
  let path: String
  /// Whether it goes to standard output, and nothing else may.
  var isStandardOutput: Bool { path == OutputFile.standardOutput }

  init?(argument: String) {
    guard argument.hasPrefix("svg="), argument.count > 4 else { return nil }
    path = String(argument.dropFirst(4))
  }
}
