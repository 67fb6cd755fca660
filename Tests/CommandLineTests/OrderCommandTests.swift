// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

@Suite struct OrderCommandTests {
  /// The JSON of `graphopt order`, as far as tests look at it.
  struct Order: Decodable {
    struct Candidate: Decodable, Equatable {
      let gap: Double
      let name: String
      let peakBytes: Int
      let provenOptimal: Bool
      let seconds: Double?
      let outcome: String?
    }
    struct Bound: Decodable {
      let bytes: Int
      let proof: String
    }
    struct Step: Decodable, Equatable {
      let node: String
      let nodeIndex: Int
      let op: String
    }
    struct Witness: Decodable {
      struct Storage: Decodable {
        let bytes: Int
        let name: String
        let why: String
      }
      let bytes: Int
      let node: String?
      let storages: [Storage]
      let workspaceBytes: Int
    }
    let best: Candidate
    let bound: Bound
    let candidates: [Candidate]
    let chosen: Candidate
    let searched: Candidate?
    let steps: [Step]
    let witness: Witness
  }

  private static func order(_ model: String, _ options: [String]) throws -> Order {
    let result = CommandRunner.graphopt(["order", model, "--format", "json"] + options)
    try #require(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(Order.self, from: Data(result.output))
  }

  private static func order(_ fixture: Fixture, _ options: String...) throws -> Order {
    try order(fixture.relativePath, fixture.dimArguments + options)
  }

  @Test func `the report of a training step is the golden one`() throws {
    let result = CommandRunner.graphopt("order", "Fixtures/mlp_train.onnx", "--order", "file")
    #expect(result.status == 0)
    #expect(result.errors.split(separator: "\n").allSatisfy { $0.isNote })
    try expectGolden(result.text, "order/mlp_train.txt")
  }

  @Test(arguments: Fixture.all)
  func `the report fits a hundred columns`(_ fixture: Fixture) {
    let result = CommandRunner.graphopt(["order", fixture.relativePath] + fixture.dimArguments)
    #expect(result.status == 0)
    for line in result.text.split(separator: "\n") {
      #expect(line.count <= 100, "\(line)")
      #expect(line.last != " ")
    }
  }

  @Test(arguments: Fixture.all, PlanCommandTests.memory)
  func `the figures fit each other and the plan's`(
    _ fixture: Fixture, _ options: [String]
  ) throws {
    let all = fixture.dimArguments + options
    let order = try Self.order(fixture.relativePath, all)
    for candidate in order.candidates + [order.best, order.chosen] {
      #expect(candidate.peakBytes >= order.best.peakBytes)
      #expect(candidate.provenOptimal == (candidate.peakBytes == order.bound.bytes))
      let gap = Double(candidate.peakBytes) - Double(order.bound.bytes)
      #expect(abs(candidate.gap * Double(max(order.bound.bytes, 1)) - gap) < 1e-3)
    }
    // Orders that are only tried when asked for come last.
    #expect(OrderChoice.names.dropFirst().starts(with: order.candidates.map(\.name)))
    #expect(order.candidates.count > 9)
    #expect(order.best.peakBytes >= order.bound.bytes)
    #expect(order.chosen.name == order.best.name)
    let sum = order.witness.storages.reduce(order.witness.workspaceBytes) { $0 + $1.bytes }
    #expect(sum == order.witness.bytes)
    #expect(order.bound.proof == "search" ? sum <= order.bound.bytes : sum == order.bound.bytes)
    #expect(order.witness.storages.allSatisfy { !$0.why.isEmpty })

    let plan = try PlannedFile(fixture.relativePath, all).plan()
    #expect(plan.steps.count == order.steps.count)
    #expect(Set(plan.steps.map(\.nodeIndex)) == Set(order.steps.map(\.nodeIndex)))
  }

  @Test(arguments: OrderChoice.names.dropFirst())
  func `the order of a name is the plan's of that name`(_ name: String) throws {
    for fixture in try ["squeezenet_like", "mlp_train"].map(Fixture.named) {
      let order = try Self.order(fixture, "--order", name)
      let plan = try PlannedFile(fixture, "--order", name).plan()
      #expect(order.steps.map(\.nodeIndex) == plan.steps.map(\.nodeIndex))
      #expect(order.steps.map(\.node) == plan.steps.map(\.node))
      #expect(order.steps.map(\.op) == plan.steps.map(\.op))
      #expect(order.chosen.peakBytes == plan.summary.peakBytes)
      #expect(order.candidates.first { $0.name == name }?.peakBytes == plan.summary.peakBytes)
    }
  }

  @Test(arguments: Fixture.all)
  func `the report is the same bytes on every run and with any number of threads`(
    _ fixture: Fixture
  ) {
    for format in ["text", "json"] {
      let arguments = ["order", fixture.relativePath, "--format", format] + fixture.dimArguments
      let first = CommandRunner.graphopt(arguments + ["--jobs", "1"])
      #expect(first.status == 0)
      for jobs in ["2", "5"] {
        #expect(CommandRunner.graphopt(arguments + ["--jobs", jobs]) == first)
      }
    }
  }

  @Test func `what is printed as JSON is what is written`() throws {
    let folder = TemporaryFolder()
    let path = folder.path(of: "order.json")
    let result = CommandRunner.graphopt(
      "order", "Fixtures/fan.onnx", "--format", "json", "-o", path)
    #expect(result.status == 0)
    #expect(folder.bytes(of: "order.json") == result.output)
    #expect(folder.files == ["order.json"])
  }

  @Test func `times are printed only when they are asked for`() throws {
    let fixture = try Fixture.named("squeezenet_like")
    let plain = try Self.order(fixture)
    #expect(plain.candidates.allSatisfy { $0.seconds == nil })
    let timed = try Self.order(fixture, "--timings")
    #expect(timed.candidates.allSatisfy { $0.seconds ?? -1 >= 0 })
    #expect(timed.searched?.seconds ?? -1 >= 0)
    let text = CommandRunner.graphopt("order", "Fixtures/fan.onnx", "--timings").text
    #expect(text.contains("  time\n"))
    #expect(text.contains(" ms\n"))
  }

  @Test func `with the candidates alone nothing is searched`() throws {
    let order = try Self.order(try Fixture.named("mlp_train"), "--effort", "candidates")
    #expect(order.searched == nil)
    #expect(order.bound.proof == "working-set")
    #expect(order.best.peakBytes == order.candidates.map(\.peakBytes).min())
  }

  @Test func `a time limit of nothing still gives an order`() throws {
    let order = try Self.order(try Fixture.named("mlp_train"), "--time-limit", "0s")
    #expect(order.steps.count == 72)
    #expect(order.best.outcome != "work-limit")
  }

  @Test func `an order that cannot be written is an error`() {
    let result = CommandRunner.graphopt("order", "Fixtures/fan.onnx", "-o", "/dev/full")
    expectRefusal(result, status: 73, of: "/dev/full", ["no space left"])
  }

  @Test(arguments: BadInputTests.models)
  func `a broken model is refused in one sentence`(_ model: BadInputTests.Case) {
    let path = Fixture.invalid(model.name)
    expectRefusal(CommandRunner.graphopt("order", path), status: 65, of: path, model.words)
  }

  @Test(arguments: ["nowhere.onnx", "Fixtures", "/dev/zero"])
  func `a file that cannot be read has status 66`(_ path: String) {
    expectRefusal(CommandRunner.graphopt("order", path), status: 66, of: path, [])
  }
}
