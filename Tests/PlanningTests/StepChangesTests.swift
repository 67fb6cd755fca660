// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Planning

@Suite struct StepChangesTests {
  private func steps(_ names: [String], kind: PlanStep.Kind = .run) -> [PlanStep] {
    names.enumerated().map { index, name in
      PlanStep(
        index: index, kind: kind, node: "node \(name)", nodeIndex: index, op: "Op", inputs: [],
        outputs: ["", name], recomputeFlops: 0, liveBytes: 0, workspaceBytes: 0,
        workspaceOffset: nil)
    }
  }

  @Test func `equal orders have no changes`() {
    let changes = StepChanges(from: steps(["a", "b", "c"]), to: steps(["a", "b", "c"]))
    #expect(changes.moved == [] && changes.added == [] && changes.removed == [])
    #expect(changes.common == 3)
  }

  @Test func `one step that went to the end is the only one that moved`() {
    let changes = StepChanges(
      from: steps(["a", "b", "c", "d"]), to: steps(["b", "c", "d", "a"]))
    #expect(changes.moved.map(\.node) == ["node a"])
    #expect(changes.moved.first?.before == 0)
    #expect(changes.moved.first?.after == 3)
  }

  @Test func `what is new and what is gone has not moved`() {
    let changes = StepChanges(from: steps(["a", "b", "c"]), to: steps(["x", "a", "c"]))
    #expect(changes.added.map(\.node) == ["node x"])
    #expect(changes.removed.map(\.node) == ["node b"])
    #expect(changes.moved == [])
    #expect(changes.common == 2)
  }

  @Test func `the second run of a node is another step`() {
    let changes = StepChanges(from: steps(["a", "b"]), to: steps(["a", "b", "a"]))
    #expect(changes.added.map(\.after) == [2])
    #expect(changes.moved == [])
  }

  @Test func `steps that make nothing are known by their nodes`() {
    var (one, other) = (steps(["a", "b"]), steps(["b", "a"]))
    for index in 0..<2 {
      one[index].outputs = []
      other[index].outputs = ["", ""]
    }
    let changes = StepChanges(from: one, to: other)
    #expect(changes.moved.count == 1)
    #expect(changes.added == [])
  }

  /// Against all subsets: the fewest elements whose removal leaves the rest ascending.
  @Test(arguments: Seeds.first(120)) func `no fewer steps could move`(_ seed: Int) {
    var random = SeededGenerator(seed: seed)
    let names = (0..<Int.random(in: 0...9, using: &random)).map { "t\($0)" }
    let shuffled = names.shuffled(using: &random)
    let changes = StepChanges(from: steps(names), to: steps(shuffled))
    let positions = shuffled.map { names.firstIndex(of: $0) ?? -1 }
    var fewest = positions.count
    for subset in 0..<(1 << positions.count) {
      let kept = positions.indices.filter { subset >> $0 & 1 == 0 }.map { positions[$0] }
      if zip(kept, kept.dropFirst()).allSatisfy(<) {
        fewest = min(fewest, positions.count - kept.count)
      }
    }
    #expect(changes.moved.count == fewest)
    // And what did not move is in the same order in both.
    let moved = Set(changes.moved.map(\.node))
    let kept = { (list: [String]) in list.filter { !moved.contains("node \($0)") } }
    #expect(kept(names) == kept(shuffled))
  }
}
