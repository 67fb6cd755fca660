// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

/// Plans against reality: onnxruntime runs planned files in the planned order and in the predicted
/// memory, and computes with every tensor at its planned offset.
@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct RuntimeProofTests {
  /// What `peer_run.py` prints.
  struct Run: Decodable {
    let executed: [String]
    let equal: Bool
    let measured: Int
    let predicted: Int
  }

  /// Without the one with half floats and 4-bit integers: onnxruntime puts casts of its own into it.
  static let fixtures = Fixture.all.filter { $0.runs && $0.name != "mixed_types" }

  /// Models of the zoo with their weights, every binding.
  static let zoo: [ZooBinding] = ZooManifest.bindings.filter {
    $0.model.hasPrefix("infer/") && !$0.model.hasSuffix(".strip.onnx")
  }

  /// Those with graphs inside nodes, which another program executes.
  static let nested: [ZooBinding] = zoo.filter { !$0.isWithoutControlFlow }

  /// The same, the first binding of each.
  static let models: [ZooBinding] = zoo.enumerated().filter { index, binding in
    binding.isWithoutControlFlow && (index == 0 || zoo[index - 1].model != binding.model)
  }.map(\.element)

  /// A plan need not be the best one to be true.
  static let quickly = ["--time-limit", "1s"]

  // MARK: Order, memory, results

  @Test(arguments: fixtures)
  func `onnxruntime runs planned fixtures as predicted`(_ fixture: Fixture) throws {
    try expectRun(fixture.path, fixture.dims)
  }

  @Test(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)), arguments: zoo)
  func `onnxruntime runs planned real models as predicted`(_ binding: ZooBinding) throws {
    try expectRun(Zoo.path(of: binding.model), binding.dims)
  }

  /// - Parameter unforeseen: How many bytes more than predicted it may need.
  private func expectRun(_ model: String, _ dims: [String], unforeseen: Int = 0) throws {
    let folder = TemporaryFolder()
    let planned = folder.path(of: "planned.onnx")
    let bindings = dims.flatMap { ["--dim", $0] }
    // Sizes as they are asked for, inputs and outputs with the caller: what the profile counts.
    let plan = try PlannedFile(
      model,
      bindings + Self.quickly + [
        "--inplace", "ort", "--io", "external", "--alignment", "1", "--emit", "onnx=\(planned)",
      ]
    ).plan()
    let answer = Peer.run("peer_run.py", [model, planned] + bindings)
    try #require(answer.status == 0, "\(answer.errors)")
    let run = try JSONDecoder().decode(Run.self, from: Data(answer.output))
    #expect(run.equal, "the results are those of the model to the bit")
    #expect((run.predicted...run.predicted + unforeseen).contains(run.measured))

    // Shape and Size nodes run as soon as they can, wherever they stand.
    let hoisted = Set(
      plan.steps.filter { $0.op == "Shape" || $0.op == "Size" }.flatMap(\.outputs))
    let order = plan.steps.map { $0.outputs.first { !$0.isEmpty } ?? "" }
    #expect(order.filter { !hoisted.contains($0) } == run.executed.filter { !hoisted.contains($0) })
    #expect(order.sorted() == run.executed.sorted())

    // What nobody reads is kept to the end there, and nowhere else.
    let read = Set(plan.steps.flatMap(\.inputs) + plan.model.outputs)
    let isRead = plan.steps.allSatisfy { $0.outputs.allSatisfy { $0.isEmpty || read.contains($0) } }
    // Graphs inside nodes it runs in its own way.
    let isFlat = plan.steps.allSatisfy { $0.bodies == nil }
    if hoisted.isEmpty, isRead, isFlat { #expect(run.measured == plan.summary.peakBytes) }
  }

  // MARK: Offsets

  /// Not at an alignment of 1: kernels add up in another order where vectors start elsewhere.
  @Test(arguments: fixtures)
  func `fixtures compute the same in one arena`(_ fixture: Fixture) {
    let options = PlanCommandTests.memory.filter { !$0.contains("1") }
    expectArena(fixture.path, fixture.dims, options)
  }

  @Test(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)), arguments: models)
  func `real models compute the same in one arena`(_ binding: ZooBinding) {
    let modes = [["--inplace", "safe"], ["--inplace", "ort"]]
    expectArena(Zoo.path(of: binding.model), binding.dims, modes)
  }

  private func expectArena(_ model: String, _ dims: [String], _ options: [[String]]) {
    let bindings = dims.flatMap { ["--dim", $0] }
    let planned = options.map { PlannedFile(model, bindings + Self.quickly + $0) }
    let answer = withExtendedLifetime(planned) {
      Peer.run("peer_offsets.py", planned.flatMap { [$0.path, model] })
    }
    #expect(answer.status == 0, "\(answer.errors)")
  }

  // MARK: Graphs inside nodes

  @Test(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)), arguments: nested)
  func `real models compute the same at every depth of one arena`(_ binding: ZooBinding) throws {
    let model = Zoo.path(of: binding.model)
    for mode in ["safe", "ort", "none"] {
      let planned = PlannedFile(
        model, binding.dims.flatMap { ["--dim", $0] } + Self.quickly + ["--inplace", mode])
      let answer = withExtendedLifetime(planned) {
        Peer.run("peer_nested.py", [planned.path, model])
      }
      #expect(answer.status == 0, "\(answer.errors)")
      guard mode == "safe" else { continue }
      let broken = withExtendedLifetime(planned) {
        Peer.run("peer_nested.py", ["--break", planned.path, model])
      }
      #expect(broken.status == 1, "\(broken.errors)")
    }
  }

  @Test func `a fixture with graphs inside nodes computes the same at every depth`() throws {
    let fixture = Fixture.nested
    try expectRun(fixture.path, fixture.dims)
    for options in PlanCommandTests.memory {
      let planned = PlannedFile(fixture.relativePath, fixture.dimArguments + Self.quickly + options)
      let answer = withExtendedLifetime(planned) {
        Peer.run("peer_nested.py", [planned.path, fixture.path])
      }
      #expect(answer.status == 0, "\(answer.errors)")
    }
  }

  @Test func `a fixture that calls local functions runs without them`() throws {
    let fixture = Fixture.functions
    // The result of an If whose shape onnxruntime knows, 256 bytes, it makes before the branch runs.
    try expectRun(fixture.path, fixture.dims, unforeseen: 256)
    let planned = PlannedFile(fixture.relativePath, Self.quickly)
    let folder = TemporaryFolder()
    let copy = folder.path(of: "planned.onnx")
    #expect(CommandRunner.graphopt("plan", fixture.path, "--emit", "onnx=\(copy)").status == 0)
    // The copy has the nodes that the plan names, so that it can be executed by it.
    let answer = withExtendedLifetime(planned) { Peer.run("peer_nested.py", [planned.path, copy]) }
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test(
    .enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)),
    arguments: models.filter {
      ["magika", "randwire", "ppocrv2"].contains(where: $0.model.contains)
    })
  func `a broken plan of a real model does not go unnoticed`(_ binding: ZooBinding) throws {
    let model = Zoo.path(of: binding.model)
    let planned = PlannedFile(model, binding.dims.flatMap { ["--dim", $0] } + Self.quickly)
    expectNotice(planned, model)
  }

  @Test(arguments: ["bert_block", "fan", "old_style", "squeezenet_like"])
  func `a broken plan of a fixture does not go unnoticed`(_ name: String) throws {
    let fixture = try Fixture.named(name)
    expectNotice(PlannedFile(fixture), fixture.path)
  }

  /// Two tensors that live at once are put on the same bytes; what notices it is no accident.
  private func expectNotice(_ planned: PlannedFile, _ model: String) {
    let answer = withExtendedLifetime(planned) {
      Peer.run("peer_offsets.py", ["--break", planned.path, model])
    }
    #expect(answer.status == 1, "\(answer.errors)")
    let reasons = [" changed before step ", " belong to nothing", "the results are different"]
    #expect(reasons.contains(where: answer.errors.contains), "\(answer.errors)")
  }
}
