// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

/// Plans that recompute or spill against reality: onnxruntime runs every node at its place in one arena,
/// bytes are copied to a second memory and back, and what comes out is equal to the bit.
@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct LadderProofTests {
  /// Which rungs are used.
  static let rungs = [
    ["--recompute", "on", "--spill", "off"], ["--recompute", "off", "--spill", "on"],
    ["--recompute", "on", "--spill", "on"], ["--spill", "weights"],
  ]

  /// The plan that has a share of what lies between the floor and what is enough taken away.
  static func plan(
    _ model: String, _ dims: [String], _ rung: [String], share: Int
  ) throws -> PlannedFile? {
    let bindings = dims.flatMap { ["--dim", $0] }
    let plain = try PlannedFile(model, bindings + RuntimeProofTests.quickly).plan().summary
    let budget = plain.totalBytes - (plain.totalBytes - plain.floorBytes) * share / 8
    guard budget < plain.totalBytes else { return nil }
    let planned = PlannedFile(
      model, bindings + RuntimeProofTests.quickly + ["--budget", "\(budget)"] + rung)
    guard planned.result.status == 0 else { return nil }
    return planned
  }

  @Test(arguments: rungs) func `fixtures that recompute or spill compute the same`(
    _ rung: [String]
  ) throws {
    var planned: [(file: PlannedFile, model: String)] = []
    for fixture in RuntimeProofTests.fixtures {
      for share in [1, 4] {
        guard let file = try Self.plan(fixture.path, fixture.dims, rung, share: share) else {
          continue
        }
        if try file.plan().hasResidencies { planned.append((file, fixture.path)) }
      }
    }
    // Recomputing alone helps where something costly is made of little that stays.
    #expect(planned.count >= 2, "\(rung)")
    let answer = withExtendedLifetime(planned) {
      Peer.run("peer_offsets.py", planned.flatMap { [$0.file.path, $0.model] })
    }
    #expect(answer.status == 0, "\(answer.errors)")
    // With a spill or a recompute left out, it does not.
    let first = try #require(planned.first)
    let broken = withExtendedLifetime(planned) {
      Peer.run("peer_offsets.py", ["--break", first.file.path, first.model])
    }
    #expect(broken.status == 1 || rung == ["--spill", "weights"], "\(broken.errors)")
  }

  @Test(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)))
  func `real models that recompute or spill compute the same`() throws {
    let models = RuntimeProofTests.models.filter {
      ["magika", "randwire", "ppocrv2", "densenet", "googlenet", "squeezenet"].contains(
        where: $0.model.contains)
    }
    var planned: [(file: PlannedFile, model: String)] = []
    for binding in models {
      let model = Zoo.path(of: binding.model)
      for rung in Self.rungs.prefix(2) {
        if let file = try Self.plan(model, binding.dims, rung, share: 2) {
          planned.append((file, model))
        }
      }
    }
    #expect(planned.count >= 3)
    let answer = withExtendedLifetime(planned) {
      Peer.run("peer_offsets.py", planned.flatMap { [$0.file.path, $0.model] })
    }
    #expect(answer.status == 0, "\(answer.errors)")
  }
}
