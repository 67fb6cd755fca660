// SPDX-License-Identifier: Apache-2.0
import Emitters
import Planning
import TestSupport
import Testing

@Suite struct CompareCommandTests {
  private static func planned(_ name: String, _ options: String...) throws -> PlannedFile {
    let fixture = try Fixture.named(name)
    return PlannedFile(fixture.relativePath, fixture.dimArguments + options)
  }

  private func compare(
    _ one: PlannedFile, _ other: PlannedFile, _ options: String...
  ) -> CommandRunner.Result {
    withExtendedLifetime((one, other)) {
      CommandRunner.graphopt(["compare", one.path, other.path] + options)
    }
  }

  @Test func `a worse order is told with the tensors that did it`() throws {
    let best = try Self.planned("fan")
    let file = try Self.planned("fan", "--order", "file")
    let result = compare(best, file)
    #expect(result.status == 4)
    #expect(result.errors == "")
    try expectGolden(
      result.text, "compare/fan.txt")
    let back = compare(file, best)
    #expect(back.status == 0)
    #expect(back.text.contains("\nbetter: arena "))
    #expect(compare(best, best).status == 0)
    #expect(compare(best, best).text.hasPrefix("same: arena and total are what they were\n"))
  }

  @Test(arguments: Fixture.all) func `the report fits a hundred columns`(
    _ fixture: Fixture
  ) throws {
    let one = PlannedFile(fixture.relativePath, fixture.dimArguments)
    let other = PlannedFile(
      fixture.relativePath, fixture.dimArguments + ["--inplace", "none", "--order", "file"])
    let result = compare(one, other)
    #expect([0, 4].contains(result.status), "\(result.errors)")
    for line in result.text.split(separator: "\n") where !line.hasPrefix("  because ") {
      #expect(line.count <= 110, "\(line)")
      #expect(line.last != " ")
    }
  }

  @Test func `growth within the tolerance is no failure`() throws {
    let best = try Self.planned("squeezenet_like")
    let file = try Self.planned("squeezenet_like", "--inplace", "none")
    let (old, new) = (try best.plan().summary, try file.plan().summary)
    let grown = new.arenaBytes - old.arenaBytes
    try #require(grown > 0)
    #expect(compare(best, file).status == 4)
    #expect(compare(best, file, "--tolerance", "\(grown)").status == 0)
    #expect(compare(best, file, "--tolerance", "\(grown - 1)").status == 4)
    #expect(compare(best, file, "--tolerance", "1000%").status == 0)
    #expect(compare(best, file, "--tolerance", "\(grown)").text.contains("within the tolerance"))
  }

  @Test func `other sizes of a model are said first`() throws {
    let one = try Self.planned("resnet50")
    let other = PlannedFile("Fixtures/resnet50.onnx", ["--dim", "batch=2", "--alignment", "128"])
    let result = compare(one, other)
    #expect(result.status == 4)
    let lines = result.text.split(separator: "\n")
    #expect(lines.first == "not planned alike:")
    #expect(lines.contains { $0.hasSuffix("1 -> 2") && $0.contains("dim batch") })
    #expect(lines.contains { $0.hasSuffix("64 -> 128") && $0.contains("alignment") })
  }

  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `the JSON is as its schema says`() throws {
    let folder = TemporaryFolder()
    var paths: [String] = []
    for fixture in Fixture.all {
      let one = PlannedFile(fixture.relativePath, fixture.dimArguments + ["--slices"])
      let other = PlannedFile(
        fixture.relativePath,
        fixture.dimArguments + ["--inplace", "ort", "--order", "file", "--budget", "1MB"])
      for pair in [(one, other), (other, one), (one, one)] {
        let result = compare(pair.0, pair.1, "--format", "json")
        #expect([0, 4].contains(result.status), "\(result.errors)")
        paths.append(folder.write(result.output, to: "\(paths.count).json"))
      }
    }
    let answer = Peer.run("peer_schema.py", paths)
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test func `what is no plan is refused by its name`() throws {
    let plan = try Self.planned("fan")
    let folder = TemporaryFolder()
    let broken = folder.write(Array(#"{"format":"graphopt-plan","version":1}"#.utf8), to: "broken")
    expectRefusal(
      CommandRunner.graphopt("compare", plan.path, broken), status: 65, of: broken, ["missing"])
    expectRefusal(
      CommandRunner.graphopt("compare", broken, plan.path), status: 65, of: broken, ["missing"])
    let gone = folder.path(of: "gone.json")
    expectRefusal(
      CommandRunner.graphopt("compare", plan.path, gone), status: 66, of: gone, ["no such file"])
    expectRefusal(
      CommandRunner.graphopt("compare", plan.path, folder.path), status: 66, of: folder.path,
      ["directory"])
    var absurd = try plan.plan()
    absurd.tensors[0].bytes = .max
    let path = folder.write(JSONEmitter().bytes(of: absurd), to: "absurd.json")
    expectRefusal(
      CommandRunner.graphopt("compare", plan.path, path), status: 65, of: path, ["have no sum"])
  }
}
