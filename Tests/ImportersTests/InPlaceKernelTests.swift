// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// The table of what may be written over, put to the test by onnxruntime's kernels.
@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct InPlaceKernelTests {
  /// A use of an operator whose result is written over an operand.
  private struct Use: Encodable {
    let name: String
    let input: Int
    let inputCount: Int

    func encode(to encoder: any Encoder) throws {
      let parts = name.split(separator: "::")
      var list = encoder.unkeyedContainer()
      try list.encode(parts.count == 2 ? String(parts[0]) : "")
      try list.encode(parts.last.map(String.init) ?? "")
      try list.encode(input)
      try list.encode(inputCount)
    }
  }

  /// Operators of the table that onnxruntime has no kernel of here.
  private static let unknown: Set<String> = [
    "com.microsoft::DropoutGrad", "com.microsoft::ReluGrad", "com.microsoft::Scale",
    "com.microsoft::SigmoidGrad", "com.microsoft::TanhGrad",
  ]

  private static let uses: [Use] = InPlaceEffects.table.sorted { $0.key < $1.key }
    .flatMap { name, effects -> [Use] in
      switch effects {
      case .none, .view, .dropout, .update: []
      case .convert, .scatter, .batchNormalization: [Use(name: name, input: 0, inputCount: 1)]
      case .overwriteAny(let inputs): inputs.map { Use(name: name, input: $0, inputCount: 8) }
      case .overwrite(let range, _):
        range.clamped(to: 0..<(name == "Where" ? 3 : 2)).map {
          Use(name: name, input: $0, inputCount: range.count == 1 ? 1 : 2)
        }
      }
    }
    // The choice of Where has another type than its result.
    .filter { !($0.name == "Where" && $0.input == 0) }

  @Test func `kernels give the same in place`() throws {
    let argument = String(decoding: try JSONEncoder().encode(Self.uses), as: UTF8.self)
    let run = Peer.run("peer_inplace.py", [argument])
    try #require(run.status == 0, "\(run.errors)")
    let outcomes = try JSONDecoder().decode([String].self, from: Data(run.output))
    try #require(outcomes.count == Self.uses.count)
    for (use, outcome) in zip(Self.uses, outcomes) {
      if Self.unknown.contains(use.name) {
        #expect(outcome.hasPrefix("not run"), "\(use.name) has a kernel after all")
      } else {
        #expect(outcome == "same", "\(use.name) over operand \(use.input)")
      }
    }
  }
}
