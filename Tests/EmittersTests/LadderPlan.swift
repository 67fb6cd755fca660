// SPDX-License-Identifier: Apache-2.0
import GraphIR
import MemoryLayout
import Ordering

@testable import Planning

/// A plan that spills `a`, fetches it elsewhere, and makes `b` again.
enum LadderPlan {
  static func plan() throws -> ExecutionPlan {
    let graph = try Graph(
      parsing: """
        graph ladder
        input x : float32[64]
        weight w : float32[64]
        node a = Mul@14(x, w) -> a : float32[256]
        node b = Exp@13(a) -> b : float32[256]
        node c = Neg@13(b) -> c : float32[128]
        node d = Add@14(c, a) -> d : float32[256]
        node e = Sub@14(d, b) -> e : float32[64] as output
        output e
        """)
    let memory = MemoryModel()
    let problem = SchedulingProblem(graph, model: memory)
    let map = problem.storages
    let a = map.storageOfTensor[graph.tensorIDs.first { graph.name(of: $0) == "a" }?.index ?? 0]
    let actions: [LadderAction] = [
      .run(NodeID(0)), .run(NodeID(1)), .spill(a), .run(NodeID(2)), .fetch(a), .run(NodeID(3)),
      .recompute(NodeID(1)), .run(NodeID(4)),
    ]
    let model = LadderModel(of: problem, streamsResidents: false)
    let residencies = try Residencies(of: actions, in: model)
    let arrangement = try LadderArrangement(of: actions, residencies, in: model, layout: .auto)
    let options = PlanOptions(
      alignment: memory.alignment, inplace: memory.inPlace.rawValue, io: memory.io.rawValue,
      order: "auto", layout: "auto", slices: false, budgetBytes: nil,
      recompute: LadderChoice.auto.rawValue, spill: SpillChoice.auto.rawValue)
    var plan = LadderAssembly(
      problem: problem, model: model, arrangement: arrangement, costs: CostModel(of: graph)
    ).plan(model: PlannedModel(path: "ladder.onnx"), options: options)
    plan.setProof(of: WorkingSetBound.bound(of: problem), in: problem)
    return plan
  }
}
