// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct JSONEmitterTests {
  @Test(arguments: Seeds.first(60)) func `a plan is read back as it was`(_ seed: Int) throws {
    let plan = try RandomPlan.plan(seed: seed)
    let bytes = JSONEmitter().bytes(of: plan)
    #expect(try PlanReader().plan(from: bytes) == plan)
    #expect(JSONEmitter().bytes(of: try PlanReader().plan(from: bytes)) == bytes)
  }

  @Test func `each step and each tensor stands on a line of its own`() throws {
    let plan = try RandomPlan.plan(seed: 1)
    let text = String(decoding: JSONEmitter().bytes(of: plan), as: UTF8.self)
    let lines = text.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix(#"{"index":"#) }.count == plan.steps.count)
    #expect(lines.filter { $0.hasPrefix(#"{"aliasOf":"#) }.count == plan.tensors.count)
    #expect(text.hasSuffix("\n"))
  }

  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `plans are what the schema says`() throws {
    let folder = TemporaryFolder()
    let paths = try Seeds.first(40).map { seed in
      folder.write(
        JSONEmitter().bytes(of: try RandomPlan.plan(seed: seed)), to: "plan-\(seed).json")
    }
    let answer = Peer.run("peer_schema.py", paths)
    #expect(answer.status == 0, "\(answer.errors)")
  }

  /// The schema is strict: it refuses what a plan may not be.
  @Test(
    .enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)),
    arguments: [
      (#""kind":"run""#, #""kind":"walk""#), (#""space":"arena""#, #""space":"moon""#),
      (#""format":"graphopt-plan""#, #""format":"plan""#), (#""version":1"#, #""version":2"#),
      (#""upperBound":false"#, #""upperBound":0"#), (#""storage":"#, #""storage":-1"#),
      (#""steps":["#, #""more":0,"steps":["#), (#""irVersion":"#, #""irversion":"#),
    ])
  func `the schema refuses what is no plan`(_ old: String, _ new: String) throws {
    let text = String(
      decoding: JSONEmitter().bytes(of: try RandomPlan.plan(seed: 3)), as: UTF8.self)
    let place = try #require(text.firstRange(of: old))
    let folder = TemporaryFolder()
    let path = folder.write(
      Array(text.replacingCharacters(in: place, with: new).utf8), to: "plan.json")
    #expect(Peer.run("peer_schema.py", [path]).status == 1)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + self[range.upperBound...]
  }
}
