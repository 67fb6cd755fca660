// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct PlanReaderTests {
  private func reason(_ text: String) -> String {
    do throws(PlanReadingError) {
      _ = try PlanReader().plan(from: Array(text.utf8))
      return "none"
    } catch { return "\(error)" }
  }

  @Test(arguments: [
    ("", "not a plan: it is no valid JSON"),
    ("nonsense", "not a plan: it is no valid JSON"),
    (#"{"format":"graphopt-plan""#, "not a plan: it is no valid JSON"),
    ("[1]", "not a plan: the value at the top level is of the wrong type"),
    ("{}", #"not a plan: it has no "format": "graphopt-plan""#),
    (#"{"format":7}"#, "not a plan: the value at format is of the wrong type"),
    (#"{"format":"other","version":1}"#, #"not a plan: it has no "format": "graphopt-plan""#),
    (
      #"{"format":"graphopt-plan"}"#,
      "the plan is of version 0 of the format; this reads version 1"
    ),
    (
      #"{"format":"graphopt-plan","version":2}"#,
      "the plan is of version 2 of the format; this reads version 1"
    ),
    (
      #"{"format":"graphopt-plan","version":1}"#,
      #"not a plan: "model" is missing at the top level"#
    ),
  ])
  func `what is no plan is refused with the reason`(_ text: String, _ expected: String) {
    #expect(reason(text) == expected)
  }

  @Test func `a fault is named by its place`() throws {
    let plan = try RandomPlan.plan(seed: 2)
    let text = String(decoding: JSONEmitter().bytes(of: plan), as: UTF8.self)
    let place = try #require(text.firstRange(of: #""kind":"run""#))
    let broken = text.replacing(#""kind":"run""#, with: #""kind":"walk""#, maxReplacements: 1)
    #expect(!place.isEmpty)
    #expect(reason(broken) == "not a plan: the value at steps[0].kind cannot be used")
  }

  @Test func `members of later versions are passed over`() throws {
    let plan = try RandomPlan.plan(seed: 2)
    let text = String(decoding: JSONEmitter().bytes(of: plan), as: UTF8.self)
    let longer = text.replacing(#""irVersion":"#, with: #""later":[{}],"irVersion":"#)
    #expect(try PlanReader().plan(from: Array(longer.utf8)) == plan)
  }

  /// Bytes changed, left out, doubled or swapped: an error or another plan, never a trap.
  @Test(arguments: Seeds.first(150)) func `damage is survived`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let graph = RandomGraph(seed: seed % 10).graph
    let plan = try Planner().plan(graph, model: PlannedModel(path: "model"))
    var bytes = JSONEmitter().bytes(of: plan)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] = UInt8.random(in: 0x30...0x39, using: &random)
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
      default: bytes.removeSubrange(place..<min(place + 30, bytes.count))
      }
    }
    guard let damaged = try? PlanReader().plan(from: bytes) else { return }
    expectSurvival(of: damaged, graph)
  }

  /// Numbers at the edge of what fits, in every place a number can stand.
  @Test(arguments: Seeds.first(60)) func `absurd numbers are survived`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let graph = RandomGraph(seed: seed % 10).graph
    let plan = try Planner().plan(graph, model: PlannedModel(path: "model"))
    let text = String(decoding: JSONEmitter().bytes(of: plan), as: UTF8.self)
    let numbers = text.matches(of: #/:([0-9]+)[,}]/#).map(\.output.1)
    let absurd = ["-1", "9223372036854775807", "-9223372036854775808", "4611686018427387904", "0"]
    var changed = text
    let place = try #require(numbers.randomElement(using: &random))
    changed.replaceSubrange(
      place.startIndex..<place.endIndex, with: absurd.randomElement(using: &random) ?? "")
    guard let damaged = try? PlanReader().plan(from: Array(changed.utf8)) else { return }
    expectSurvival(of: damaged, graph)
  }

  /// What can be read can be checked and written, and what is then found right can be reported.
  private func expectSurvival(of plan: ExecutionPlan, _ graph: Graph) {
    _ = JSONEmitter().bytes(of: plan)
    if PlanChecker.violations(in: plan, against: graph).isEmpty {
      #expect(!TextEmitter().bytes(of: plan).isEmpty)
    }
  }
}
