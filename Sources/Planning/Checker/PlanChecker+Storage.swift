// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Which tensors share bytes, whether the graph lets them, and whether nothing needed is overwritten.
extension PlanChecker {
  /// Every shared byte is allowed by an effect, and every demanded one is shared.
  mutating func checkSharing() {
    family = Array(0..<graph.tensors.count)
    rootOfStorage = [:]
    for tensor in graph.tensorIDs where graph[tensor].producer == nil {
      if entry(tensor.index).aliasOf != nil || entry(tensor.index).inPlaceOf != nil {
        report(.illegalAlias(graph.name(of: tensor), of: ""))
      }
      claimRoot(tensor.index)
    }
    // The producers in file order, so that what a view is of has its family already.
    for node in graph.nodeIDs {
      for (position, tensor) in graph.outputs(of: node).enumerated() where !tensor.isAbsent {
        checkSharing(of: tensor.index, at: node, output: position)
      }
    }
    if violations.isEmpty { checkTakeovers() }
  }

  private mutating func claimRoot(_ tensor: Int) {
    let storage = entry(tensor).storage
    if let other = rootOfStorage.updateValue(tensor, forKey: storage) {
      report(.illegalAlias(name(tensor), of: name(other)))
    }
  }

  private mutating func checkSharing(of tensor: Int, at node: NodeID, output: Int) {
    let entry = entry(tensor)
    let graph = graph
    let inputs = graph.inputs(of: node)
    let effects = graph.effects(of: node).filter { Int($0.output) == output }
    func source(_ effect: Effect) -> Int {
      inputs[inputs.startIndex + Int(effect.input)].index
    }
    /// The input that an effect of this kind lets the output share, if it is the one claimed.
    let mode = mode
    func source(of claim: String, as kind: Effect.Kind) -> Int? {
      effects.filter { $0.kind == kind && $0.holds(in: mode) }.map(source)
        .first { graph.hasName(claim, TensorID($0)) }
    }
    // What the graph demands comes first: at most one effect per output does.
    if let demand = effects.first(where: { $0.kind == .alias || $0.kind == .mustOverwrite }) {
      let input = source(demand)
      let claim = demand.kind == .alias ? entry.aliasOf : entry.inPlaceOf
      let other = demand.kind == .alias ? entry.inPlaceOf : entry.aliasOf
      guard let claim, graph.hasName(claim, TensorID(input)), other == nil,
        entry.storage == self.entry(input).storage
      else {
        report(.illegalAlias(name(tensor), of: name(input)))
        return
      }
      family[tensor] = family[input]
      return
    }
    switch (entry.aliasOf, entry.inPlaceOf) {
    case (nil, nil): claimRoot(tensor)
    case (let claim?, nil):
      guard let input = source(of: claim, as: .mayAlias),
        entry.storage == self.entry(input).storage
      else { return report(.illegalAlias(name(tensor), of: claim)) }
      family[tensor] = family[input]
    case (nil, let claim?):
      guard let input = source(of: claim, as: .mayOverwrite),
        entry.storage == self.entry(input).storage
      else { return report(.illegalAlias(name(tensor), of: claim)) }
    case (let claim?, _?): report(.illegalAlias(name(tensor), of: claim))
    }
  }

