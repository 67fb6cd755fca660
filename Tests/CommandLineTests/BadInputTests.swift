// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// What cannot be planned: one clear sentence, the right status, nothing on standard output and no
/// file left behind.
@Suite struct BadInputTests {
  /// A broken model and what the sentence must say.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let words: [String]
    var testDescription: String { name }

    init(_ name: String, _ words: String...) {
      self.name = name
      self.words = words
    }
  }

  static let models = [
    Case("bad_names", "two tensors are named"),
    Case("bad_reshape", "'reshape'", "[4, 5]", "[-1, 7]"),
    Case("cyclic", "circle", "first", "second", "third"),
    Case("data_dependent", "'reshape'", "only when the model runs"),
    Case("deep_nesting", "nested deeper than"),
    Case("duplicate_output", "'y'", "twice", "'one'", "'two'"),
    Case("empty", "empty"),
    Case("huge_dims", "'x'", "size"),
    Case("huge_sum", "size"),
    Case("mismatched_matmul", "'product'", "[4, 5]", "[6, 3]"),
    Case("negative_dim", "-4", "negative"),
    Case("no_graph", "no graph"),
    Case("short_payload", "20 bytes", "32"),
    Case("text", "text file"),
    Case("truncated", "too early"),
    Case(
      "unbound", "--dim batch=", "--dim seq=", "--dim image:2=", "--dim image:3=",
      "--dim mask:0="),
    Case("undefined_input", "'sum'", "'bias'"),
    Case("undefined_output", "'z'"),
    Case("unknown_op", "com.example::Blur", "2 nodes", "org.example.lab::Fold", "'folded'"),
  ]

  @Test(arguments: models) func `a broken model is refused in one sentence`(_ model: Case) {
    let path = Fixture.invalid(model.name)
    let planned = PlannedFile(path, [])
    expectRefusal(planned.result, status: 65, of: path, model.words)
    #expect(planned.folder.files == [])
  }

  @Test func `every broken fixture is tried`() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: "\(Fixture.folder)/invalid")
    // These are odd, but can be planned: see PlanCommandTests.
    let accepted = ["duplicate_initializer", "outside_data", "unsorted"]
    let tried = (Self.models.map(\.name) + accepted).map { "\($0).onnx" }
    #expect(files.sorted() == tried.sorted())
  }

  @Test(arguments: [
    ("nowhere.onnx", "no such file or directory"), ("Fixtures", "a directory"),
    ("/dev/zero", "not a regular file"),
  ])
  func `a file that cannot be read has status 66`(_ path: String, _ reason: String) {
    let planned = PlannedFile(path, [])
    expectRefusal(planned.result, status: 66, of: path, [reason])
    expectRefusal(CommandRunner.graphopt("check", path), status: 66, of: path, [reason])
    #expect(planned.folder.files == [])
  }

  @Test func `a FIFO is refused and not waited for`() {
    let folder = TemporaryFolder()
    let path = folder.path(of: "pipe.onnx")
    #expect(mkfifo(path, 0o600) == 0)
    let result = CommandRunner.graphopt("plan", path, timeLimit: .seconds(20))
    expectRefusal(result, status: 66, of: path, ["not a regular file"])
  }

  @Test func `a file without permission has status 66`() {
    let folder = TemporaryFolder()
    let path = folder.write([0], to: "secret.onnx")
    chmod(path, 0)
    // The superuser may read everything; what is then read is no model.
    let isRefused = access(path, R_OK) != 0
    let result = CommandRunner.graphopt("plan", path)
    expectRefusal(result, status: isRefused ? 66 : 65, of: path, [])
  }

  @Test func `a dimension that the model does not have is refused`() {
    let path = "Fixtures/resnet50.onnx"
    let result = CommandRunner.graphopt("plan", path, "--dim", "batch=1", "--dim", "height=8")
    expectRefusal(result, status: 65, of: path, ["'height'", "batch"])
  }

  @Test(arguments: ["batch=-1", "batch=-3", "batch=9223372036854775807"])
  func `a dimension out of range is refused`(_ binding: String) {
    let path = "Fixtures/resnet50.onnx"
    let result = CommandRunner.graphopt("plan", path, "--dim", binding)
    expectRefusal(result, status: 65, of: path, ["'\(binding)'"])
  }

  /// Bytes of a real model, changed at random places: an error or a plan, never a trap.
  @Test(arguments: Seeds.first(12)) func `damage is survived`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let fixture = try #require(
      Fixture.all.filter { $0.name != "bert_block" }.randomElement(using: &random))
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture.path)))
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let place = Int.random(in: bytes.indices, using: &random)
      bytes[place] = UInt8.random(in: 0...255, using: &random)
    }
    let folder = TemporaryFolder()
    let path = folder.write(bytes, to: "damaged.onnx")
    let result = CommandRunner.graphopt(["plan", path] + fixture.dimArguments)
    #expect([0, 65].contains(result.status), "\(fixture.name): \(result.errors)")
  }
}

/// Expects a refusal in the one form that they all have.
func expectRefusal(
  _ result: CommandRunner.Result, status: Int32, of path: String, _ words: [String],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.status == status, sourceLocation: sourceLocation)
  #expect(result.text == "", sourceLocation: sourceLocation)
  let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false)
  #expect(lines.count == 2 && lines.last == "", "\(result.errors)", sourceLocation: sourceLocation)
  #expect(
    result.errors.hasPrefix("graphopt: error: \(path): "), "\(result.errors)",
    sourceLocation: sourceLocation)
  for word in words {
    #expect(
      result.errors.contains(word), "\(word) is not in: \(result.errors)",
      sourceLocation: sourceLocation)
  }
}
