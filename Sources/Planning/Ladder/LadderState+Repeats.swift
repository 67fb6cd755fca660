// SPDX-License-Identifier: Apache-2.0

import GraphIR

extension LadderState {
  /// A state in which certain nodes run again, and everything is kept for no longer than they and the
  /// runs need it.
  ///
  /// - Parameter actions: The runs of the order and recomputes between them, nothing else. What makes
  ///   only what is there anyway is left out.
  /// - Complexity: O(touches + recomputes · operands · log times).
  init(_ model: LadderModel, order: [NodeID], repeating actions: [LadderAction]) {
    self.init(model, order: order)
    var slot = 0
    var nodes: [Int] = []
    for action in actions {
      switch action {
      case .recompute(let node): nodes.append(node.index)
      case .run:
        repeatNodes(&nodes, at: slot)
        slot += 2
      case .spill, .fetch: break
      }
    }
    repeatNodes(&nodes, at: slot)
  }

  private mutating func repeatNodes(_ nodes: inout [Int], at slot: Int) {
    guard !nodes.isEmpty else { return }
    for node in nodes.sorted(by: { position[$0] < position[$1] }) {
      let wanted = Array(model.remakes[node]).filter { !isSettled($0, at: slot) }
      guard !wanted.isEmpty else { continue }
      for storage in model.rereads[node] {
        if segment(of: storage, at: slot) != nil {
          need(storage, at: slot)
        } else if let last = segments[storage].lastIndex(where: { $0.start <= slot }) {
          extend(storage, last, to: slot)
        }
      }
      for storage in wanted {
        if let gap = gapBefore(slot, of: storage) {
          cut(gap, source: .recompute)
        } else {
          insert(storage, at: slot, source: .recompute)
        }
      }
      count(node, at: slot)
    }
    refresh(at: slot)
    nodes.removeAll(keepingCapacity: true)
  }

  /// Whether a storage is in the arena at a slot for something that is there before the next node of
  /// the slot runs.
  private func isSettled(_ storage: Int, at slot: Int) -> Bool {
    guard let index = segment(of: storage, at: slot) else { return false }
    let segment = segments[storage][index]
    return segment.start == slot || slot < endTime && segment.needs.contains(slot)
      || (segment.needs.last { $0 < slot } ?? segment.start) + 1 >= slot
  }

  /// The gap that ends in a slot, of a storage that is there; behind all runs outputs are needed in the
  /// slot itself.
  private func gapBefore(_ slot: Int, of storage: Int) -> Gap? {
    guard let index = segment(of: storage, at: slot) else { return nil }
    let needs = segments[storage][index].needs
    guard let next = needs.first(where: { $0 > slot || $0 == endTime }) else { return nil }
    let before = needs.last { $0 < slot } ?? segments[storage][index].start
    return Gap(storage: storage, segment: index, before: before, next: next, slot: slot)
  }
}
