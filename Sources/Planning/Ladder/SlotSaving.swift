// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Nodes that run again in one slot run one behind the other, by their position in the order: what one of
// them makes is not there before, and what another reads for the last time is gone behind. Loads count
// all of it together; this is how much less the most that is there at once is.
extension LadderState {
  /// A storage that nodes of a slot read or make.
  private struct Guest {
    var bytes: Int
    /// The first node at which it is there.
    var first = 0
    /// The last one.
    var last = -1
    /// Whether a node of the slot makes it.
    var isMade = false
    /// Whether it is there until the end of the slot, whoever reads it.
    var isKept = true
  }

  /// Which storages a slot's nodes have met, by storage; holds nothing between two calls.
  final class Scratch {
    fileprivate var call = 0
    fileprivate var seen: [Int]
    fileprivate var guest: [Int]
    /// What a chain does to storages that it touches.
    fileprivate var marked: [Int]
    fileprivate var mark: [Mark]

    init(storages: Int) {
      seen = [Int](repeating: 0, count: storages)
      guest = seen
      marked = seen
      mark = [Mark](repeating: .none, count: storages)
    }
  }

  fileprivate enum Mark {
    case none
    /// Made in the slot and there for longer.
    case comes
    /// Made in the slot for the slot.
    case passes
    /// There before, and for the last time.
    case ends
    /// There before and until the end of the slot.
    case stays
  }

  /// How much less than all together is in the arena at once in a slot.
  ///
  /// - Parameter chain: What is to run there, too; `nil` for what runs there as it is.
  /// - Complexity: O(n · log n + operands) for n nodes in the slot.
  func saving(at slot: Int, adding chain: LadderChain? = nil) -> Int {
    var nodes = repeats[slot / 2]
    if let chain {
      let known = Set(nodes)
      nodes += chain.nodes.lazy.map { Int32($0) }.filter { !known.contains($0) }
      nodes.sort { position[Int($0)] < position[Int($1)] }
    }
    guard !nodes.isEmpty else { return 0 }
    scratch.call += 1
    if let chain { mark(chain, slot) }
    var guests: [Guest] = []
    var workspace = 0
    for (index, node) in nodes.enumerated() {
      workspace = max(workspace, model.workspaces[Int(node)])
      for storage in model.rereads[Int(node)] {
        guests[guest(storage, at: slot, &guests)].last = index
      }
      for storage in model.remakes[Int(node)] {
        let number = guest(storage, at: slot, &guests)
        if guests[number].isMade, guests[number].last < 0 { guests[number].first = index }
        guests[number].last = max(guests[number].last, index)
      }
    }
    var change = [Int](repeating: 0, count: nodes.count + 1)
    var total = workspace
    for guest in guests {
      total += guest.bytes
      change[guest.first] += guest.bytes
      change[(guest.isKept ? nodes.count - 1 : guest.last) + 1] -= guest.bytes
    }
    var (live, peak) = (0, 0)
    for (index, node) in nodes.enumerated() {
      live += change[index]
      let taken = takenOver(by: Int(node), at: index, guests)
      peak = max(peak, live + model.workspaces[Int(node)] - taken)
    }
    return max(0, total - peak)
  }

  private func mark(_ chain: LadderChain, _ slot: Int) {
    func mark(_ storage: Int, _ mark: Mark) {
      scratch.marked[storage] = scratch.call
      scratch.mark[storage] = mark
    }
    for storage in chain.between { mark(storage, .passes) }
    for (storage, segment) in chain.extended {
      mark(storage, isHeld(storage, behind: segment, in: slot) ? .stays : .ends)
    }
    for storage in chain.fetched { mark(storage, .stays) }
    for (storage, _) in chain.advanced { mark(storage, .comes) }
    mark(chain.storage, .comes)
  }

  /// Whether a storage whose segment ends in a slot is there until the slot's end: outputs are, and what
  /// may be spilled then.
  private func isHeld(_ storage: Int, behind segment: Int, in slot: Int) -> Bool {
    let list = segments[storage]
    return slot == endTime || model.isStreamed[storage] && model.isUpdated[storage]
      || segment + 1 < list.count && list[segment + 1].source == .fetch
  }

  /// The number of a storage among those that were met.
  private func guest(_ storage: Int, at slot: Int, _ guests: inout [Guest]) -> Int {
    if scratch.seen[storage] == scratch.call { return scratch.guest[storage] }
    scratch.seen[storage] = scratch.call
    scratch.guest[storage] = guests.count
    var guest = Guest(bytes: model.bytes[storage])
    let mark = scratch.marked[storage] == scratch.call ? scratch.mark[storage] : .none
    switch mark {
    case .comes: guest.isMade = true
    case .passes: (guest.isMade, guest.isKept) = (true, false)
    case .ends: guest.isKept = false
    case .stays: break
    case .none:
      if let index = segment(of: storage, at: slot) {
        let segment = segments[storage][index]
        guest.isMade = segment.start == slot && segment.source == .recompute
        guest.isKept = segment.end > slot || isHeld(storage, behind: index, in: slot)
      } else {
        (guest.isMade, guest.isKept) = (true, false)
      }
    }
    guests.append(guest)
    return guests.count - 1
  }

  /// What the results of a node that runs again take over from operands that end there.
  private func takenOver(by node: Int, at index: Int, _ guests: [Guest]) -> Int {
    let takeovers = model.takeovers[node]
    guard !takeovers.isEmpty else { return 0 }
    var used: [Int] = []
    var bytes = 0
    for takeover in takeovers {
      let (made, read) = (takeover.output.index, takeover.input.index)
      guard scratch.seen[made] == scratch.call, scratch.seen[read] == scratch.call,
        !used.contains(made), !used.contains(read)
      else { continue }
      let (result, operand) = (guests[scratch.guest[made]], guests[scratch.guest[read]])
      guard result.isMade, result.first == index, !operand.isKept, operand.last == index
      else { continue }
      used += [made, read]
      bytes += result.bytes
    }
    return bytes
  }
}
