// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct MemoryVizEmitterTests {
  /// What the reader prints of a snapshot.
  private struct Answer: Decodable {
    var peak: Int
    var allocations: Int
    var left: Int
    var resident: Int
  }

  private func read(
    _ plan: ExecutionPlan, with python: String, _ options: String...
  ) throws -> Answer {
    let folder = TemporaryFolder()
    let path = folder.write(MemoryVizEmitter().bytes(of: plan), to: "plan.pickle")
    let script = "\(Zoo.packageRoot)/Tests/Peers/peer_memory_viz.py"
    let answer = CommandRunner.run(python, [script] + options + [path])
    #expect(answer.status == 0, "\(answer.errors)")
    return try JSONDecoder().decode(Answer.self, from: Data(answer.output))
  }

  private func expectPlan(_ plan: ExecutionPlan, _ answer: Answer) {
    #expect(answer.peak == plan.summary.peakBytes)
    #expect(answer.allocations == plan.arenaBoxes().count)
    #expect(answer.resident == plan.summary.residentBytes)
    let left = plan.arenaBoxes().filter {
      if case .tensor = $0.owner { $0.life.upperBound == plan.steps.count } else { false }
    }
    #expect(answer.left == left.reduce(0) { $0 + $1.bytes })
  }

  @Test(.enabled(if: Tool.python != nil, "no python3"), arguments: Seeds.first(12))
  func `Python reads the snapshot and replays the plan`(_ seed: Int) throws {
    let plan = try seed % 2 == 0 ? RandomPlan.plan(seed: seed) : RandomPlan.hostile(seed: seed)
    expectPlan(plan, try read(plan, with: Tool.python ?? ""))
  }

  @Test(.enabled(if: Tool.python != nil, "no python3"))
  func `a storage that comes back is allocated twice`() throws {
    let plan = try LadderPlan.plan()
    expectPlan(plan, try read(plan, with: Tool.python ?? ""))
  }

  @Test(.enabled(if: Tool.torchPython != nil, Comment(rawValue: Tool.torchAbsence)))
  func `PyTorch's own reader takes the snapshot`() throws {
    let plan = try RandomPlan.plan(seed: 8)
    expectPlan(plan, try read(plan, with: Tool.torchPython ?? "", "--torch"))
  }

  @Test(.enabled(if: Tool.python != nil, "no python3"))
  func `a pickle has the values that were written`() throws {
    var writer = PickleWriter()
    let numbers = [0, 255, 256, -1, 65536, 1 << 31, -1 << 31, (1 << 31) - 1, .max, .min]
    writer.beginDictionary()
    writer.string("numbers")
    writer.beginList()
    for number in numbers { writer.int(number) }
    writer.endList()
    writer.string("texts")
    writer.beginList()
    for index in 0..<300 { writer.string("größe \(index)") }
    writer.string("größe 299")
    writer.string("größe 0")
    writer.endList()
    writer.string("others")
    writer.beginTuple()
    writer.bool(true)
    writer.bool(false)
    writer.none()
    writer.beginDictionary()
    writer.endDictionary()
    let kept = writer.keep()
    writer.again(kept)
    writer.endTuple()
    writer.endDictionary()
    writer.finish()
    let folder = TemporaryFolder()
    let path = folder.write(writer.bytes, to: "values.pickle")
    let check = """
      import pickle, sys
      value = pickle.load(open(sys.argv[1], "rb"))
      assert value["numbers"] == \(numbers), value["numbers"]
      texts = [f"größe {index}" for index in range(300)]
      assert value["texts"] == texts + ["größe 299", "größe 0"]
      assert value["others"] == (True, False, None, {}, {})
      assert value["others"][3] is value["others"][4]
      assert len(value) == 3
      """
    let answer = CommandRunner.run(Tool.python ?? "", ["-X", "utf8", "-c", check, path])
    #expect(answer.status == 0, "\(answer.errors)")
  }
}
