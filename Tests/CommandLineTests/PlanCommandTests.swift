// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

@Suite struct PlanCommandTests {
  /// In-place mode, place of inputs and outputs, alignment.
  static let memory: [[String]] = [
    [], ["--inplace", "none"], ["--inplace", "ort"], ["--io", "external"],
    ["--alignment", "1"], ["--alignment", "4096"], ["--slices"], ["--slices", "--alignment", "1"],
  ]

  @Test(arguments: Fixture.all, memory + [["--slices", "--layout", "first-fit-size"]])
  func `every fixture is planned, and the plan is right`(
    _ fixture: Fixture, _ options: [String]
  ) throws {
    let planned = PlannedFile(fixture.relativePath, fixture.dimArguments + options)
    #expect(planned.result.status == 0)
    #expect(planned.result.errors.split(separator: "\n").allSatisfy { $0.isNote })
    #expect(planned.folder.files == ["plan.json"])
    let checked = CommandRunner.graphopt("check", planned.path)
    #expect(checked.status == 0)
    #expect(checked.errors == "")
    let plan = try planned.plan()
    let counts = "\(plan.steps.count) steps, \(plan.tensors.count) tensors"
    #expect(
      checked.text
        == "\(planned.path): right: \(counts), checked against \(fixture.relativePath)\n")
  }

  @Test func `the report of ResNet-50 is the golden one, which the README shows`() throws {
    let result = CommandRunner.graphopt(
      "plan", "Fixtures/resnet50.onnx", "--dim", "batch=1", "--budget", "256MiB")
    #expect(result.status == 0)
    #expect(result.errors == "")
    try expectGolden(result.text, "plan/resnet50.txt")
    let readme = try String(contentsOfFile: "\(Zoo.packageRoot)/README.md", encoding: .utf8)
    #expect(readme.contains("\n```\n\(result.text)```\n"), "the README shows something else")
  }

  @Test func `the report of a training step is the golden one`() throws {
    let result = CommandRunner.graphopt("plan", "Fixtures/mlp_train.onnx", "--budget", "20kB")
    #expect(result.status == 3)
    #expect(result.errors.split(separator: "\n").allSatisfy { $0.isNote })
    try expectGolden(result.text, "plan/mlp_train.txt")
  }

  @Test(arguments: Fixture.all)
  func `a plan is the same bytes on every run and with any number of threads`(
    _ fixture: Fixture
  ) throws {
    let first = PlannedFile(fixture, "--jobs", "1")
    let second = PlannedFile(fixture, "--jobs", "2")
    #expect(first.result == second.result)
    let bytes = try #require(first.bytes)
    #expect(bytes == second.bytes)
  }

  @Test func `what is printed as JSON is what is written`() throws {
    let planned = PlannedFile(try Fixture.named("fan"), "--format", "json")
    #expect(planned.result.output == planned.bytes)
  }

  @Test func `another order needs an eighth of what the file's order of the fan needs`() throws {
    let summary = try PlannedFile(try Fixture.named("fan")).plan().summary
    let file = try #require(summary.baselines["fileOrder"])
    #expect(file.peakBytes > 7 * summary.peakBytes)
  }

  @Test func `a plan over the budget is written, and the status says so`() throws {
    let planned = PlannedFile(try Fixture.named("resnet50"), "--budget", "100MB")
    #expect(planned.result.status == 3)
    #expect(planned.result.errors == "")
    #expect(planned.result.text.contains("\nover by "))
    let plan = try planned.plan()
    #expect(plan.summary.fits == false)
    #expect(plan.summary.budgetBytes == 100_000_000)
    #expect(CommandRunner.graphopt("check", planned.path).status == 0)
  }

  @Test func `a budget that is just met fits`() throws {
    let fixture = try Fixture.named("resnet50")
    let total = try PlannedFile(fixture).plan().summary.totalBytes
    #expect(PlannedFile(fixture, "--budget", "\(total)").result.status == 0)
    let over = PlannedFile(
      fixture, "--budget", "\(total - 1)", "--recompute", "off", "--spill", "off")
    #expect(over.result.status == 3)
    // With the ladder it fits, at a price.
    #expect(PlannedFile(fixture, "--budget", "\(total - 1)").result.status == 0)
  }

  @Test func `a file that is not in order is accepted with a note`() throws {
    let planned = PlannedFile(Fixture.invalid("unsorted"), [])
    #expect(planned.result.status == 0)
    #expect(
      planned.result.errors
        == "graphopt: note: 3 nodes were moved up: the file is not in an order of execution\n")
    #expect(try planned.plan().steps.map(\.op).last == "Add")
  }

  @Test func `dimensions are bound by name or by place`() throws {
    let dims = ["batch=2", "seq=3", "image:2=4", "image:3=5", "mask:0=6"].flatMap { ["--dim", $0] }
    let plan = try PlannedFile(Fixture.invalid("unbound"), dims).plan()
    let shapes = plan.tensors.filter { $0.role == "input" }.map(\.shape)
    #expect(shapes == [[2, 3, 8], [2, 3, 4, 5], [6, 3]])
  }

  @Test func `weights are never opened, wherever the file says they are`() throws {
    let planned = PlannedFile(Fixture.invalid("outside_data"), [])
    #expect(planned.result.status == 0)
    #expect(try planned.plan().summary.residentBytes == 4096)
    #expect(
      planned.result.errors
        == "graphopt: note: data in other files, which is not read, is not as the model says: "
        + "'../../secret.bin' is outside the model's folder\n")
  }

  @Test func `an initializer that is stored twice is accepted with a note`() throws {
    let planned = PlannedFile(Fixture.invalid("duplicate_initializer"), [])
    #expect(planned.result.status == 0)
    #expect(
      planned.result.errors
        == "graphopt: note: 1 initializer is stored more than once, the last one counts: 'w'\n")
    #expect(try planned.plan().tensors.count == 3)
  }

  @Test func `every order that can be asked for gives a right plan`() throws {
    let fixture = try Fixture.named("squeezenet_like")
    for order in OrderChoice.names {
      let planned = PlannedFile(fixture, "--order", order)
      #expect(planned.result.status == 0)
      #expect(try planned.plan().options.order == order)
      #expect(CommandRunner.graphopt("check", planned.path).status == 0, "order \(order)")
    }
  }
}

extension Substring {
  /// Whether a line of standard error is a note, not a complaint.
  var isNote: Bool { hasPrefix("graphopt: note: ") }
}
