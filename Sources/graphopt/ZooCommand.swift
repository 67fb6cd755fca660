// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Gate
import GraphIR
import Importers
import MemoryLayout
import Ordering
import Planning

/// `graphopt zoo`: plans every model of a folder and holds it to a baseline.
struct ZooCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zoo",
    abstract: "Plans every model of a folder, and fails when one needs more than it did.",
    discussion: """
      Example: graphopt zoo models --dim batch=1 --baseline models/baseline.json --jobs 4
      The models are those of models/graphopt-zoo.json (Schemas/zoo-1.schema.json), or all .onnx \
      files below the folder. Each is planned in a process of its own; one that fails, crashes or \
      takes too long is one failed record.
      Exit status, the first that holds: 70 a plan failed our own check or planning crashed, \
      4 a model grew, 65 a model cannot be planned (and could in the baseline, or is not in it), \
      3 a plan is over its budget, 0.
      """)

  @Argument(help: "The folder of the models.", completion: .directory)
  var folder: String?

  @OptionGroup(title: "What is planned") var content: ZooContentOptions
  @OptionGroup(title: "How, where the manifest does not say") var memory: MemoryOptions
  @OptionGroup(title: "How far to search, and how many models at a time") var search: SearchOptions
  @OptionGroup(title: "What is written") var output: ZooOutputOptions
  @OptionGroup(title: "The baseline") var gate: ZooBaselineOptions

  func validate() throws {
    guard (folder == nil) != output.merged.isEmpty else {
      throw ValidationError(
        folder == nil
          ? "missing expected argument '<folder>'" : "--merge takes records, and no folder")
    }
    if !output.merged.isEmpty, output.resume || content.shard != .whole {
      throw ValidationError("--merge goes with neither --resume nor --shard")
    }
    if output.resume, output.path.map({ OutputFile(path: $0).isStream }) ?? true {
      throw ValidationError("--resume needs --output, beside which the records are kept")
    }
    if gate.path == nil, gate.updates || gate.acceptsGrowth {
      throw ValidationError("--update-baseline and --accept-growth need --baseline")
    }
    if let path = output.path, path == gate.path {
      throw ValidationError("'\(path)' is to be written twice")
    }
  }

  func run() throws {
    let baseline = try gate.baseline()
    let records = try output.merged.isEmpty ? planned(baseline) : merged(baseline)
    let report = ZooReport(
      records, baseline: baseline, acceptsGrowth: gate.updates && gate.acceptsGrowth)
    if gate.updates, let baseline, let path = gate.path {
      let updated = baseline.updated(
        with: records, acceptingGrowth: gate.acceptsGrowth, isWhole: content.shard == .whole)
      if updated != baseline || !gate.isThere { try OutputFile(path: path).write(updated.bytes) }
    }
    if output.format == .text { try Terminal.write(report.text) }
    if output.format == .json { Terminal.printError("graphopt: \(report.sum.dropLast())") }
    let status = report.status.exitStatus
    if status != .success { throw ExitCode(status.rawValue) }
  }

  // MARK: Records

  private func planned(_ baseline: ZooBaseline?) throws -> [ZooRecord] {
    let folder = folder ?? ""
    let gate: ZooGate
    do throws(GateError) {
      let manifest = try ZooManifest(
        folder: folder, path: content.manifest, options: options,
        budgetBytes: content.budget?.value,
        dims: Dictionary(content.dims.map { ($0.target, $0.extent) }) { _, last in last })
      gate = ZooGate(
        folder: folder, runs: manifest.runs, shard: content.shard, jobs: search.jobs,
        limit: content.limit?.duration, worker: [try Self.program(), ZooWorkerCommand.name],
        tool: Graphopt.configuration.version)
    } catch { throw Failure(error) }
    var sink = try ZooSink(output, baseline, count: gate.range.count)
    defer { sink.progress.finish() }
    var earlier: [ZooRecord] = []
    do throws(GateError) {
      earlier = try sink.earlierRecords()
    } catch { throw Failure(error) }
    let records: [ZooRecord]
    do {
      records = try gate.records(earlier: earlier) {
        try sink.take($0, first: gate.range.lowerBound)
      }
    } catch let error as GateError { throw Failure(error) }
    try sink.finish(records)
    return records
  }

  private func merged(_ baseline: ZooBaseline?) throws -> [ZooRecord] {
    let records: [ZooRecord]
    do throws(GateError) {
      records = try RecordFile.merged(output.merged)
    } catch { throw Failure(error) }
    try ZooSink.write(records, baseline, to: output.path)
    if output.format == .json { try Terminal.write(ZooSink.lines(records, baseline)) }
    return records
  }

  private var options: RunOptions {
    RunOptions(
      alignment: memory.alignment, effort: search.effort.rawValue,
      inplace: memory.inplace.rawValue, io: memory.io.rawValue, layout: content.layout.name,
      order: search.order.name, slices: memory.slices,
      searchMilliseconds: search.timeLimit.map { Int($0.duration / .milliseconds(1)) },
      recompute: content.recompute.rawValue, spill: content.spill.rawValue)
  }

  /// The path of this program, which plans each model again.
  private static func program() throws(GateError) -> String {
    guard let path = Terminal.executable else {
      throw .cannotStart(reason: "the path of this program is unknown")
    }
    return path
  }
}

/// One model for `graphopt zoo`: a request on standard input, an answer on standard output.
struct ZooWorkerCommand: ParsableCommand {
  static let name = "zoo-worker"
  static let configuration = CommandConfiguration(
    commandName: name, abstract: "Plans one model for 'graphopt zoo'.", shouldDisplay: false)

  func run() throws {
    guard let request = ModelRunner.Request(bytes: try Terminal.readAll()) else {
      throw Failure(.badInput, "standard input is no request of 'graphopt zoo'")
    }
    try Terminal.write(ModelRunner().answer(to: request).bytes)
  }
}

extension ZooReport.Status {
  var exitStatus: ExitStatus {
    switch self {
    case .broken: .checkFailed
    case .grown: .grown
    case .failed: .badInput
    case .overBudget: .overBudget
    case .passed: .success
    }
  }
}

extension Failure {
  /// Why a zoo could not be gated.
  init(_ error: GateError) {
    let status: ExitStatus =
      switch error {
      case .cannotRead: .cannotRead
      case .badFile: .badInput
      case .cannotWrite: .cannotWrite
      default: .checkFailed
      }
    self.init(status, "\(error)")
  }
}
