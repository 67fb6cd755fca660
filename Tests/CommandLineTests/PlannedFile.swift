// SPDX-License-Identifier: Apache-2.0
import Emitters
import Planning
import TestSupport
import Testing

/// A plan that the command wrote, in a folder of its own.
struct PlannedFile {
  let folder = TemporaryFolder()
  let result: CommandRunner.Result
  var path: String { folder.path(of: "plan.json") }
  var bytes: [UInt8]? { folder.bytes(of: "plan.json") }

  /// Runs `graphopt plan` on a fixture.
  init(_ fixture: Fixture, _ options: String...) {
    self.init(fixture.relativePath, fixture.dimArguments + options)
  }

  /// Runs `graphopt plan` on a model.
  init(_ model: String, _ options: [String]) {
    result = CommandRunner.graphopt(
      ["plan", model, "--output", folder.path(of: "plan.json")] + options)
  }

  /// The plan that was written.
  func plan() throws -> ExecutionPlan { try PlanReader().plan(from: try #require(bytes)) }

  /// Writes another plan in its place and runs `graphopt check` on it.
  func check(_ plan: ExecutionPlan) -> CommandRunner.Result {
    folder.write(JSONEmitter().bytes(of: plan), to: "other.json")
    return CommandRunner.graphopt("check", folder.path(of: "other.json"))
  }
}

extension Fixture {
  /// The fixture of a name.
  static func named(_ name: String) throws -> Fixture {
    try #require(all.first { $0.name == name })
  }
}
