// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// The first run of a node, and what is known of what comes before and behind it.
struct RecomputeMoment {
  let node: Int
  /// The nodes that ran for the first time by then, the node itself among them.
  var hasRun: [Bool]
  /// The storages that are used behind it, as far as that counts.
  var isUsedLater: [Bool]
  /// The storages that are used behind what counts; `nil` where that is all until the end.
  var isUsedBeyond: [Bool]?
}

/// Moments that follow one another, at which bytes are short.
protocol RecomputeMoments {
  /// How many there are.
  var count: Int { get }
  /// Whether a moment comes before another one for sure.
  func isOrdered(_ first: Int, before second: Int) -> Bool
  /// A moment with what is used until another one, that one included, or until the end.
  func moment(_ index: Int, until end: Int?) -> RecomputeMoment
}

/// Moments of one order of first runs.
struct OrderedMoments: RecomputeMoments {
  private let order: [NodeID]
  private let model: LadderModel
  /// The position of each node.
  private let position: [Int]
  /// The positions of the moments.
  private let runs: [Int]

  /// - Parameter runs: Positions, in order.
  init(_ runs: [Int], of order: [NodeID], in model: LadderModel) {
    (self.runs, self.order, self.model) = (runs, order, model)
    var position = [Int](repeating: .max, count: model.nodeCount)
    for (run, node) in order.enumerated() { position[node.index] = run }
    self.position = position
  }

  var count: Int { runs.count }

  func isOrdered(_ first: Int, before second: Int) -> Bool { first < second }

  /// - Complexity: O(nodes + operands).
  func moment(_ index: Int, until end: Int?) -> RecomputeMoment {
    let run = runs[index]
    let last = end.map { runs[$0] } ?? order.count - 1
    var moment = RecomputeMoment(
      node: order[run].index, hasRun: position.map { $0 <= run },
      isUsedLater: end == nil ? model.isOutput : model.isOutput.map { _ in false },
      isUsedBeyond: end == nil ? nil : model.isOutput)
    for node in order[(run + 1)..<(max(run, last) + 1)] {
      for storage in model.reads[node.index] { moment.isUsedLater[storage] = true }
    }
    for node in order[(last + 1)...] {
      for storage in model.reads[node.index] { moment.isUsedBeyond?[storage] = true }
    }
    return moment
  }
}

/// Moments of all orders: what surely comes before and behind some nodes.
struct AncestralMoments: RecomputeMoments {
  private let nodes: [Int]
  private let ancestry: Ancestry
  private let model: LadderModel

  /// - Parameter nodes: Numbers of nodes, in order.
  init(_ nodes: [Int], _ ancestry: Ancestry, in model: LadderModel) {
    (self.nodes, self.ancestry, self.model) = (nodes, ancestry, model)
  }

  var count: Int { nodes.count }

  func isOrdered(_ first: Int, before second: Int) -> Bool {
    ancestry.below[nodes[first]].contains(nodes[second])
  }

  /// - Complexity: O(nodes + operands).
  func moment(_ index: Int, until end: Int?) -> RecomputeMoment {
    let node = nodes[index]
    var moment = RecomputeMoment(
      node: node, hasRun: [Bool](repeating: false, count: model.nodeCount),
      isUsedLater: end == nil ? model.isOutput : model.isOutput.map { _ in false },
      isUsedBeyond: end == nil ? nil : model.isOutput)
    ancestry.above[node].visit { moment.hasRun[$0] = true }
    moment.hasRun[node] = true
    var later = ancestry.below[node]
    if let end {
      var until = ancestry.above[nodes[end]]
      until.insert(nodes[end])
      later.formIntersection(until)
      ancestry.below[nodes[end]].visit {
        for storage in model.reads[$0] { moment.isUsedBeyond?[storage] = true }
      }
    }
    later.visit { for storage in model.reads[$0] { moment.isUsedLater[storage] = true } }
    return moment
  }
}
