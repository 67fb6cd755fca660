// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Dropouts that run again with the mask of their first run.
@Suite struct StoredMaskTests {
  /// `b` is large and read at both ends; its mask is small.
  static let text = """
    graph masked
    input x : float32[64]
    node a = Neg@13(x) -> a : float32[256]
    node b = Dropout@13(a) -> b : float32[256], m : bool[256]
    node c = Exp@13(b) -> c : float32[256]
    node d = Neg@13(c) -> d : float32[256]
    node s = Exp@13(d) -> s : float32[16]
    node e = Mul@14(b, s) -> e : float32[64]
    node f = Add@14(e, m) -> f : float32[64]
    output f
    """

  static func actions() -> [LadderAction] {
    let runs = (0..<7).map { LadderAction.run(NodeID($0)) }
    return runs[..<5] + [.recompute(NodeID(0)), .recompute(NodeID(1))] + runs[5...]
  }

  static func plan(_ change: (inout [LadderAction]) -> Void = { _ in }) throws -> (
    graph: Graph, plan: ExecutionPlan
  ) {
    let graph = try Graph(parsing: text)
    var actions = actions()
    change(&actions)
    return (graph, try LadderExample.plan(of: graph, actions))
  }

  @Test func `the mask is read and not made when a dropout runs again`() throws {
    let (graph, plan) = try Self.plan()
    #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
    #expect(plan.steps[6].kind == .recompute)
    #expect(plan.steps[6].inputs == ["a", "m"])
    #expect(plan.steps[6].outputs == ["b", ""])
    let mask = plan.residencies.filter { $0.storage == plan["m"].storage }
    #expect(mask.map { [$0.firstStep, $0.lastStep] } == [[1, 8]])
    #expect(plan.residencies.filter { $0.storage == plan["b"].storage }.count == 2)
    var run = LadderRun(plan, of: graph)
    #expect(run.faults() == [])
  }

  @Test func `a dropout that draws again is rejected`() throws {
    var (graph, plan) = try Self.plan()
    plan.steps[6].inputs = ["a"]
    plan.steps[6].outputs = ["b", "m"]
    let violations = PlanChecker.violations(in: plan, against: graph)
    #expect(violations.contains(.stepMismatch(step: 6, what: "list of inputs")))
    #expect(violations.contains(.stepMismatch(step: 6, what: "list of outputs")))
  }

  @Test func `a mask that is gone cannot be applied`() throws {
    var (graph, plan) = try Self.plan()
    plan.changeStay("m", "arena", first: 1) { $0.lastStep = 4 }
    #expect(
      PlanChecker.violations(in: plan, against: graph)
        .contains(.usedWhileAbsent(step: 6, tensor: "m")))
  }

  @Test(
    arguments: [
      ("Dropout@13(a) -> b : float32[256], m : bool[256]", true),
      ("com.microsoft::BitmaskDropout@1(a) -> b : float32[256], m : uint32[8]", true),
      ("pkg.aten::native_dropout@1(a) -> b : float32[256], m : bool[256]", true),
      ("RandomNormalLike@1(a) -> b : float32[256], m : bool[256]", false),
      ("own::Dropout@1(a) -> b : float32[256], m : bool[256]", false),
    ])
  func `only dropouts that are known leave a mask`(node: String, isRepeatable: Bool) throws {
    let graph = try Graph(
      parsing: Self.text.replacing("Dropout@13(a) -> b : float32[256], m : bool[256]", with: node))
    #expect(Repeatability(of: graph).isRepeatable[1] == isRepeatable)
    let model = LadderModel(of: SchedulingProblem(graph), streamsResidents: false)
    let mask = StorageMap(of: graph, model: MemoryModel()).storageOfTensor[
      graph.tensorIDs.first { graph.name(of: $0) == "m" }?.index ?? 0]
    #expect(model.remaker[mask.index] == -1)
    #expect(model.rereads[1].contains(mask.index) == isRepeatable)
  }

  /// Whether the search is over all orders or the greedy ladder's.
  @Test(arguments: [false, true])
  func `planners run dropouts again where that is what fits`(isLong: Bool) throws {
    // Long, the graph is too large for the search over all orders.
    let tail = (0..<4).map {
      "node t\($0) = Neg@13(\($0 == 0 ? "s" : "u\($0 - 1)")) -> u\($0) : float32[16]"
    }
    let text =
      isLong
      ? Self.text.replacing(
        "node e = Mul@14(b, s)", with: tail.joined(separator: "\n") + "\nnode e = Mul@14(b, u3)")
      : Self.text
    let graph = try Graph(parsing: text)
    var planner = Planner()
    let plain = try planner.plan(graph, model: PlannedModel(path: "m"))
    (planner.recompute, planner.spill) = (.on, .off)
    planner.budget = ByteCount(plain.summary.totalBytes - 256)
    let plan = try planner.plan(graph, model: PlannedModel(path: "m"))
    #expect(plan.summary.fits == true)
    #expect(plan.steps.contains { $0.kind == .recompute && $0.node == "b" })
    #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
    var run = LadderRun(plan, of: graph)
    #expect(run.faults() == [])
  }
}
