// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Gate
import GraphIR
import Importers
import MemoryLayout
import Planning

/// What a zoo is made of.
struct ZooContentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The manifest, instead of graphopt-zoo.json in the folder.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var manifest: String?

  @Option(
    name: .customLong("dim"),
    help: ArgumentHelp(
      "Binds a dynamic dimension of every model that has it and for which the manifest does not say.",
      valueName: "name=size"), transform: { try DimensionBinding(parsing: $0) })
  var dims: [DimensionBinding] = []

  @Option(
    help: ArgumentHelp(
      "The budget of every model for which the manifest does not say.", valueName: "size"),
    transform: { try ByteCount(parsing: $0) })
  var budget: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Whether operators may run again to keep the budget, as for 'graphopt plan'.",
      valueName: "how"), transform: choice)
  var recompute = LadderChoice.auto

  @Option(
    help: ArgumentHelp(
      "Whether tensors may wait in a second memory to keep the budget, as for 'graphopt plan'.",
      valueName: "how"), transform: choice)
  var spill = SpillChoice.auto

  @Option(
    help: ArgumentHelp("Which layout, as for 'graphopt plan'.", valueName: "name"),
    transform: layoutChoice)
  var layout = LayoutChoice.auto

  @Option(
    help: ArgumentHelp(
      "Plans a part only: 2/8 is the second of eight. The parts' records, one after another, are "
        + "those of the whole.", valueName: "i/n"),
    transform: {
      guard let shard = ZooShard(parsing: $0) else {
        throw ValidationError("--shard is i/n with i from 1 to n, not '\($0)'")
      }
      return shard
    })
  var shard = ZooShard.whole

  @Option(
    name: .customLong("model-limit"),
    help: ArgumentHelp("How long one model may take: 30s, 10min.", valueName: "duration"))
  var limit: TimeLimit?
}

/// Where records and reports go.
struct ZooOutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "Writes the records here, a line of JSON each (Schemas/zoo-record-1.schema.json); until all "
        + "are there they are in FILE.partial.", valueName: "file"),
    completion: .file())
  var path: String?

  @Flag(
    help: ArgumentHelp(
      "Takes over what an earlier run left in FILE or FILE.partial, where model and options are "
        + "still the same."))
  var resume = false

  @Option(
    name: .customLong("merge"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Plans nothing: puts the records of parts together and judges them.", valueName: "file"),
    completion: .file())
  var merged: [String] = []

  @Option(help: "What goes to standard output: text, json (the records).")
  var format = ReportFormat.text
}

/// What models needed, and may need.
struct ZooBaselineOptions: ParsableArguments {
  @Option(
    name: .customLong("baseline"),
    help: ArgumentHelp(
      "What every model needed (Schemas/zoo-baseline-1.schema.json); exit status 4 if one needs "
        + "more, with the tensor that grew.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var path: String?

  @Option(
    help: ArgumentHelp(
      "How much more is allowed where the baseline gives a model no tolerance of its own, instead "
        + "of what it says for all: 64KiB, 0.5%.", valueName: "size|percent"),
    transform: { try Tolerance(parsing: $0) })
  var tolerance: Tolerance?

  @Flag(
    name: .customLong("update-baseline"),
    help: ArgumentHelp(
      "Writes what is new or better into the baseline, which is made if it is not there."))
  var updates = false

  @Flag(
    name: .customLong("accept-growth"),
    help: ArgumentHelp("With --update-baseline: what grew is written, too, and is no failure."))
  var acceptsGrowth = false

  /// Whether the file exists.
  var isThere: Bool { path.map(Terminal.exists) ?? false }

  /// The baseline, if one is named; an empty one where it is to be made.
  ///
  /// - Throws: ``Failure``.
  func baseline() throws -> ZooBaseline? {
    guard let path else { return nil }
    var baseline = ZooBaseline()
    do throws(GateError) {
      if !updates || isThere { baseline = try ZooBaseline(path: path) }
    } catch { throw Failure(error) }
    if let tolerance { baseline.tolerance = tolerance }
    return baseline
  }
}
