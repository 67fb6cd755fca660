// SPDX-License-Identifier: Apache-2.0
import GraphIR
import MemoryLayout
import Ordering
import TestSupport

@testable import Planning

/// A graph and actions small enough to follow by hand: `a` is spilled and fetched, `b` is made again.
///
/// | step | action | in the arena |
/// |---|---|---|
/// | 0 | run a       | x, a |
/// | 1 | run b       | a, b |
/// | 2 | spill a     | a, b |
/// | 3 | run c       | b, c |
/// | 4 | fetch a     | c, a |
/// | 5 | run d       | c, a, d |
/// | 6 | recompute b | a, d, b |
/// | 7 | run e       | d, b, e |
enum LadderExample {
  static let text = """
    graph ladder
    input x : float32[64]
    weight w : float32[64]
    node a = Mul@14(x, w) -> a : float32[256]
    node b = Exp@13(a) -> b : float32[256]
    node c = Neg@13(b) -> c : float32[128]
    node d = Add@14(c, a) -> d : float32[256]
    node e = Sub@14(d, b) -> e : float32[64] as output
    output e
    """

  static func actions(of graph: Graph) -> [LadderAction] {
    let map = StorageMap(of: graph, model: MemoryModel())
    func storage(_ name: String) -> StorageID {
      map.storageOfTensor[graph.tensorIDs.first { graph.name(of: $0) == name }?.index ?? 0]
    }
    func node(_ index: Int) -> NodeID { NodeID(index) }
    return [
      .run(node(0)), .run(node(1)), .spill(storage("a")), .run(node(2)), .fetch(storage("a")),
      .run(node(3)), .recompute(node(1)), .run(node(4)),
    ]
  }

  static func plan() throws -> ExecutionPlan {
    let graph = try Graph(parsing: text)
    return try plan(of: graph, actions(of: graph))
  }

  /// The plan of actions, without a search for better ones.
  static func plan(
    of graph: Graph, _ actions: [LadderAction], memory: MemoryModel = MemoryModel(),
    spill: SpillChoice = .auto
  ) throws -> ExecutionPlan {
    let problem = SchedulingProblem(graph, model: memory)
    let model = LadderModel(of: problem, streamsResidents: spill == .weights)
    let residencies = try Residencies(of: actions, in: model)
    let arrangement = try LadderArrangement(of: actions, residencies, in: model, layout: .auto)
    let options = PlanOptions(
      alignment: memory.alignment, inplace: memory.inPlace.rawValue, io: memory.io.rawValue,
      order: "auto", layout: "auto", slices: false, budgetBytes: nil,
      recompute: LadderChoice.auto.rawValue, spill: spill.rawValue)
    var plan = LadderAssembly(
      problem: problem, model: model, arrangement: arrangement, costs: CostModel(of: graph)
    ).plan(model: PlannedModel(path: "ladder"), options: options)
    plan.setProof(of: WorkingSetBound.bound(of: problem), in: problem)
    return plan
  }

  /// Actions that can be executed: the order of the file, with storages spilled, fetched and made
  /// again at random.
  static func randomActions(of graph: Graph, _ model: LadderModel, seed: Int) -> [LadderAction] {
    var random = SeededGenerator(seed: seed)
    var actions: [LadderAction] = []
    var isInSecond = model.isStreamed
    var isInArena = model.isInput
    var ran = [Bool](repeating: false, count: model.nodeCount)
    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    for node in graph.nodeIDs {
      for storage in model.reads[node.index] {
        if model.isStreamed[storage] {
          if !isInArena[storage] || chance(50) {
            actions.append(.fetch(StorageID(storage)))
            isInArena[storage] = true
          }
        } else if isInSecond[storage], chance(40) {
          actions.append(.fetch(StorageID(storage)))
        } else if model.maker[storage] >= 0, chance(40) {
          let maker = Int(model.maker[storage])
          let isFresh = model.spoilers[maker].allSatisfy { !ran[$0] }
          if model.isRepeatable[maker], isFresh, model.reads[maker].allSatisfy({ isInArena[$0] }) {
            actions.append(.recompute(NodeID(maker)))
          }
        }
      }
      actions.append(.run(node))
      ran[node.index] = true
      for storage in model.makes[node.index] { isInArena[storage] = true }
      for storage in model.updates[node.index] {
        // What is there from before the update is of no use any more.
        isInSecond[storage] = model.isStreamed[storage]
        if model.isStreamed[storage] { actions.append(.spill(StorageID(storage))) }
      }
      for storage in 0..<model.storageCount
      where isInArena[storage] && !isInSecond[storage] && chance(10) {
        actions.append(.spill(StorageID(storage)))
        isInSecond[storage] = true
      }
    }
    return actions
  }
}
