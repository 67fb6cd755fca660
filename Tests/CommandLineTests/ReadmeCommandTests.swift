// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The commands of README.md, run as they stand there in a folder that has the files they name.
@Suite struct ReadmeCommandTests {
  /// The lines of each block of shell commands that calls `graphopt`, without their comments.
  private static func blocks() throws -> [[String]] {
    let readme = try String(contentsOfFile: "\(Zoo.packageRoot)/README.md", encoding: .utf8)
    return readme.components(separatedBy: "```sh\n").dropFirst().map { block in
      block.components(separatedBy: "```")[0].split(separator: "\n")
        .filter { $0.hasPrefix("graphopt ") }
        .map { $0.components(separatedBy: " #")[0] }
    }.filter { !$0.isEmpty }
  }

  private static func run(_ command: String, in folder: TemporaryFolder) -> CommandRunner.Result {
    let script = """
      cd "$1"
      program=$2
      graphopt() { "$program" "$@"; }
      \(command)
      """
    return CommandRunner.run("sh", ["-c", script, "sh", folder.path, CommandRunner.graphopt])
  }

  /// A folder with everything that the commands read, and `model` as `model.onnx`.
  private static func folder(model: String) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    func copy(_ fixture: String, to name: String) throws {
      try FileManager.default.copyItem(
        atPath: "\(Zoo.packageRoot)/Fixtures/\(fixture)", toPath: folder.path(of: name))
    }
    try copy(model, to: "model.onnx")
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "models"), withIntermediateDirectories: false)
    try copy("resnet50.onnx", to: "models/resnet50.onnx")
    for command in [
      "graphopt plan models/resnet50.onnx --dim batch=2 --order file --emit csv=buffers.csv "
        + "-o old.json",
      "graphopt plan models/resnet50.onnx --dim batch=2 -o new.json",
      "graphopt zoo models --dim batch=1 --baseline models/baseline.json --update-baseline",
    ] {
      let made = run(command, in: folder)
      try #require(made.status == 0, "\(command): \(made.errors)")
    }
    return folder
  }

  @Test func `every command does what it is there for`() throws {
    let blocks = try Self.blocks()
    #expect(blocks.flatMap(\.self).count > 12)
    for block in blocks {
      let isFusing = block.allSatisfy { $0.hasPrefix("graphopt fuse ") }
      let folder = try Self.folder(
        model: isFusing ? "fusion/prenorm_run8-legacy.onnx" : "resnet50.onnx")
      for command in block {
        let answer = Self.run(command, in: folder)
        #expect(answer.status == 0, "\(command): \(answer.errors)")
        #expect(!answer.text.isEmpty, "\(command) prints nothing")
        for written in command.matches(of: /(?:-o |--emit \w+=)(\S+)/) {
          #expect(folder.bytes(of: String(written.1)) != nil, "\(command) writes no \(written.1)")
        }
      }
    }
  }
}
