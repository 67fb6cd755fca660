// SPDX-License-Identifier: Apache-2.0

@testable import Planning

/// What may be kept, fetched and made again behind a moment: every set of nodes that could run again with
/// every set of storages that could be fetched.
struct MomentChoices {
  private(set) var fixedBytes: Int
  private(set) var all: [(bytes: Int, flops: Int)] = []

  init(
    _ moment: RecomputeMoment, _ model: LadderModel, _ costs: CostModel, _ means: LadderMeans
  ) {
    let touched = Set(model.reads[moment.node]).union(model.makes[moment.node])
    let nodes = (0..<model.nodeCount).filter { node in
      model.isRepeatable[node] && moment.hasRun[node]
        && model.spoilers[node].allSatisfy { !moment.hasRun[$0] }
    }
    func mayMake(_ storage: Int) -> Bool { nodes.contains(Int(model.remaker[storage])) }
    let needed = (0..<model.storageCount).filter { storage in
      model.isMovable[storage] && !touched.contains(storage) && moment.isUsedLater[storage]
        && (model.isInput[storage]
          || model.maker[storage] >= 0 && moment.hasRun[Int(model.maker[storage])])
    }
    let lost = needed.filter { means.copyFlops == nil && !mayMake($0) }
    fixedBytes =
      model.workspaces[moment.node] + touched.union(lost).reduce(0) { $0 + model.bytes[$1] }
    fixedBytes -= model.takenOverBytes(
      by: moment.node, isMade: { _ in true },
      isFree: { !moment.isUsedLater[$0] || means.copyFlops != nil || mayMake($0) })
    for set in 0..<(1 << nodes.count) {
      let again = nodes.indices.filter { (set >> $0) & 1 == 1 }.map { nodes[$0] }
      let made = Set(again.flatMap { Array(model.remakes[$0]) })
      let read = Set(again.flatMap { Array(model.rereads[$0]) })
      let rest = Set(needed).union(read).subtracting(touched).subtracting(lost)
        .subtracting(made).sorted()
      let operations = again.reduce(0) { $0 + costs.flops[$1] }
      for fetched in 0..<(means.copyFlops == nil ? 1 : 1 << rest.count) {
        var (bytes, flops) = (0, operations)
        for (place, storage) in rest.enumerated() {
          if let copies = means.copyFlops, (fetched >> place) & 1 == 1 {
            flops += 2 * copies[storage]
          } else {
            bytes += model.bytes[storage]
          }
        }
        all.append((bytes, flops))
      }
    }
  }

  /// A graph in which `a` has no room at two moments, `p` and `s`, and is read behind each.
  static let twice = """
    graph twice
    input x : float32[16]
    node a = Exp@13(x) -> a : float32[256]
    node p = Exp@13(x) -> p : float32[512]
    node q = Neg@13(p) -> q : float32[16]
    node r = Add@14(q, a) -> r : float32[16]
    node s = Exp@13(r) -> s : float32[512]
    node t = Neg@13(s) -> t : float32[16]
    node u = Add@14(t, a) -> u : float32[16] as output
    output u
    """
}
