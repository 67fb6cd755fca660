// SPDX-License-Identifier: Apache-2.0
import GraphIR
import MemoryLayout
import Planning
import TestSupport
import Testing

@Suite struct SlicedPlanTests {
  /// Two features and their Concat, a Split, and one tensor beside them.
  ///
  /// Without slices the peak is at `join`: a, b, c and x, which `other` reads last; with them at
  /// `conv`: c, t and x.
  static let text = """
    graph sliced
    input x : float32[16]
    node one = Conv@1(x) -> a : float32[64]
    node two = Conv@1(x) -> b : float32[64]
    node other = Conv@1(x) -> side : float32[32]
    node join = Concat@13(a, b) -> c : float32[128] effects [mayHold 0 0 0, mayHold 0 1 256]
    node conv = Conv@1(c) -> t : float32[64]
    node cut = Split@13(t) -> p : float32[32], q : float32[32] effects [maySlice 0 0 0, \
    maySlice 1 0 128]
    node end = Sum@13(p, q, side) -> y : float32[16]
    output y
    """

  static func graph() throws -> Graph { try Graph(parsing: text) }

  static func plan() throws -> ExecutionPlan {
    try Planner(memory: MemoryModel(slices: true)).plan(
      graph(), model: PlannedModel(path: "sliced"))
  }

