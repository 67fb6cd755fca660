// SPDX-License-Identifier: Apache-2.0

// Why it is exact. Let each operator of a chain need the one before it, so that the chain's only
// downsets are its prefixes, and let it stop at the first prefix after which `live` is no higher than
// before. Every shorter prefix is higher than the whole, so for an order that ran some prefix by a
// time, having run the whole chain by then is no higher either (submodularity, taken at the set that
// ran and the chain). The chain itself fits where it stands, so moving it to the front keeps any
// order within the budget; see `SafeMove.swift` for the operators in between.

extension SearchState {
  /// A chain longer than this is given up.
  private static let chainLimit = 200

  /// The chain from a ready operator that fits and ends no higher than it began, if there is one. Of
  /// the operators that the last one enables, the chain goes on with the one of least net change.
  mutating func forcedChain(from start: Int, under budget: Int) -> [Int]? {
    let level = state.live
    var chain: [Int] = []
    var next: Int? = start
    var isFound = false
    while let operation = next, chain.count < Self.chainLimit {
      guard state.live + state.rise(operation) <= budget else { break }
      state.run(operation)
      chain.append(operation)
      if state.live <= level {
        isFound = true
        break
      }
      next = nil
      for other in state.enabled where !isHeldBack(Int(other)) {
        if let best = next, state.net(best) <= state.net(Int(other)) { continue }
        next = Int(other)
      }
    }
    for operation in chain.reversed() { state.undo(operation) }
    return isFound ? chain : nil
  }
}
