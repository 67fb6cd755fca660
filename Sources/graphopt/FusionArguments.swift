// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fusion

/// What is to be fused: the same for every command that fuses.
struct FusionArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What is merged besides: gate-up, qkv, or both with a comma between.", valueName: "kinds"),
    transform: { try Self.merges($0) })
  var merge: Set<FusionSurvey.Merge.Kind> = []

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "A run of blocks to fuse under sequential, by number: 2-6. May be repeated.",
      valueName: "first-last"), transform: { try Self.run($0) })
  var runs: [ClosedRange<Int>] = []

  @Option(
    help: ArgumentHelp(
      "A folder of activations that scripts/record_calibration.py recorded: runs are chosen by it "
        + "under sequential, and attention layers ranked.", valueName: "folder"),
    completion: .directory)
  var calibration: String?

  @Option(
    help: ArgumentHelp(
      "The highest dependency of blocks that are fused: a cosine distance, 0 to 2 (0.1).",
      valueName: "distance"))
  var threshold = 0.1

  @Option(
    name: .customLong("drop-attention"),
    help: ArgumentHelp(
      "Attention layers to take out first: numbers or names with commas between, or least:N for the "
        + "N that change least by the calibration.", valueName: "layers"))
  var dropAttention: String?

  @Option(
    name: .customLong("pieces"),
    help: ArgumentHelp(
      "Into how many wide blocks each group is cut along the hidden axis.", valueName: "n"))
  var pieces = 1

  func validate() throws {
    if pieces < 1 { throw ValidationError("--pieces is at least 1") }
    if !(0...2).contains(threshold) {
      throw ValidationError("--threshold is a cosine distance from 0 to 2, not \(threshold)")
    }
    if !runs.isEmpty, calibration != nil, dropAttention == nil {
      throw ValidationError("either --run names the runs, or --calibration chooses them")
    }
  }

  private static func merges(_ text: String) throws -> Set<FusionSurvey.Merge.Kind> {
    var merges: Set<FusionSurvey.Merge.Kind> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      merges.insert(try choice(String(part)))
    }
    return merges
  }

  private static func run(_ text: String) throws -> ClosedRange<Int> {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 0, first <= last else {
      throw ValidationError("--run is FIRST-LAST, two numbers of blocks, not '\(text)'")
    }
    return first...last
  }
}
