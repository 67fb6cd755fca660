// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import graphopt

/// What a run leaves that is ended from outside, at any moment.
@Suite struct InterruptionTests {
  private static let emitted = ["copy.onnx", "page.html", "plan.csv", "plan.json"]

  /// Plans a model into a folder, whole or until a signal after a while.
  private func plan(
    _ model: String, into folder: TemporaryFolder, signal: Int32 = SIGKILL,
    after limit: Duration = .seconds(120)
  ) -> CommandRunner.Result {
    let kinds = zip(["csv", "html", "onnx"], ["plan.csv", "page.html", "copy.onnx"])
    let emissions = kinds.flatMap { ["--emit", "\($0)=\(folder.path(of: $1))"] }
    return CommandRunner.run(
      CommandRunner.graphopt, ["plan", model, "-o", folder.path(of: "plan.json")] + emissions,
      timeLimit: limit, signal: signal)
  }

  @Test(arguments: [SIGKILL, SIGTERM, SIGINT, SIGHUP])
  func `a run that is ended leaves whole files or none`(_ signal: Int32) throws {
    let source = TemporaryFolder()
    let model = try LargeModel.write(weightBytes: 24 << 20, to: source.path(of: "model.onnx"))
    let whole = TemporaryFolder()
    let start = ContinuousClock.now
    #expect(plan(model, into: whole).status == 0)
    let duration = start.duration(to: .now)
    #expect(whole.files == Self.emitted)
    var random = SeededGenerator(seed: Int(signal))
    var interrupted = 0
    for round in 0..<6 {
      let folder = TemporaryFolder()
      // Half of them write over files that are there. What cannot be caught could come between the
      // two calls by which a file without a name replaces another, and leave the third name.
      let replaces = round % 2 == 1 && signal != SIGKILL
      if replaces { for file in Self.emitted { folder.write(Array("old".utf8), to: file) } }
      let moment = duration * Double.random(in: 0.05...1, using: &random)
      let result = plan(model, into: folder, signal: signal, after: moment)
      #expect(result.status == 0 || result.status == -signal, "\(result.errors)")
      if result.status != 0 { interrupted += 1 }
      let left = folder.files
      #expect(
        left.allSatisfy(Self.emitted.contains), "\(left), signal \(signal) after \(moment)")
      for file in left {
        let bytes = folder.bytes(of: file)
        #expect(
          bytes == whole.bytes(of: file) || replaces && bytes == Array("old".utf8),
          "\(file), signal \(signal) after \(moment)")
      }
      if replaces { #expect(left == Self.emitted) }
    }
    #expect(interrupted > 0, "no run was interrupted")
  }

  @Test func `a file with a name of its own is removed when a signal comes`() throws {
    let folder = TemporaryFolder()
    let file = try #require(TemporaryFile(for: folder.path(of: "plan.json"), isNamed: true))
    #expect(folder.files.count == 1 && folder.files != ["plan.json"])
    RemovedOnSignal.removeAll()
    #expect(folder.files == [])
    withExtendedLifetime(file) {}
  }

  @Test(arguments: [false, true])
  func `a file takes its name whole, or leaves nothing`(_ isNamed: Bool) throws {
    let folder = TemporaryFolder()
    let path = folder.path(of: "plan.json")
    for text in ["first", "second"] {
      let file = try #require(TemporaryFile(for: path, isNamed: isNamed))
      #expect(write(file.descriptor, text, text.utf8.count) == text.utf8.count)
      #expect(folder.bytes(of: "plan.json") != Array(text.utf8))
      #expect(file.takeName())
      #expect(folder.bytes(of: "plan.json") == Array(text.utf8))
    }
    do { _ = TemporaryFile(for: path, isNamed: isNamed) }
    #expect(folder.files == ["plan.json"])
    #expect(folder.bytes(of: "plan.json") == Array("second".utf8))
  }
}
