// SPDX-License-Identifier: Apache-2.0
import GraphIR
import MemoryLayout
import TestSupport
import Testing

@testable import Planning

@Suite struct KeptPlanTests {
  private static let model = PlannedModel(path: "random")

  /// Planning checks its own result, so what is left to see is how good it is.
  @Test(arguments: 0..<30) func `a plan like another is as good as a new one`(seed: Int) throws {
    let graph = RandomGraph(seed: seed).graph
    let new = try Planner().plan(graph, model: Self.model)
    // Its own plan, that of another graph with the same names, and one without anything known.
    for previous in [seed, seed + 1000] {
      let other = try Planner().plan(RandomGraph(seed: previous).graph, model: Self.model)
      let plan = try Planner().plan(graph, model: Self.model, like: other)
      let tolerance = new.summary.lowerBoundBytes / 2000
      #expect(plan.summary.arenaBytes <= new.summary.arenaBytes + tolerance)
      #expect(plan.summary.lowerBoundBytes <= new.summary.arenaBytes)
    }
  }

  @Test(arguments: 0..<30) func `a graph that did not change keeps order and offsets`(
    seed: Int
  ) throws {
    let graph = RandomGraph(seed: seed).graph
    let first = try Planner().plan(graph, model: Self.model)
    let again = try Planner().plan(graph, model: Self.model, like: first)
    guard again.passes.contains(where: { $0.outcome.hasPrefix("the previous plan") })
    else { return }
    #expect(again.steps == first.steps)
    #expect(again.tensors.map(\.offset) == first.tensors.map(\.offset))
  }

  @Test func `most graphs that did not change are settled at once`() throws {
    let settled = try (0..<30).count { seed in
      let graph = RandomGraph(seed: seed).graph
      let first = try Planner().plan(graph, model: Self.model)
      let again = try Planner().plan(graph, model: Self.model, like: first)
      return again.passes.contains { $0.outcome.hasPrefix("the previous plan") }
    }
    #expect(settled >= 15)
  }

  @Test func `offsets that do not fit together are given up, the later ones`() {
    func buffer(_ size: Int, _ lifetime: Range<Int>, at offset: Int?) -> LayoutBuffer {
      LayoutBuffer(size: size, lifetime: lifetime, alignment: 64, fixedOffset: offset)
    }
    var buffers = [
      buffer(64, 0..<4, at: 0), buffer(64, 2..<5, at: 0), buffer(64, 4..<6, at: 0),
      buffer(64, 0..<1, at: 32), buffer(64, 0..<9, at: 64), buffer(64, 0..<9, at: nil),
    ]
    KeptPlan.freeWhatOverlaps(in: &buffers)
    #expect(buffers.map(\.fixedOffset) == [0, nil, 0, nil, 64, nil])
  }
}
