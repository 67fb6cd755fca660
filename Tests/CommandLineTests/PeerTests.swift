// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

/// What others say of our results: onnxruntime by running the models, and checkers in Python.
@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct PeerTests {
  /// An element type and a shape.
  struct Form: Decodable, Equatable {
    let type: String
    let shape: [Int]

    init(type: String, shape: [Int]) {
      self.type = type
      self.shape = shape
    }

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      type = try container.decode(String.self)
      shape = try container.decode([Int].self)
    }
  }

  /// The orders in which onnxruntime ran a model, each node by its first result.
  struct Orders: Decodable {
    let `default`: [String]
    let priority: [String]
  }

  /// Models of the zoo whose weights are there, so that onnxruntime can run them quickly.
  static let zoo: [ZooBinding] = ZooManifest.bindings.filter {
    $0.model.hasPrefix("infer/") && !$0.model.hasSuffix(".strip.onnx") && $0.isWithoutControlFlow
      && !$0.model.contains("ppocrv4_det")
  }

  @Test(arguments: Fixture.all.filter(\.runs))
  func `every type and shape is what onnxruntime makes`(_ fixture: Fixture) throws {
    let answer = Peer.run("peer_shapes.py", [fixture.path] + fixture.dimArguments)
    try #require(answer.status == 0, "\(answer.errors)")
    let truth = try JSONDecoder().decode([String: Form?].self, from: Data(answer.output))
    let plan = try PlannedFile(fixture).plan()
    let isStored = Set(["weight", "constant"])
    for tensor in plan.tensors where !isStored.contains(tensor.role) {
      let found = Form(type: tensor.elementType, shape: tensor.shape)
      let real = try #require(truth[tensor.name], "onnxruntime has no '\(tensor.name)'")
      #expect(real == found, "'\(tensor.name)'")
    }
  }

  /// Without the one with half floats: onnxruntime puts casts of its own into it, and those have
  /// positions.
  @Test(arguments: Fixture.all.filter { $0.runs && $0.name != "mixed_types" })
  func `onnxruntime runs the fixtures in the orders that we say`(_ fixture: Fixture) throws {
    try expectOrders(fixture.path, fixture.dims)
  }

  @Test(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)), arguments: zoo)
  func `onnxruntime runs real models in the orders that we say`(_ binding: ZooBinding) throws {
    try expectOrders(Zoo.path(of: binding.model), binding.dims)
  }

  private func expectOrders(_ model: String, _ dims: [String]) throws {
    let bindings = dims.flatMap { ["--dim", $0] }
    let answer = Peer.run("peer_order.py", [model] + bindings)
    try #require(answer.status == 0, "\(answer.errors)")
    let orders = try JSONDecoder().decode(Orders.self, from: Data(answer.output))
    for (name, executed) in [("ort-default", orders.default), ("ort-priority", orders.priority)] {
      let plan = try PlannedFile(model, bindings + ["--order", name]).plan()
      let planned = plan.steps.map { $0.outputs.first { !$0.isEmpty } ?? "" }
      #expect(planned == executed, "\(name)")
    }
  }

  @Test(arguments: ["none", "safe", "ort"], ["arena", "external"])
  func `a second checker accepts the plans of the fixtures`(_ mode: String, _ place: String) {
    let planned = Fixture.all.map {
      PlannedFile($0, "--inplace", mode, "--io", place, "--budget", "1GiB")
    }
    let pairs = zip(planned, Fixture.all).flatMap { [$0.path, $1.path] }
    let answer = Peer.run("peer_check.py", pairs)
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test func `a second checker accepts slices`() throws {
    let fixture = try Fixture.named("dense_block")
    let planned = PlannedFile(fixture, "--slices")
    #expect(try planned.plan().tensors.contains { $0.sliceOf != nil })
    let answer = Peer.run("peer_check.py", [planned.path, fixture.path])
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test(arguments: ["none", "safe", "ort"])
  func `a model runs in one arena with slices, its results equal to the bit`(_ mode: String) throws
  {
    let fixture = try Fixture.named("dense_block")
    let planned = PlannedFile(fixture, "--slices", "--inplace", mode)
    #expect(try planned.plan().tensors.contains { $0.sliceOf != nil })
    let answer = Peer.run("peer_slices.py", [planned.path, fixture.path])
    #expect(answer.status == 0, "\(answer.errors)")
    // A part that lies elsewhere is missed.
    var plan = try planned.plan()
    let index = try #require(plan.tensors.firstIndex { $0.name == "layer2.relu.out" })
    plan.tensors[index].offset = plan.tensors[index].offset.map { $0 == 0 ? 4096 : 0 }
    _ = planned.check(plan)
    let other = Peer.run("peer_slices.py", [planned.folder.path(of: "other.json"), fixture.path])
    #expect(other.status == 1, "\(other.errors)")
  }

  @Test(arguments: CheckCommandTests.mutations)
  func `the second checker refuses what ours refuses`(
    _ mutation: CheckCommandTests.Mutation
  ) throws {
    let fixture = try Fixture.named("squeezenet_like")
    let planned = PlannedFile(fixture)
    var plan = try planned.plan()
    try mutation.apply(&plan)
    _ = planned.check(plan)
    let answer = Peer.run("peer_check.py", [planned.folder.path(of: "other.json"), fixture.path])
    #expect(answer.status == 1, "\(answer.errors)")
  }

  /// All orders of these are few enough to be tried.
  @Test(arguments: ["fan", "mixed_types", "old_style", "resnet50", "squeezenet_like"])
  func `no order at all has a peak below the bound`(_ name: String) throws {
    let planned = PlannedFile(try Fixture.named(name), "--inplace", "none")
    let answer = Peer.run("peer_bound.py", [planned.path])
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test func `plans are what the schema says, keys ascending`() {
    for options in PlanCommandTests.memory {
      let planned = Fixture.all.map { PlannedFile($0.relativePath, $0.dimArguments + options) }
      let answer = Peer.run("peer_schema.py", planned.map(\.path))
      #expect(answer.status == 0, "\(answer.errors)")
    }
  }

  @Test func `orders are what their schema says, keys ascending`() {
    let folder = TemporaryFolder()
    for options in PlanCommandTests.memory + [["--effort", "candidates"], ["--timings"]] {
      let files = Fixture.all.map { fixture in
        let path = folder.path(of: "\(fixture.name).json")
        let arguments = ["order", fixture.relativePath, "-o", path] + fixture.dimArguments
        _ = CommandRunner.graphopt(arguments + options)
        return path
      }
      let answer = Peer.run("peer_schema.py", files)
      #expect(answer.status == 0, "\(answer.errors)")
    }
  }

  @Test(arguments: ["kept", "first-step"])
  func `a training step with another optimizer can be planned`(_ variant: String) throws {
    let folder = TemporaryFolder()
    let path = folder.path(of: "step.onnx")
    let answer = CommandRunner.run(
      Peer.python ?? "",
      [
        "\(Zoo.packageRoot)/Benchmarks/training_variants.py", variant,
        try Fixture.named("mlp_train").path, path,
      ])
    #expect(answer.status == 0, "\(answer.errors)")
    let given = try PlannedFile(try Fixture.named("mlp_train")).plan()
    let plan = try PlannedFile(path, []).plan()
    // Old values that stay take their place beside the new ones; moments that are made inside are
    // no longer resident.
    let isKept = variant == "kept"
    #expect(plan.summary.peakBytes > given.summary.peakBytes)
    #expect((plan.summary.residentBytes == given.summary.residentBytes) == isKept)
    #expect(plan.tensors.contains { $0.role == "optimizerState" } == isKept)
  }

  @Test func `the fixtures are what their script writes`() {
    let answer = CommandRunner.run(
      Peer.python ?? "", ["\(Fixture.folder)/make_fixtures.py", "--check"])
    #expect(answer.status == 0, "\(answer.errors)")
  }
}
