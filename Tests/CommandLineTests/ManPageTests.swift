// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct ManPageTests {
  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `the man page is made of what the command says of itself`() throws {
    let help = CommandRunner.graphopt("--experimental-dump-help")
    #expect(help.status == 0)
    let folder = TemporaryFolder()
    let dump = folder.write(help.output, to: "help.json")
    let made = CommandRunner.run(
      "sh", ["-c", "\"$1\" scripts/man_page < \"$2\"", "sh", Peer.python ?? "", dump])
    try #require(made.status == 0, "\(made.errors)")
    let path = "\(Zoo.packageRoot)/Documentation/graphopt.1"
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(made.output).write(to: URL(filePath: path))
    }
    let page = try Data(contentsOf: URL(filePath: path))
    #expect(
      Array(page) == made.output,
      "UPDATE_GOLDEN=1 scripts/test --filter ManPageTests writes it anew")
  }
}
