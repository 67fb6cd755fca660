// SPDX-License-Identifier: Apache-2.0
import Emitters
import Planning
import TestSupport
import Testing

@Suite struct CheckCommandTests {
  /// A fault in a plan and what must be said of it.
  struct Mutation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let sentence: String
    let apply: @Sendable (inout ExecutionPlan) throws -> Void

    init(
      _ description: String, says sentence: String,
      _ apply: @escaping @Sendable (inout ExecutionPlan) throws -> Void
    ) {
      testDescription = description
      self.sentence = sentence
      self.apply = apply
    }
  }

  static let mutations = [
    Mutation("two steps are swapped", says: "before it is made") {
      $0.steps.swapAt(3, 4)
      for index in 3...4 { $0.steps[index].index = index }
    },
    Mutation("an offset is shifted", says: "share bytes at step") { plan in
      // Two storages that are live at the peak, one put upon the other.
      let peak = plan.summary.peakStep
      let live = plan.tensors.filter {
        $0.offset != nil && $0.bytes > 0 && $0.firstStep <= peak && peak <= $0.lastStep
      }
      let low = try #require(live.first)
      let high = try #require(live.first { $0.storage != low.storage })
      for index in plan.tensors.indices where plan.tensors[index].storage == high.storage {
        plan.tensors[index].offset = low.offset
      }
    },
    Mutation("a tensor is dropped", says: "is not in the plan") { $0.tensors.remove(at: 7) },
    Mutation("a size is shrunk", says: "bytes, the plan says") {
      let index = try #require($0.tensors.firstIndex { $0.space == "arena" })
      $0.tensors[index].bytes -= 4
    },
    Mutation("a takeover is undone", says: "share bytes, or are apart") {
      let index = try #require($0.tensors.firstIndex { $0.inPlaceOf != nil })
      $0.tensors[index].inPlaceOf = nil
    },
    Mutation("an invented view", says: "share bytes, or are apart") {
      let index = try #require($0.steps.firstIndex { $0.op == "Conv" })
      let output = $0.steps[index].outputs[0]
      let input = $0.steps[index].inputs[0]
      let tensor = try #require($0.tensors.firstIndex { $0.name == output })
      $0.tensors[tensor].aliasOf = input
    },
    Mutation("a life is cut short", says: "lives at steps") {
      let index = try #require($0.tensors.firstIndex { $0.space == "arena" && $0.lastStep > 3 })
      $0.tensors[index].lastStep -= 1
    },
    Mutation("a step is missing", says: "has no step") { $0.steps.removeLast() },
    Mutation("the total is polished", says: "totalBytes is") { $0.summary.totalBytes -= 1 },
    Mutation("the peak is polished", says: "peakBytes is") { $0.summary.peakBytes -= 64 },
    Mutation("a bound that nothing backs", says: "bound") {
      $0.summary.lowerBoundBytes += 64
    },
  ]

  @Test(arguments: mutations)
  func `a broken plan is refused with the matching sentence`(_ mutation: Mutation) throws {
    let planned = PlannedFile(try Fixture.named("squeezenet_like"))
    var plan = try planned.plan()
    try mutation.apply(&plan)
    let result = planned.check(plan)
    #expect(result.status == 65)
    #expect(result.text == "")
    #expect(result.errors.hasPrefix("graphopt: error: "))
    #expect(result.errors.contains("the plan breaks "), "\(result.errors)")
    #expect(result.errors.contains(mutation.sentence), "\(result.errors)")
  }

  @Test func `a plan of another model is refused`() throws {
    let planned = PlannedFile(try Fixture.named("squeezenet_like"))
    let result = CommandRunner.graphopt("check", planned.path, "Fixtures/fan.onnx")
    #expect(result.status == 65)
    let other = CommandRunner.graphopt("check", planned.path, "Fixtures/old_style.onnx")
    #expect(other.status == 65)
  }

  @Test func `a plan for other sizes of the same model is refused`() throws {
    let planned = PlannedFile(try Fixture.named("squeezenet_like"))
    var plan = try planned.plan()
    plan.model.dims["batch"] = 3
    let result = planned.check(plan)
    #expect(result.status == 65)
    #expect(result.errors.contains("the plan is for the graph "), "\(result.errors)")
  }

  @Test func `a plan whose model is gone cannot be checked`() throws {
    let planned = PlannedFile(try Fixture.named("fan"))
    var plan = try planned.plan()
    plan.model.path = "Fixtures/gone.onnx"
    expectRefusal(
      planned.check(plan), status: 66, of: "Fixtures/gone.onnx", ["no such file or directory"])
  }

  @Test(arguments: [
    ("", "empty"), ("{", "no valid JSON"), ("[]", "not a plan"), ("{}", "not a plan"),
    (#"{"format":"graphopt-plan","version":9}"#, "version 9"),
    (#"{"format":"graphopt-plan","version":1}"#, "missing"),
    (#"{"format":"other","version":1}"#, "graphopt-plan"),
  ])
  func `what is no plan is refused`(_ text: String, _ word: String) {
    let folder = TemporaryFolder()
    let path = folder.write(Array(text.utf8), to: "plan.json")
    expectRefusal(CommandRunner.graphopt("check", path), status: 65, of: path, [word])
  }
}