  /// A tensor takes over bytes only where everything that used them before is done: the members of
  /// each storage by time of making, with the latest use of all older ones.
  private mutating func checkTakeovers() {
    // Only those in which something is taken over have more to them than their root.
    var isOfInterest: Set<Int> = []
    for tensor in 0..<graph.tensors.count {
      let storage = entry(tensor).storage
      guard let root = rootOfStorage[storage], !isTakeover(tensor, root: root) else {
        isOfInterest.insert(storage)
        continue
      }
    }
    guard !isOfInterest.isEmpty else { return }
    var members: [Int: [Int]] = [:]
    for tensor in 0..<graph.tensors.count where isOfInterest.contains(entry(tensor).storage) {
      members[entry(tensor).storage, default: []].append(tensor)
    }
    for storage in members.keys.sorted() {
      guard let tensors = members[storage], let root = rootOfStorage[storage] else {
        let tensor = members[storage]?.first ?? 0
        report(.illegalAlias(name(tensor), of: "nothing"))
        continue
      }
      if isLadder {
        // Where stays are listed, they say what takes over what.
        for tensor in tensors where isTakeover(tensor, root: root) {
          report(.illegalAlias(name(tensor), of: name(root)))
        }
        continue
      }
      // Alone in its family means: made by a takeover, not by a view or a demanded update.
      guard tensors.contains(where: { isTakeover($0, root: root) }) else { continue }
      let byTime = tensors.sorted { (madeAt[$0], $0) < (madeAt[$1], $1) }
      var older = (lastUse: -1, user: root, lasts: false)
      var index = 0
      while index < byTime.count {
        let time = madeAt[byTime[index]]
        let group = byTime[index...].prefix { madeAt[$0] == time }
        for tensor in group where isTakeover(tensor, root: root) {
          checkTakeover(of: tensor, root: root, older: older, isAlone: group.count == 1)
        }
        for tensor in group {
          if lastUse[tensor] > older.lastUse { older = (lastUse[tensor], tensor, older.lasts) }
          // What came from outside or is a result may not be overwritten at any time.
          if isInput[tensor] || isOutput[tensor] { older.lasts = true }
        }
        index += group.count
      }
    }
  }

  private func isTakeover(_ tensor: Int, root: Int) -> Bool {
    tensor != root && family[tensor] == tensor
  }

  private mutating func checkTakeover(
    of tensor: Int, root: Int, older: (lastUse: Int, user: Int, lasts: Bool), isAlone: Bool
  ) {
    guard let claim = entry(tensor).inPlaceOf, let producer = graph[TensorID(tensor)].producer
    else { return report(.illegalAlias(name(tensor), of: name(root))) }
    let storage = entry(tensor).storage
    let inputs = graph.inputs(of: producer).filter {
      !$0.isAbsent && entry($0.index).storage == storage
    }
    guard let input = inputs.first(where: { graph.hasName(claim, $0) }) else {
      return report(.illegalAlias(name(tensor), of: claim))
    }
    let isSourceResident = graph[TensorID(root)].role.isResident
    let rootBytes = graph[TensorID(root)].bytes.value
    guard older.lastUse <= madeAt[tensor], !older.lasts, !isSourceResident, isAlone,
      // Reading the old bytes through a second view while they are overwritten is no takeover.
      Set(inputs).count == 1
    else { return report(.overwritesLive(name(tensor), of: name(older.user))) }
    // The output's elements lie where the input's do only if both fill the storage alike.
    let (made, read) = (graph[TensorID(tensor)], graph[input])
    guard read.bytes.value == rootBytes, made.bytes == read.bytes,
      made.elementType.bits == read.elementType.bits
    else { return report(.illegalAlias(name(tensor), of: claim)) }
  }

  /// Around every demanded update, each toucher of the family keeps its side in file order: over
  /// the touchers by file position, all steps before a writer are earlier, all behind it later.
  mutating func checkUpdates() {
    var writersOfFamily: [Int: Set<Int>] = [:]
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        let (output, _) = graph.operands(of: effect, at: node)
        writersOfFamily[family[output.index], default: []].insert(node.index)
      }
    }
    guard !writersOfFamily.isEmpty else { return }
    var touchers: [Int: [Int]] = [:]
    for node in graph.nodeIDs {
      for tensor in Array(graph.inputs(of: node)) + Array(graph.outputs(of: node))
      where !tensor.isAbsent {
        let root = family[tensor.index]
        if writersOfFamily[root] != nil, touchers[root]?.last != node.index {
          touchers[root, default: []].append(node.index)
        }
      }
    }
    for root in writersOfFamily.keys.sorted() {
      guard let nodes = touchers[root], let writers = writersOfFamily[root] else { continue }
      let steps = nodes.map { stepOfNode[$0] }
      var latest = -1
      for (index, step) in steps.enumerated() {
        if writers.contains(nodes[index]), latest > step {
          report(.overwrittenBeforeRead(step: latest, writer: step, tensor: name(root)))
        }
        latest = max(latest, step)
      }
      var earliest = Int.max
      for index in steps.indices.reversed() {
        if writers.contains(nodes[index]), earliest < steps[index] {
          report(
            .overwrittenBeforeRead(step: earliest, writer: steps[index], tensor: name(root)))
        }
        earliest = min(earliest, steps[index])
      }
    }
  }
}
