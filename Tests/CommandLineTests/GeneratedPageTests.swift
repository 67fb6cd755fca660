// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The pages of the folder `Documentation`, which scripts make of what stands elsewhere.
@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct GeneratedPageTests {
  @Test func `the man page is made of what the command says of itself`() throws {
    let help = CommandRunner.graphopt("--experimental-dump-help")
    #expect(help.status == 0)
    let folder = TemporaryFolder()
    let dump = folder.write(help.output, to: "help.json")
    try withExtendedLifetime(folder) {
      try isMade("graphopt.1", by: "\"$1\" scripts/man_page < \"$2\"", of: dump)
    }
  }

  @Test func `the page of the plan's format is made of its schema`() throws {
    try isMade(
      "plan-format.md", by: "\"$1\" scripts/format_page \"$2\"", of: "Schemas/plan-1.schema.json")
  }

  /// Expects a page to be what a shell command makes of a file, given Python as its first argument
  /// and the file as its second.
  private func isMade(_ page: String, by command: String, of file: String) throws {
    let made = CommandRunner.run("sh", ["-c", command, "sh", Peer.python ?? "", file])
    try #require(made.status == 0, "\(made.errors)")
    let path = URL(filePath: "\(Zoo.packageRoot)/Documentation/\(page)")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(made.output).write(to: path)
    }
    #expect(
      try Array(Data(contentsOf: path)) == made.output,
      "UPDATE_GOLDEN=1 scripts/test --filter GeneratedPageTests writes \(page) anew")
  }
}
