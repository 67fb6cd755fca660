// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The gate spread over a Ray cluster: two workers on this machine.
@Suite(.enabled(if: Peer.hasRay, Comment(rawValue: Peer.rayAbsence)))
struct RayTests {
  private func spread(_ arguments: [String], graphopt: String) -> CommandRunner.Result {
    CommandRunner.run(
      Peer.python ?? "python3",
      ["\(Zoo.packageRoot)/Examples/zoo_ray.py", "--graphopt", graphopt, "--workers", "2"]
        + arguments, timeLimit: .seconds(400))
  }

  @Test func `a cluster gives the same bytes, also when one of its workers dies`() throws {
    let zoo = ZooFolder()
    for index in 0..<6 {
      zoo.write("m\(index)", terms: (0...index).map { "t\($0)" }, extent: "n")
    }
    zoo.writeBroken("m6")
    let baseline = zoo.folder.path(of: "baseline.json")
    let options = ["--dim", "n=512"]
    #expect(zoo.gate("--dim", "n=512", "--baseline", baseline, "--update-baseline").status == 65)
    zoo.write("m3", terms: ["t0", "t1", "t2", "t3", "culprit"], extent: "n")
    let here = CommandRunner.graphopt(
      ["zoo", zoo.path] + options
        + ["--baseline", baseline, "--output", zoo.folder.path(of: "here.jsonl")])
    #expect(here.status == 4)

    // The first call of the program ends the worker that made it, once.
    let marker = zoo.folder.path(of: "died")
    let script = """
      #!/bin/sh
      if mkdir '\(marker)' 2> /dev/null; then kill -9 $PPID; exit 1; fi
      exec '\(CommandRunner.graphopt)' "$@"
      """
    let program = zoo.folder.write(Array(script.utf8), to: "graphopt")
    #expect(chmod(program, 0o755) == 0)
    let there = spread(
      [
        zoo.path, "--parts", "4", "--baseline", baseline, "--output",
        zoo.folder.path(of: "there.jsonl"),
      ]
        + options, graphopt: program)
    #expect(there.status == 4, "\(there.errors)")
    #expect(FileManager.default.fileExists(atPath: marker), "a worker died")
    #expect(there.text == here.text)
    #expect(there.text.contains("'culprit'"))
    let records = try #require(zoo.bytes(of: "there.jsonl"))
    #expect(records == zoo.bytes(of: "here.jsonl"))
  }
}
