// SPDX-License-Identifier: Apache-2.0
import Cancellation
import GraphIR
import MemoryLayout
import Ordering
import Planning
import Synchronization
import TestSupport
import Testing

@Suite struct PlannerCancellationTests {
  private static let graph = RandomGraph(seed: 7).graph
  private static let model = PlannedModel(path: "random")

  @Test func `a flag that is set before ends planning at once`() {
    let flag = CancellationFlag()
    flag.cancel()
    var planner = Planner()
    planner.limits.cancellation = flag
    #expect(throws: PlanningError.cancelled) {
      try planner.plan(Self.graph, model: Self.model)
    }
  }

  @Test(arguments: [Planner.Stage.ordering, .layout])
  func `a flag that is set while a stage runs ends planning there`(stage: Planner.Stage) {
    let flag = CancellationFlag()
    var planner = Planner()
    planner.limits.cancellation = flag
    #expect(throws: PlanningError.cancelled) {
      try planner.plan(Self.graph, model: Self.model) {
        if $0 == stage { flag.cancel() }
      }
    }
  }

  @Test func `a flag that is not set changes nothing`() throws {
    var planner = Planner()
    let plain = try planner.plan(Self.graph, model: Self.model)
    planner.limits.cancellation = CancellationFlag()
    #expect(try planner.plan(Self.graph, model: Self.model) == plain)
  }

  @Test func `a search for an order is cancelled too`() {
    let flag = CancellationFlag()
    flag.cancel()
    let portfolio = BestOfAll(limits: SearchLimits(jobs: 2, cancellation: flag))
    #expect(throws: OrderingError.cancelled) {
      try portfolio.result(for: SchedulingProblem(Self.graph))
    }
  }

  @Test func `a layout is cancelled too`() throws {
    let flag = CancellationFlag()
    flag.cancel()
    let problem = try LayoutProblem(buffers: [LayoutBuffer(size: 64, lifetime: 0..<1)])
    #expect(throws: LayoutError.cancelled) {
      try LayoutPortfolio(cancellation: flag).report(for: problem)
    }
  }

  @Test func `a task gets the plan of the synchronous call`() async throws {
    let plain = try Planner().plan(Self.graph, model: Self.model)
    let stages = Mutex<[Planner.Stage]>([])
    let plan = try await Planner().planned(Self.graph, model: Self.model) { stage in
      stages.withLock { $0.append(stage) }
    }
    #expect(plan == plain)
    #expect(stages.withLock { $0 } == [.rewriting, .ordering, .layout, .checking])
  }

  @Test func `cancelling a task ends its planning`() async {
    let task = Task {
      // Starts only when it is cancelled already, so that nothing depends on who is faster.
      while !Task.isCancelled { await Task.yield() }
      return try await Planner().planned(Self.graph, model: Self.model)
    }
    task.cancel()
    await #expect(throws: PlanningError.cancelled) { try await task.value }
  }
}
