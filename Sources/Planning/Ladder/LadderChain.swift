// SPDX-License-Identifier: Apache-2.0

/// What making a storage again in a slot takes: the nodes that run, what they need kept or brought
/// forward, and the bytes that all of it adds. Found without changing the state.
struct LadderChain {
  /// What is wanted.
  let storage: Int
  /// The nodes that run again.
  private(set) var nodes: [Int] = []
  /// The storages between them, made again for this slot only.
  private(set) var between: [Int] = []
  /// The storages that are there and must be at the slot.
  private(set) var present: [Int] = []
  /// The segments that are kept until the slot.
  private(set) var extended: [(storage: Int, segment: Int)] = []
  /// The segments that are brought forward to the slot.
  private(set) var advanced: [(storage: Int, segment: Int)] = []
  /// The storages that are fetched.
  private(set) var fetched: [Int] = []
  /// Bytes added to ranges of time.
  private(set) var additions: [(bytes: Int, range: Range<Int>)] = []
  /// What the nodes and fetches cost, in seconds.
  private(set) var price = 0.0

  /// The most nodes of a chain.
  private static let nodeLimit = 160

  /// - Parameters:
  ///   - storage: What is wanted.
  ///   - slot: When.
  ///   - budget: What loads should stay within.
  ///   - depth: How many makers of makers run again before operands are rather kept, whatever else is
  ///     live meanwhile.
  /// - Returns: `nil` where something needed can be had by no means.
  init?(
    making storage: Int, at slot: Int, in state: LadderState, _ costs: CostModel, budget: Int,
    depth: Int, mayFetch: Bool
  ) {
    let model = state.model
    self.storage = storage
    let maker = Int(model.remaker[storage])
    guard maker >= 0, state.mayRepeat(maker, at: slot) else { return nil }
    var isThere: Set<Int> = [storage]
    var open = [(node: maker, depth: 0)]
    nodes = [maker]
    var workspace = 0
    while let (node, level) = open.popLast() {
      price += costs.seconds(ofNode: node)
      workspace = max(workspace, model.workspaces[node])
      for made in model.remakes[node] {
        if made != storage, state.segment(of: made, at: slot) == nil {
          additions.append((model.bytes[made], slot..<slot + 1))
        }
      }
      for input in model.rereads[node] where isThere.insert(input).inserted {
        if state.segment(of: input, at: slot) != nil {
          present.append(input)
          continue
        }
        let list = state.segments[input]
        let next = list.firstIndex { $0.start > slot }
        let last = (next ?? list.count) - 1
        guard last >= 0 || next != nil else { return nil }
        // Kept a little longer, or brought back a little earlier, where there is room for it.
        if last >= 0 {
          let range = list[last].end + 1..<slot + 1
          if state.loads.maximum(in: range) + model.bytes[input] <= budget,
            keep(input, last, until: slot, state)
          {
            continue
          }
        }
        let source = Int(model.remaker[input])
        if let next, list[next].source != .first {
          let range = slot..<list[next].start
          let hasRoom = state.loads.maximum(in: range) + model.bytes[input] <= budget
          if hasRoom, list[next].source == .fetch {
            advanced.append((input, next))
            additions.append((model.bytes[input], range))
            continue
          }
          if hasRoom, source >= 0, state.mayRepeat(source, at: slot), nodes.count < Self.nodeLimit {
            advanced.append((input, next))
            additions.append((model.bytes[input], range))
            if !nodes.contains(source) {
              // It runs here instead of there.
              price -= costs.seconds(ofNode: source)
              nodes.append(source)
              open.append((source, level + 1))
            }
            continue
          }
        }
        if level >= depth, keep(input, last, until: slot, state) { continue }
        if mayFetch, last >= 0,
          state.hasCopy(of: input, atEndOf: last)
            || last + 1 < list.count && list[last + 1].source == .fetch
        {
          fetched.append(input)
          additions.append((model.bytes[input], slot..<slot + 1))
          price += costs.seconds(ofBytes: model.copiedBytes[input])
        } else if source >= 0, state.mayRepeat(source, at: slot), nodes.count < Self.nodeLimit {
          if !nodes.contains(source) {
            nodes.append(source)
            open.append((source, level + 1))
          }
          between.append(input)
        } else if !keep(input, last, until: slot, state) {
          return nil
        }
      }
    }
    additions.append((workspace, slot..<slot + 1))
    let saved = state.saving(at: slot, adding: self) - state.slotSaving(at: slot)
    additions.append((-saved, slot..<slot + 1))
    price = max(price, 0)
  }

  /// Keeps an operand longer than it was, although there is more live meanwhile than there should be.
  private mutating func keep(
    _ storage: Int, _ segment: Int, until slot: Int, _ state: LadderState
  ) -> Bool {
    guard segment >= 0 else { return false }
    extended.append((storage, segment))
    let end = state.segments[storage][segment].end
    // In the slot in which it ended it may be there for longer now.
    let isMore = end % 2 == 0 && state.slotSaving(at: end) > 0
    additions.append((state.model.bytes[storage], (isMore ? end : end + 1)..<slot + 1))
    return true
  }

  /// Makes the changes.
  func apply(to state: inout LadderState, at slot: Int) {
    for storage in present { state.need(storage, at: slot) }
    for (storage, segment) in extended { state.extend(storage, segment, to: slot) }
    for (storage, segment) in advanced { state.advance(storage, segment, to: slot) }
    for storage in fetched { state.insert(storage, at: slot, source: .fetch) }
    for storage in between { state.insert(storage, at: slot, source: .recompute) }
    for node in nodes { state.count(node, at: slot) }
    state.refresh(at: slot)
  }
}
