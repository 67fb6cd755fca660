// SPDX-License-Identifier: Apache-2.0
import GraphIR
import MemoryLayout
import Ordering
import Planning
import TestSupport
import Testing

@Suite struct PlannerTests {
  @Test func `the plan of a graph planned by hand`() throws {
    let plan = try PlannedExample.plan()
    #expect(plan.steps.map(\.node) == ["scale", "act", "view", "join", "step"])
    #expect(plan.steps.map(\.liveBytes) == [512, 512, 512, 256 + 256 + 512 + 128, 512 + 64])
    #expect(plan.summary.peakBytes == 1152)
    #expect(plan.summary.peakStep == 3)
    #expect(plan.summary.arenaBytes == 1152)
    // w 256, s 4 -> 64.
    #expect(plan.summary.residentBytes == 320)
    #expect(plan.summary.totalBytes == 1472)
    #expect(plan.summary.lowerBoundBytes == 1152)
    #expect(plan.summary.provenOptimal)
    #expect(plan.witness.node == "join")
    #expect(plan.witness.tensors.map(\.bytes) == [512, 256, 256])
    let named = Dictionary(uniqueKeysWithValues: plan.tensors.map { ($0.name, $0) })
    #expect(named["r"]?.inPlaceOf == "h")
    #expect(named["v"]?.aliasOf == "r")
    #expect(named["v"]?.storage == named["h"]?.storage)
    #expect(named["s'"]?.inPlaceOf == "s")
    #expect(named["s'"]?.space == "resident")
  }

  @Test func `a budget is met to the byte`() throws {
    #expect(try PlannedExample.plan(budget: 1472).summary.fits == true)
    #expect(try PlannedExample.plan(budget: 1471).summary.fits == false)
    #expect(try PlannedExample.plan().summary.fits == nil)
  }

  @Test(arguments: 0..<120)
  func `every plan passes the check and never needs more than file order`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 1...14)
    shape.outputs = seed % 3 * 15
    let graph = RandomGraph(seed: seed, shape: shape).graph
    for mode in InPlaceMode.allCases {
      for io in IOPlacement.allCases {
        let memory = MemoryModel(alignment: 1 << (seed % 8), inPlace: mode, io: io)
        // The planner runs the checker and throws on any violation.
        let plan = try Planner(memory: memory).plan(graph, model: PlannedModel(path: "random"))
        let file = try #require(plan.summary.baselines["fileOrder"])
        #expect(plan.summary.arenaBytes <= file.arenaBytes ?? 0)
        #expect(plan.summary.lowerBoundBytes <= plan.summary.peakBytes)
        let isConfirmed = !plan.passes.contains { $0.name == "bound" }
        #expect(isConfirmed || Self.unconfirmed.contains(seed))
      }
    }
  }

  /// Seeds whose bound stands on operators merged across takeovers, which the checker does not do.
  private static let unconfirmed: Set = [65]

  @Test(arguments: OrderChoice.names)
  func `every order that can be asked for gives a right plan`(name: String) throws {
    let order = try #require(OrderChoice(name: name))
    #expect(order.name == name)
    for seed in 0..<40 {
      let graph = RandomGraph(seed: seed).graph
      let plan = try Planner(order: order).plan(graph, model: PlannedModel(path: "random"))
      #expect(plan.options.order == name)
    }
  }

  /// One member alone leaves holes often enough to see what another order does.
  @Test func `where the arena stays above the peak, other orders of that peak are laid out`() throws
  {
    let layout = try #require(LayoutChoice(name: "first-fit-area"))
    var (tried, closed) = (0, 0)
    for seed in 0..<60 {
      var shape = RandomGraph.Shape(nodes: 10...24)
      (shape.sizes, shape.reach) = (12, 10)
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let plan = try Planner(layout: layout).plan(graph, model: PlannedModel(path: "holes"))
      let pass = try #require(plan.passes.first { $0.name == "layout" })
      guard pass.outcome.contains("other orders of that peak tried") else {
        #expect(plan.summary.fragmentation == 0)
        continue
      }
      tried += 1
      if plan.summary.fragmentation == 0 { closed += 1 }
    }
    #expect(tried > 0 && closed > 0, "\(tried) tried, \(closed) closed")
  }

  @Test func `a graph without nodes has a plan`() throws {
    let graph = try Graph(parsing: "graph g\ninput x : float32[16]\noutput x\n")
    let plan = try Planner().plan(graph, model: PlannedModel(path: "g"))
    #expect(plan.steps.isEmpty)
    #expect(plan.summary.peakBytes == 64)
    #expect(plan.summary.arenaBytes == 64)
  }

  @Test func `the same graph gives the same plan`() throws {
    for seed in 0..<50 {
      let graph = RandomGraph(seed: seed).graph
      let one = try Planner().plan(graph, model: PlannedModel(path: "g"))
      let two = try Planner(limits: SearchLimits(jobs: 2)).plan(
        graph, model: PlannedModel(path: "g"))
      #expect(one == two)
    }
  }

  @Test func `stages are announced in order`() throws {
    var stages: [Planner.Stage] = []
    _ = try Planner().plan(PlannedExample.graph(), model: PlannedModel(path: "g")) {
      stages.append($0)
    }
    #expect(stages == Planner.Stage.allCases.filter { $0 != .climbing })
  }

  @Test func `a broken graph is refused before anything is planned`() throws {
    var graph = try PlannedExample.graph()
    graph.addControlDependency(ControlDependency(before: NodeID(3), after: NodeID(1)))
    #expect(throws: PlanningError.graph(.invalidControlDependency(before: 3, after: 1))) {
      try Planner().plan(graph, model: PlannedModel(path: "g"))
    }
  }
}
