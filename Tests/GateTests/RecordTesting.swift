// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport

@testable import Gate

/// Records of made-up plans.
enum RecordTesting {
  static func holdings(_ entries: [String: Int], omitted: Int = 0) -> MemoryProfile.Holdings {
    MemoryProfile.Holdings(
      entries.map { MemoryProfile.Holding(name: $0.key, bytes: $0.value) }, omitted: omitted)
  }

  /// A plan whose arena is its peak, which is what these tensors take.
  static func plan(
    _ tensors: [String: Int], resident: [String: Int] = ["w": 64], fingerprint: String = "1",
    fits: Bool? = nil
  ) -> PlannedRun {
    let peak = tensors.values.reduce(0, +)
    return PlannedRun(
      fingerprint: String(repeating: "0", count: 15) + fingerprint, nodes: 3, fits: fits,
      provenOptimal: false, peakNode: "größe \"n\"",
      profile: MemoryProfile(
        peakBytes: peak, arenaBytes: peak, residentBytes: resident.values.reduce(0, +),
        lowerBoundBytes: peak, atPeak: holdings(tensors), resident: holdings(resident),
        highest: tensors.isEmpty
          ? nil : MemoryProfile.Holding(name: tensors.keys.sorted()[0], bytes: 1)))
  }

  static func record(
    _ name: String, _ outcome: ZooOutcome, index: Int = 0, of runs: Int = 1
  ) -> ZooRecord {
    ZooRecord(
      index: index, runs: runs, tool: "0.1.0",
      run: ZooRun(
        model: "\(name).onnx", name: name, dims: ["b": 2, "a": 1], bounds: ["t": [1, 2]],
        budgetBytes: index.isMultiple(of: 2) ? nil : 99),
      outcome: outcome)
  }

  /// A random record.
  static func record(seed: Int, index: Int = 0, of runs: Int = 1) -> ZooRecord {
    var random = SeededGenerator(seed: seed)
    let tensors = Dictionary(
      (0..<Int.random(in: 0...5, using: &random)).map {
        ("t\($0)\n", Int.random(in: 0...999, using: &random))
      }
    ) { first, _ in first }
    let kinds = RunFailure.Kind.allCases
    let outcome: ZooOutcome =
      Int.random(in: 0..<4, using: &random) > 0
      ? .planned(plan(tensors, fits: [nil, true, false].randomElement(using: &random) ?? nil))
      : .failed(RunFailure(kinds.randomElement(using: &random) ?? .badModel, "it is \"so\""))
    return record("model \(seed)", outcome, index: index, of: runs)
  }
}
