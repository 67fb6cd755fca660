// SPDX-License-Identifier: Apache-2.0

/// Decides whether any order stays within a budget.
///
/// Depth first over the sets of operators that may have run. The exact rules run what can run without
/// hurting; what is left are choices, tried in the order of their macros. Sets that led nowhere are
/// remembered. Without recursion: depth is bounded by memory, not by the stack.
struct DecisionSearch {
  /// What a search found out.
  enum Answer {
    /// An order within the budget.
    case order([Int])
    /// There is none, and none with a peak below the given one: under every budget in between the
    /// search would have gone the same way.
    case infeasible(below: Int)
    /// The limits were reached first.
    case unknown
  }

  /// How much is done before giving up.
  struct Limits {
    /// Sets looked at.
    var nodes = 20_000
    /// Entries looked at.
    var work = 40_000_000
  }

  /// A set on the way to the one that is looked at.
  private struct Frame {
    /// How many operators ran before what led here, and how many did then.
    var start: Int
    var depth: Int
    /// The bytes live.
    var live: Int
    var fingerprint: SearchState.Fingerprint
    /// The choices left, the best last.
    var choices: [Int32]
  }

  /// What remembering a set costs, in entries looked at.
  private static let nodeCost = 64

  private let model: OrderModel
  private let budget: Int
  private let rule: BudgetGreedy.Rule
  private let rules: SearchState.Rules
  private var failed: Set<SearchState.Fingerprint> = []
  private var frames: [Frame] = []
  /// The least cost that was refused for being over the budget.
  private var refused = Int.max
  /// Sets looked at.
  private(set) var nodes = 0
  /// Entries looked at.
  private(set) var work = 0

  init(
    _ model: OrderModel, budget: Int, rule: BudgetGreedy.Rule = .deepestFall,
    rules: SearchState.Rules = .all
  ) {
    self.model = model
    self.budget = budget
    self.rule = rule
    self.rules = rules
  }

  /// Searches; to be called once.
  mutating func answer(limits: Limits, deadline: Deadline) -> Answer {
    guard model.initialBytes <= budget else { return .infeasible(below: model.initialBytes) }
    var tail: [Int] = []
    if rules.contains(.suffixCommit) {
      (tail, work) = SuffixCommit.tail(
        of: model, under: budget, rules: rules, workLimit: limits.work, deadline: deadline)
    }
    var search = SearchState(model, holdingBack: tail)
    // Chains end in valleys, and walking all of them at every set costs more than it saves.
    let closing = rules.contains(.valleyCommit) ? rules.subtracting(.forcedChains) : rules
    var valleys = ValleyCommit(model)
    let before = work
    let target = model.count - tail.count
    var start: Int? = 0
    while true {
      if let entered = start {
        _ = search.close(
          under: budget, rules: closing, workLimit: limits.work - before, deadline: deadline)
        search.countScan(Self.nodeCost)
        work = before + search.work + valleys.visits
        if search.order.count == target { return .order(search.order.map { Int($0) } + tail) }
        if work > limits.work || nodes & 15 == 0 && deadline.isOver { return .unknown }
        if failed.insert(search.fingerprint).inserted {
          nodes += 1
          if nodes > limits.nodes { return .unknown }
          if rules.contains(.valleyCommit),
            let next = commit(in: &search, entered: entered, valleys: &valleys)
          {
            start = next
            continue
          }
          frames.append(
            Frame(
              start: entered, depth: search.order.count, live: search.state.live,
              fingerprint: search.fingerprint, choices: choices(in: &search)))
        } else {
          search.undo(to: entered)
        }
        start = nil
      }
      guard let top = frames.indices.last else { return refutation }
      if let choice = frames[top].choices.popLast() {
        start = search.order.count
        search.run(Int(choice))
      } else {
        search.undo(to: frames[top].start)
        frames.removeLast()
      }
    }
  }

  /// Gives up the choices that the set just entered makes needless: if it leads nowhere, neither
  /// does any set on the way from which it is a valley.
  ///
  /// - Returns: Where a lower set on the way is to be entered instead, how many operators ran before
  ///   it; the search is then there.
  private mutating func commit(
    in search: inout SearchState, entered: Int, valleys: inout ValleyCommit
  ) -> Int? {
    for index in frames.indices.reversed() {
      guard frames[index].live >= search.state.live else { return nil }
      if frames[index].choices.isEmpty { continue }
      let lowest = valleys.lowest(of: search.order[frames[index].depth...]) { search.hasRun($0) }
      guard let lowest else {
        for other in frames.indices[index...] { frames[other].choices = [] }
        continue
      }
      let way = Array(search.order[frames[index].depth...])
      let own = search.fingerprint
      search.undo(to: frames[index].depth)
      var isWithin = true
      for operation in lowest where isWithin {
        isWithin = search.state.live + search.state.rise(Int(operation)) <= budget
        if isWithin { search.run(Int(operation)) }
      }
      guard isWithin else {
        search.undo(to: frames[index].depth)
        for operation in way { search.run(Int(operation)) }
        return nil
      }
      // What was entered on the way is open again: it may be reached from the lower set.
      failed.remove(own)
      for frame in frames[(index + 1)...] { failed.remove(frame.fingerprint) }
      frames.removeLast(frames.count - index - 1)
      frames[index].choices = []
      return frames[index].depth
    }
    return nil
  }

  // Why nothing between is possible either: under a budget between this one and the least cost that
  // was refused among the choices, the rules may run all that they ran here, and the choices are the
  // same, so the same sets lead nowhere.
  private var refutation: Answer { .infeasible(below: max(budget + 1, refused)) }

  /// The ready operators that fit, the most promising last.
  private mutating func choices(in search: inout SearchState) -> [Int32] {
    let gap = budget - search.state.live
    search.countScan(search.ready.count)
    var fitting: [Int32] = []
    for operation in search.ready {
      let rise = search.state.rise(Int(operation))
      if rise <= gap {
        fitting.append(operation)
      } else {
        refused = min(refused, search.state.live + rise)
      }
    }
    guard fitting.count > 1 else { return fitting }
    var ranked: [(rank: Int, key: Int, next: Int, operation: Int32)] = []
    for operation in fitting {
      let macros = Macro.macros(from: Int(operation), in: &search.state)
      let macro = macros.deep.hill <= gap ? macros.deep : macros.low
      let (rank, key, next): (Int, Int, Int)
      if macro.net <= 0 {
        (rank, key, next) = (0, macro.hill, macro.net)
      } else {
        switch rule {
        case .leastNet: (rank, key, next) = (1, macro.net, macro.hill)
        case .deepestFall: (rank, key, next) = (1, macro.net - macro.hill, macro.net)
        case .file: (rank, key, next) = (1, Int(operation), 0)
        case .lowestHill: (rank, key, next) = (1, macro.hill, macro.net)
        }
      }
      ranked.append((rank, key, next, operation))
    }
    ranked.sort {
      ($0.rank, $0.key, $0.next, $0.operation) > ($1.rank, $1.key, $1.next, $1.operation)
    }
    return ranked.map(\.operation)
  }
}
