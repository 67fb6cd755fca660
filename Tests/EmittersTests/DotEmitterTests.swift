// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct DotEmitterTests {
  private static let hasGraphviz = Tool.find("dot") != nil
  private static let absence: Comment = "no Graphviz: scripts/setup graphviz installs it"

  private func svg(_ bytes: [UInt8]) -> CommandRunner.Result {
    let folder = TemporaryFolder()
    return CommandRunner.run("dot", ["-Tsvg", folder.write(bytes, to: "plan.dot")])
  }

  @Test(.enabled(if: hasGraphviz, absence), arguments: Seeds.first(6))
  func `Graphviz draws every step, whatever it is called`(_ seed: Int) throws {
    let plan = try RandomPlan.hostile(seed: seed)
    let answer = svg(DotEmitter().bytes(of: plan))
    #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer.errors)")
    let titles = Set(answer.text.matches(of: /<title>(s\d+)<\/title>/).map { String($0.1) })
    #expect(titles == Set(plan.steps.map { "s\($0.index)" }))
    // Names show as they are, not as what Graphviz would make of them.
    #expect(!answer.text.contains("<script>"))
    #expect(answer.text.contains("&amp;lt;&amp;amp;") || plan.steps.count < 20)
  }

  @Test(.enabled(if: hasGraphviz, absence))
  func `of a large plan the steps around the peak are drawn`() throws {
    let plan = try RandomPlan.plan(seed: 9)
    try #require(plan.steps.count > 6)
    let answer = svg(DotEmitter(stepLimit: 5).bytes(of: plan))
    #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer.errors)")
    let drawn = answer.text.matches(of: /<title>s(\d+)<\/title>/).compactMap { Int($0.1) }
    #expect(drawn.count == 5)
    #expect(drawn.contains(plan.summary.peakStep))
    #expect(answer.text.contains("around the peak"))
  }

  @Test func `each step that reads what another makes is an arrow`() throws {
    let plan = try RandomPlan.plan(seed: 11)
    let text = String(decoding: DotEmitter().bytes(of: plan), as: UTF8.self)
    var producer: [String: Int] = [:]
    var arrows: Set<String> = []
    for step in plan.steps {
      for input in step.inputs {
        if let source = producer[input] { arrows.insert("s\(source) -> s\(step.index) ") }
      }
      for output in step.outputs where !output.isEmpty { producer[output] = step.index }
    }
    let drawn = text.matches(of: /(s\d+ -> s\d+ )/).map { String($0.1) }
    #expect(Set(drawn) == arrows)
  }
}
