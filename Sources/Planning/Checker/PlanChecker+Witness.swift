// SPDX-License-Identifier: Apache-2.0

import GraphIR

// The proof: the witness adds up to the bound, and each of its storages is live there in *every*
// order.
extension PlanChecker {
  mutating func checkWitness() {
    let witness = plan.witness
    func broken(_ what: String) { report(.brokenWitness(what: what)) }
    guard witness.boundBytes == plan.summary.lowerBoundBytes else {
      return broken("its bound is not the plan's")
    }
    var families: Set<Int> = []
    var total = 0
    let known = tensorsByName()
    for item in witness.tensors {
      guard let tensor = known[ExactName(item.name)] else {
        return broken("no tensor is '\(item.name)'")
      }
      let root = family[tensor]
      guard families.insert(root).inserted else { return broken("'\(item.name)' is in it twice") }
      guard isInArena(root) else { return broken("'\(item.name)' is not in the arena") }
      guard item.bytes == size(root) else { return broken("the size of '\(item.name)'") }
      total += item.bytes
    }
    if let step = witness.step {
      guard plan.steps.indices.contains(step), witness.node == plan.steps[step].node else {
        return broken("its node is not the one of its step")
      }
      total += plan.steps[step].workspaceBytes
      checkForced(families, at: NodeID(plan.steps[step].fileIndex))
    } else {
      guard
        families.isSubset(of: self.families(isInput))
          || families.isSubset(of: self.families(isOutput))
      else { return broken("without a node it must be inputs or outputs only") }
    }
    if total != witness.boundBytes { broken("its sizes do not add up to its bound") }
  }

  private func isInArena(_ root: Int) -> Bool { entry(root).space == MemorySpace.arena.rawValue }

  private func size(_ root: Int) -> Int { rounded(graph[TensorID(root)].bytes.value) }

  /// The families that have a marked member.
  private func families(_ isMarked: [Bool]) -> Set<Int> {
    Set(family.indices.filter { isMarked[$0] }.map { family[$0] })
  }

  /// Each family has a toucher that always runs before the node or is it, and one after it or it;
  /// and whatever takeovers happen at the node, that many bytes are left.
  private mutating func checkForced(_ families: Set<Int>, at node: NodeID) {
    let before = reachable(from: node, upstream: true)
    let after = reachable(from: node, upstream: false)
    let (inputs, outputs) = (self.families(isInput), self.families(isOutput))
    var (early, late) = (inputs, outputs)
    for other in graph.nodeIDs where before[other.index] || after[other.index] {
      for root in touched(by: other) {
        if before[other.index] { early.insert(root) }
        if after[other.index] { late.insert(root) }
      }
    }
    for root in families.sorted() where !early.contains(root) || !late.contains(root) {
      report(.brokenWitness(what: "'\(name(root))' need not be live there"))
    }
    // All that the node touches is live as well, less what one of its results may take over from
    // one of its operands: the most such pairs, each storage in one of them.
    let live = families.union(touched(by: node).filter(isInArena))
    let least = live.reduce(rounded(graph[node].workspace.value)) {
      $0 + size($1)
    }
    let saved = mostSaved(by: possibleTakeovers(at: node, kept: inputs.union(outputs)))
    if plan.witness.boundBytes > least - saved {
      report(.brokenWitness(what: "takeovers at its node may save more than it allows for"))
    }
  }

  private func touched(by node: NodeID) -> [Int] {
    (Array(graph.inputs(of: node)) + Array(graph.outputs(of: node)))
      .filter { !$0.isAbsent }.map { family[$0.index] }
  }

  /// For each fresh result of a node the operands' families that it may overwrite in some order.
  private func possibleTakeovers(at node: NodeID, kept: Set<Int>) -> [Int: [Int]] {
    var takeovers: [Int: [Int]] = [:]
    for effect in graph.effects(of: node)
    where effect.kind == .mayOverwrite && effect.holds(in: mode) {
      let (output, input) = graph.operands(of: effect, at: node)
      let (made, taken) = (family[output.index], family[input.index])
      guard made == output.index, made != taken, isInArena(made), isInArena(taken),
        !kept.contains(taken), graph[output].bytes == graph[input].bytes,
        graph[input].bytes == graph[TensorID(taken)].bytes,
        // Read through a second view, the old bytes are needed while they would be overwritten.
        graph.inputs(of: node).allSatisfy({
          $0.isAbsent || $0 == input || family[$0.index] != taken
        }),
        // ONNX Runtime gives every graph output bytes of its own.
        mode != .ort || !isOutput[output.index]
      else { continue }
      takeovers[made, default: []].append(taken)
    }
    return takeovers
  }

  /// The bytes of a largest matching. Both sides of a pair are equally large, so the most pairs save
  /// the most bytes; found by augmenting paths.
  private func mostSaved(by takeovers: [Int: [Int]]) -> Int {
    var taker: [Int: Int] = [:]
    func augment(_ made: Int, _ visited: inout Set<Int>) -> Bool {
      for taken in takeovers[made] ?? [] where visited.insert(taken).inserted {
        if let other = taker[taken], !augment(other, &visited) { continue }
        taker[taken] = made
        return true
      }
      return false
    }
    var saved = 0
    for made in takeovers.keys.sorted() {
      var visited: Set<Int> = []
      if augment(made, &visited) { saved += size(made) }
    }
    return saved
  }

  /// The nodes that must run before `start` or after it, itself included, by data alone.
  private func reachable(from start: NodeID, upstream: Bool) -> [Bool] {
    var readers: [[Int]] = []
    if !upstream {
      readers = Array(repeating: [], count: graph.tensors.count)
      for node in graph.nodeIDs {
        for tensor in graph.inputs(of: node) where !tensor.isAbsent {
          readers[tensor.index].append(node.index)
        }
      }
    }
    var isReached = [Bool](repeating: false, count: graph.nodes.count)
    isReached[start.index] = true
    var open = [start.index]
    while let node = open.popLast() {
      let next: [Int] =
        upstream
        ? graph.inputs(of: NodeID(node)).compactMap {
          $0.isAbsent ? nil : graph[$0].producer?.index
        }
        : graph.outputs(of: NodeID(node)).flatMap { $0.isAbsent ? [] : readers[$0.index] }
      for other in next where !isReached[other] {
        isReached[other] = true
        open.append(other)
      }
    }
    return isReached
  }
}
