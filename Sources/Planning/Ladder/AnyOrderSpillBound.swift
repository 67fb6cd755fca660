// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What no schedule in which every node runs once moves less than, whatever its order.
///
/// While a node runs, all that its ancestors made and its descendants read exists. What of it is not in
/// the arena was spilled before and is fetched behind; so where it does not fit beside what the node
/// itself needs, bytes are moved twice: at least cheapest first with the last storage by a fraction, and at
/// least as many storages as the largest ones need to give the room. Nodes with no storage in common
/// pay each for itself: taken dearest first, what an earlier one may have put away already counts as
/// gone. Nodes that run again may undercut the bound.
struct AnyOrderSpillBound {
  /// The bound, compulsory accesses included, in bytes.
  let bytes: Int

  /// The most nodes for which ancestors are looked at; for more the bound is what is compulsory.
  private static let nodeLimit = 12_000

  /// - Complexity: O(nodes · edges / 64 + nodes · storages · log storages).
  init(_ model: LadderModel, _ dependencies: Dependencies, budget: Int) {
    let count = model.nodeCount
    var readers = [[Int]](repeating: [], count: model.storageCount)
    for node in 0..<count {
      for storage in model.reads[node] { readers[storage].append(node) }
    }
    let compulsory = model.compulsoryBytes
    guard count > 0, count <= Self.nodeLimit else {
      bytes = compulsory
      return
    }
    let ancestry = Ancestry(dependencies, nodes: count)
    // Who must exist while which nodes run, cheapest to move first.
    var forced: [(rate: Double, storage: Int, nodes: NodeBits)] = []
    for storage in 0..<model.storageCount
    where model.isMovable[storage] && model.bytes[storage] > 0 {
      let maker = Int(model.maker[storage])
      var nodes = NodeBits(count)
      if model.isOutput[storage] {
        nodes.fill()
      } else {
        for reader in readers[storage] { nodes.formUnion(ancestry.above[reader]) }
      }
      if model.isStreamed[storage] {
        // Away between two uses it is fetched once more than it must be.
        var later = NodeBits(count)
        for reader in readers[storage] { later.formUnion(ancestry.below[reader]) }
        nodes.formIntersection(later)
      } else if maker >= 0 {
        nodes.formIntersection(ancestry.below[maker])
      }
      for reader in readers[storage] { nodes.remove(reader) }
      if maker >= 0 { nodes.remove(maker) }
      let moves = model.isStreamed[storage] ? 1 : 2
      let rate = Double(moves * model.copiedBytes[storage]) / Double(model.bytes[storage])
      forced.append((rate, storage, nodes))
    }
    forced.sort { ($0.rate, $0.storage) < ($1.rate, $1.storage) }
    var rows = [[Int32]](repeating: [], count: count)
    var rest = (0..<count).map { Self.need(of: $0, model) - budget }
    for (index, entry) in forced.enumerated() {
      entry.nodes.visit { node in
        rest[node] += model.bytes[entry.storage]
        rows[node].append(Int32(index))
      }
    }
    var isUsed = [Bool](repeating: false, count: forced.count)
    func moved(by node: Int) -> Int {
      var missing = rest[node]
      var candidates: [(rate: Double, bytes: Int)] = []
      for index in rows[node].lazy.map({ Int($0) }) {
        let bytes = model.bytes[forced[index].storage]
        if isUsed[index] {
          missing -= bytes
        } else {
          candidates.append((forced[index].rate, bytes))
        }
      }
      return Self.least(candidates, covering: missing)
    }
    let single = (0..<count).map { rest[$0] > 0 ? moved(by: $0) : 0 }
    var total = 0
    let ranked = (0..<count).filter { single[$0] > 0 }.sorted {
      (single[$1], $0) < (single[$0], $1)
    }
    for node in ranked {
      let more = moved(by: node)
      guard more > 0 else { continue }
      total += more
      for index in rows[node] { isUsed[Int(index)] = true }
    }
    bytes = compulsory + total
  }

  /// What must be moved to cover bytes by candidates, cheapest rate first.
  private static func least(_ candidates: [(rate: Double, bytes: Int)], covering missing: Int)
    -> Int
  {
    guard missing > 0 else { return 0 }
    var (rest, fraction) = (missing, 0.0)
    for (rate, bytes) in candidates where rest > 0 {
      fraction += rate * Double(min(rest, bytes))
      rest -= bytes
    }
    rest = missing
    var number = 0
    for bytes in candidates.map(\.bytes).sorted(by: >) where rest > 0 {
      rest -= bytes
      number += 1
    }
    let costs = candidates.map { $0.rate * Double($0.bytes) }.sorted()
    let several = costs.prefix(number).reduce(0, +)
    return Int((max(fraction, several) - 0.5).rounded(.up))
  }

  /// What a node needs at least, if each result that may be written over an operand is.
  private static func need(of node: Int, _ model: LadderModel) -> Int {
    var sum = model.workspaces[node]
    for storage in model.reads[node] { sum += model.bytes[storage] }
    let over = Set(model.takeovers[node].map(\.output.index))
    for storage in model.makes[node] where !over.contains(storage) { sum += model.bytes[storage] }
    return sum
  }
}
