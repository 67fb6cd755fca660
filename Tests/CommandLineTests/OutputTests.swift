// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Where plans go: whole or not at all.
@Suite struct OutputTests {
  private func plan(to path: String) -> CommandRunner.Result {
    CommandRunner.graphopt("plan", "Fixtures/fan.onnx", "--output", path)
  }

  @Test func `a folder that is not there is an error and is not made`() {
    let folder = TemporaryFolder()
    let path = folder.path(of: "missing/plan.json")
    expectRefusal(plan(to: path), status: 73, of: path, ["no such file or directory"])
    #expect(folder.files == [])
  }

  @Test func `a full device is an error`() {
    expectRefusal(plan(to: "/dev/full"), status: 73, of: "/dev/full", ["no space left"])
  }

  @Test func `a folder is no file to write`() {
    let folder = TemporaryFolder()
    expectRefusal(plan(to: folder.path), status: 73, of: folder.path, ["is a directory"])
    #expect(folder.files == [])
  }

  @Test func `a plan that cannot be written whole leaves the old one as it was`() {
    let folder = TemporaryFolder()
    let path = folder.write(Array("old".utf8), to: "plan.json")
    // No file may grow beyond one block; the plan needs several.
    let result = CommandRunner.run(
      "/bin/sh",
      [
        "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", CommandRunner.graphopt, "plan",
        "Fixtures/fan.onnx", "--output", path,
      ])
    expectRefusal(result, status: 73, of: path, ["file too large"])
    #expect(folder.bytes(of: "plan.json") == Array("old".utf8))
    #expect(folder.files == ["plan.json"])
  }

  @Test func `a model that is refused leaves the old plan as it was`() {
    let folder = TemporaryFolder()
    let path = folder.write(Array("old".utf8), to: "plan.json")
    let result = CommandRunner.graphopt("plan", Fixture.invalid("cyclic"), "--output", path)
    #expect(result.status == 65)
    #expect(folder.bytes(of: "plan.json") == Array("old".utf8))
    #expect(folder.files == ["plan.json"])
  }

  @Test func `a plan replaces the old one and keeps its permissions`() throws {
    let folder = TemporaryFolder()
    let path = folder.write(Array("old".utf8), to: "plan.json")
    chmod(path, 0o640)
    #expect(plan(to: path).status == 0)
    #expect(CommandRunner.graphopt("check", path).status == 0)
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
    #expect(folder.files == ["plan.json"])
  }

  @Test func `a link is written through, not replaced`() throws {
    let folder = TemporaryFolder()
    let target = folder.write(Array("old".utf8), to: "target.json")
    let link = folder.path(of: "link.json")
    #expect(symlink(target, link) == 0)
    #expect(plan(to: link).status == 0)
    var status = stat()
    #expect(lstat(link, &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
    #expect(CommandRunner.graphopt("check", target).status == 0)
  }

  @Test func `standard output that cannot take the report is an error`() {
    let result = CommandRunner.graphopt("plan", "Fixtures/fan.onnx", outputPath: "/dev/full")
    #expect(result.status == 73)
    #expect(result.errors.hasPrefix("graphopt: error: standard output cannot be written: "))
  }
}
