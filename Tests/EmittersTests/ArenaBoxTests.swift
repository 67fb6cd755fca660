// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport
import Testing

@testable import Emitters

/// What occupies the arena, against the plan's own figures.
@Suite struct ArenaBoxTests {
  @Test(arguments: Seeds.first(120), [false, true])
  func `boxes share no byte and are what is live`(_ seed: Int, _ slices: Bool) throws {
    try expectRight(try RandomPlan.plan(seed: seed, slices: slices))
  }

  @Test func `a storage that is spilled and fetched has two boxes`() throws {
    let plan = try LadderPlan.plan()
    try expectRight(plan)
    let boxes = plan.arenaBoxes().filter {
      if case .tensor(let index) = $0.owner { plan.tensors[index].name == "a" } else { false }
    }
    #expect(boxes.map(\.life) == [0..<3, 4..<7])
  }

  private func expectRight(_ plan: ExecutionPlan) throws {
    let boxes = plan.arenaBoxes()
    for (index, box) in boxes.enumerated() {
      for other in boxes[..<index] where box.life.overlaps(other.life) {
        #expect(box.offset >= other.offset + other.bytes || other.offset >= box.offset + box.bytes)
      }
    }
    #expect((boxes.map { $0.offset + $0.bytes }.max() ?? 0) == plan.summary.arenaBytes)
    for step in plan.steps {
      let live = boxes.filter { $0.life.contains(step.index) }.reduce(0) { $0 + $1.bytes }
      #expect(live == step.liveBytes, "step \(step.index)")
    }
  }

  @Test func `random plans have parts of tensors and workspaces among them`() throws {
    let plans = try Seeds.first(120).map { try RandomPlan.plan(seed: $0, slices: true) }
    #expect(plans.contains { plan in plan.tensors.contains { $0.sliceOf != nil } })
    #expect(plans.contains { plan in plan.steps.contains { $0.workspaceBytes > 0 } })
  }
}
