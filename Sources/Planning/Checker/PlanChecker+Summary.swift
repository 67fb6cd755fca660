// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Sums, verdicts and the witness: every figure follows from what the earlier stages have checked.
extension PlanChecker {
  mutating func checkSums() {
    func expect(_ what: String, _ planned: Int, _ expected: Int) {
      if planned != expected { report(.wrongSum(what: what, planned: planned, expected: expected)) }
    }
    let blocks = blocks()
    var change = [Int](repeating: 0, count: lastStep + 2)
    for block in blocks {
      change[block.steps.lowerBound] += block.size
      change[block.steps.upperBound + 1] -= block.size
    }
    var live = 0
    var peak = (bytes: 0, step: 0)
    for step in 0...lastStep {
      live += change[step]
      if live > peak.bytes { peak = (live, step) }
      if step < plan.steps.count {
        expect("liveBytes of step \(step)", plan.steps[step].liveBytes, live)
      }
    }
    let summary = plan.summary
    expect("peakBytes", summary.peakBytes, peak.bytes)
    expect("peakStep", summary.peakStep, peak.step)
    expect("arenaBytes", summary.arenaBytes, blocks.map(\.end).max() ?? 0)
    var outside: [String: Int] = [:]
    for (_, root) in rootOfStorage {
      outside[entry(root).space, default: 0] += rounded(entry(root).bytes)
    }
    expect("residentBytes", summary.residentBytes, outside[MemorySpace.resident.rawValue] ?? 0)
    expect("externalBytes", summary.externalBytes, outside[MemorySpace.external.rawValue] ?? 0)
    expect("totalBytes", summary.totalBytes, summary.residentBytes + summary.arenaBytes)
  }

  mutating func checkVerdicts() {
    let summary = plan.summary
    func isRatio(_ value: Double, _ a: Int, _ b: Int) -> Bool {
      let expected = b == 0 ? 0 : Double(a) / Double(b) - 1
      return abs(value - expected) <= 1e-9 * max(1, expected.magnitude)
    }
    if summary.budgetBytes != plan.options.budgetBytes
      || summary.fits != summary.budgetBytes.map({ summary.totalBytes <= $0 })
    {
      report(.wrongVerdict(what: "whether the plan fits the budget"))
    }
    if summary.lowerBoundBytes > summary.peakBytes {
      report(.wrongVerdict(what: "a lower bound above the peak"))
    }
    if !isRatio(summary.orderGap, summary.peakBytes, summary.lowerBoundBytes) {
      report(.wrongVerdict(what: "orderGap"))
    }
    if !isRatio(summary.fragmentation, summary.arenaBytes, summary.peakBytes) {
      report(.wrongVerdict(what: "fragmentation"))
    }
    if summary.provenOptimal != (summary.arenaBytes == summary.lowerBoundBytes) {
      report(.wrongVerdict(what: "provenOptimal"))
    }
    for name in summary.baselines.keys.sorted() {
      guard let baseline = summary.baselines[name] else { continue }
      if baseline.peakBytes < summary.lowerBoundBytes || baseline.arenaBytes < baseline.peakBytes
        || (plan.options.order == "auto" && baseline.arenaBytes < summary.arenaBytes)
      {
        report(.wrongVerdict(what: "baseline \(name)"))
      }
    }
  }

  /// The witness adds up, and each of its storages is live there in *every* order.
  mutating func checkWitness() {
    let witness = plan.witness
    func broken(_ what: String) { report(.brokenWitness(what: what)) }
    guard witness.boundBytes == plan.summary.lowerBoundBytes else {
      return broken("its bound is not the plan's")
    }
    var families: Set<Int> = []
    var total = 0
    let known = Dictionary(
      uniqueKeysWithValues: graph.tensorIDs.map { (graph.name(of: $0), $0.index) })
    for item in witness.tensors {
      guard let tensor = known[item.name] else { return broken("no tensor is '\(item.name)'") }
      let root = family[tensor]
      guard families.insert(root).inserted else { return broken("'\(item.name)' is in it twice") }
      guard entry(root).space == MemorySpace.arena.rawValue else {
        return broken("'\(item.name)' is not in the arena")
      }
      guard item.bytes == rounded(graph[TensorID(root)].bytes.value) else {
        return broken("the size of '\(item.name)'")
      }
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

  /// The families that have a marked member.
  private func families(_ isMarked: [Bool]) -> Set<Int> {
    Set(family.indices.filter { isMarked[$0] }.map { family[$0] })
  }

  /// Each family has a toucher that always runs before the node or is it, and one after or it; and
  /// no two of them could share bytes by a takeover at the node.
  private mutating func checkForced(_ families: Set<Int>, at node: NodeID) {
    let before = reachable(from: node, upstream: true)
    let after = reachable(from: node, upstream: false)
    var isEarly = Set<Int>()
    var isLate = Set<Int>()
    for other in graph.nodeIDs where before[other.index] || after[other.index] {
      for tensor in Array(graph.inputs(of: other)) + Array(graph.outputs(of: other))
      where !tensor.isAbsent {
        if before[other.index] { isEarly.insert(family[tensor.index]) }
        if after[other.index] { isLate.insert(family[tensor.index]) }
      }
    }
    let (inputs, outputs) = (self.families(isInput), self.families(isOutput))
    isEarly.formUnion(inputs)
    isLate.formUnion(outputs)
    for root in families.sorted() where !isEarly.contains(root) || !isLate.contains(root) {
      report(.brokenWitness(what: "'\(name(root))' need not be live there"))
    }
    for effect in graph.effects(of: node)
    where effect.kind == .mayOverwrite && effect.holds(in: mode) {
      let (output, input) = graph.operands(of: effect, at: node)
      let (made, taken) = (family[output.index], family[input.index])
      guard made != taken, families.contains(made), families.contains(taken) else { continue }
      let isPossible =
        made == output.index && !inputs.contains(taken) && !outputs.contains(taken)
        && graph[output].bytes == graph[input].bytes
        && graph[input].bytes == graph[TensorID(taken)].bytes
      if isPossible {
        report(
          .brokenWitness(what: "'\(name(made))' may take over the bytes of '\(name(taken))'"))
      }
    }
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
