// SPDX-License-Identifier: Apache-2.0

/// A short run of operators that is weighed as one: an operator and what it enables, the one of least
/// net change first, until nothing is gained by going on.
struct Macro {
  /// The most that is live while it runs, over what was live before.
  var hill: Int
  /// The change of what is live by it.
  var net: Int
  /// The operators, in order.
  var operations: [Int32]

  /// How many operators are looked at.
  static let lengthLimit = 24
  /// Operators with more successors than this end a macro.
  static let fanOutLimit = 64

  /// The macros that start with an operator: the lowest prefix among those that climb no higher than
  /// the operator itself, and the lowest of all.
  ///
  /// - Parameter visit: Gets every operator that was run or could become part by a later change.
  static func macros(
    from start: Int, in state: inout OrderState, visit: (Int) -> Void = { _ in }
  ) -> (low: Macro, deep: Macro) {
    let level = state.live
    var hill = state.rise(start)
    var sequence: [Int32] = []
    var open: [Int32] = []
    var low = (hill: hill, net: Int.max, count: 1)
    var deep = low
    func isWide(_ operation: Int) -> Bool {
      state.model.successors.length(operation) > Self.fanOutLimit
    }
    var next = start
    while true {
      hill = max(hill, state.live - level + state.rise(next))
      state.run(next)
      sequence.append(Int32(next))
      visit(next)
      let net = state.live - level
      if hill == low.hill, net < low.net { low = (hill, net, sequence.count) }
      if net < deep.net { deep = (hill, net, sequence.count) }
      if net <= 0 || sequence.count == lengthLimit || isWide(next) { break }
      for operation in state.enabled { open.append(Int32(operation)) }
      for index in state.model.successors[next] { visit(Int(state.model.successors.values[index])) }
      guard !open.isEmpty else { break }
      var choice = 0
      for index in open.indices.dropFirst() {
        let (a, b) = (Int(open[index]), Int(open[choice]))
        if (state.net(a), state.rise(a), a) < (state.net(b), state.rise(b), b) { choice = index }
      }
      next = Int(open[choice])
      open[choice] = open[open.count - 1]
      open.removeLast()
    }
    for operation in sequence.reversed() { state.undo(Int(operation)) }
    return (
      Macro(hill: low.hill, net: low.net, operations: Array(sequence[..<low.count])),
      Macro(hill: deep.hill, net: deep.net, operations: Array(sequence[..<deep.count]))
    )
  }
}