  @Test func `a Concat copies nothing, a Split takes nothing more`() throws {
    let plan = try Self.plan()
    // In file order a 256 + b 256 + c 512 + side 128; here c 512 + t 256 + x 64.
    #expect(plan.summary.baselines["fileOrder"]?.peakBytes == 1152)
    #expect(plan.summary.peakBytes == 832)
    #expect(plan.summary.arenaBytes == 832)
    #expect(plan.summary.provenOptimal)
    #expect(plan.options.slices)
    #expect(plan["a"].sliceOf == "c" && plan["b"].sliceOf == "c")
    #expect(plan["p"].sliceOf == "t" && plan["q"].sliceOf == "t")
    #expect(plan["b"].offset == plan["c"].offset.map { $0 + 256 })
    #expect(plan["q"].offset == plan["t"].offset.map { $0 + 128 })
    #expect(Set(["a", "b", "c", "t", "p", "q"].map { plan[$0].storage }).count == 6)
    let pass = try #require(plan.passes.first { $0.name == "slices" })
    #expect(pass.changed)
    #expect(
      pass.outcome == "4 tensors are parts of others, an arena of 832 bytes instead of 1088")
  }

  @Test func `slices that save nothing are not used`() throws {
    let graph = try Graph(
      parsing: """
        graph large
        input x : float32[1024]
        node a = A@1(x) -> a : float32[16], b : float32[16]
        node c = Concat@13(a, b) -> c : float32[32] effects [mayHold 0 0 0, mayHold 0 1 64]
        node d = A@1(c) -> y : float32[1024]
        output y
        """)
    let plan = try Planner(memory: MemoryModel(slices: true)).plan(
      graph, model: PlannedModel(path: "large"))
    #expect(plan.tensors.allSatisfy { $0.sliceOf == nil })
    #expect(plan.passes.last?.name == "slices" && plan.passes.last?.changed == false)
  }

  typealias Mutation = PlanCheckerTests.Mutation

  static let mutations: [Mutation] = [
    Mutation("a part elsewhere", .illegalSlice("b", of: "c")) {
      $0["b"].offset = ($0["b"].offset ?? 0) + 64
    },
    Mutation("a whole elsewhere", .illegalSlice("a", of: "c")) {
      $0["c"].offset = ($0["c"].offset ?? 0) + 64
    },
    Mutation("a part that says nothing", .illegalSlice("p", of: "t")) { $0["p"].sliceOf = nil },
    Mutation("a part of something else", .illegalSlice("a", of: "t")) { $0["a"].sliceOf = "t" },
    Mutation("an operator that may not", .illegalSlice("side", of: "y")) {
      $0["side"].sliceOf = "y"
    },
    Mutation("no slices allowed", .illegalSlice("q", of: "t")) { $0.options.slices = false },
    Mutation("a stranger on a part", .overlap("x", "a", step: 2)) {
      $0["x"].offset = $0["a"].offset
    },
    Mutation("a witness of no part", .brokenWitness(what: "no part of 'a' starts there")) {
      let index = $0.witness.tensors.firstIndex { $0.name == "a" } ?? 0
      $0.witness.tensors[index].offset = 64
    },
    Mutation("an absurd place", .numberOutOfRange(what: "the size of witness 'a'")) {
      let index = $0.witness.tensors.firstIndex { $0.name == "a" } ?? 0
      $0.witness.tensors[index].offset = .min
    },
  ]

  @Test(arguments: mutations)
  func `a broken slice is rejected with the rule it breaks`(mutation: Mutation) throws {
    var plan = try Self.plan()
    mutation.apply(&plan)
    let violations = PlanChecker.violations(in: plan, against: try Self.graph())
    // Which of two that overlap is met first depends on where they lie.
    let isFound = violations.contains { violation in
      if case .overlap = violation, case .overlap = mutation.expected { return true }
      return violation == mutation.expected
    }
    #expect(isFound, "\(violations)")
  }

  @Test func `a part that its whole still needs may not be overwritten`() throws {
    let graph = try Graph(
      parsing: """
        graph needed
        input x : float32[16]
        node one = Conv@1(x) -> a : float32[64]
        node two = Conv@1(x) -> b : float32[64]
        node join = Concat@13(a, b) -> c : float32[128] effects [mayHold 0 0 0, mayHold 0 1 256]
        node over = Relu@14(a) -> r : float32[64] effects [mayOverwrite 0 0 safe]
        node conv = Conv@1(c, r) -> y : float32[16]
        output y
        """)
    var plan = try Planner(memory: MemoryModel(slices: true)).plan(
      graph, model: PlannedModel(path: "needed"))
    #expect(plan["a"].sliceOf == "c" && plan["r"].inPlaceOf == nil)
    plan["r"].inPlaceOf = "a"
    plan["r"].storage = plan["a"].storage
    plan["r"].offset = plan["a"].offset
    let violations = PlanChecker.violations(in: plan, against: graph)
    #expect(violations.contains(.overwritesLive("r", of: "c")), "\(violations)")
  }

  /// The planner checks its plans itself; here they run as well.
  @Test(arguments: 0..<250)
  func `plans with slices run in one arena, every byte as without`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 3...18)
    (shape.concats, shape.splits) = (30, 15)
    shape.outputs = seed % 3 * 10
    shape.updates = seed % 2 * 8
    let graph = RandomGraph(seed: seed, shape: shape).graph
    for mode in InPlaceMode.allCases {
      let memory = MemoryModel(
        alignment: [1, 64, 128][seed % 3], inPlace: mode, io: IOPlacement.allCases[seed / 2 % 2],
        slices: true)
      let plan = try Planner(memory: memory).plan(graph, model: PlannedModel(path: "random"))
      var run = ArenaRun(plan, of: graph)
      #expect(run.faults().isEmpty)
      let file = try #require(plan.summary.baselines["fileOrder"])
      #expect(plan.summary.arenaBytes <= file.arenaBytes ?? 0)
    }
  }

  @Test func `a run in a broken arena is noticed`() throws {
    var plan = try Self.plan()
    plan["x"].offset = plan["a"].offset
    var run = ArenaRun(plan, of: try Self.graph())
    #expect(!run.faults().isEmpty)
  }

  @Test(arguments: LayoutChoice.names)
  func `every layout that can be asked for gives a right plan`(name: String) throws {
    let layout = try #require(LayoutChoice(name: name))
    for seed in 0..<10 {
      var shape = RandomGraph.Shape(nodes: 4...12)
      shape.concats = 20
      let graph = RandomGraph(seed: seed, shape: shape).graph
      let plan = try Planner(memory: MemoryModel(slices: true), layout: layout).plan(
        graph, model: PlannedModel(path: "random"))
      #expect(plan.options.layout == name)
      let pass = try #require(plan.passes.first { $0.name == "layout" })
      #expect(!pass.outcome.isEmpty)
    }
  }
}
