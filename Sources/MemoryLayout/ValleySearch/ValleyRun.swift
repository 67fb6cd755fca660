// SPDX-License-Identifier: Apache-2.0

/// The valley search for one capacity: depth first, without recursion, since a problem may be as
/// deep as it has buffers.
///
/// 1. `enter` splits a range of sections into components and peels what spans one.
/// 2. `openBranch` counts a node, looks it up among the failures, and chooses where to branch.
/// 3. `advance` takes the next case of a branch: a buffer on the floor, or nothing.
///
/// A frame is a branch with its cases, or a split with its components: of a split all must succeed,
/// of a branch one case.
struct ValleyRun: ~Copyable {
  enum Outcome {
    case found
    case infeasible
    case stopped
  }

  private struct Frame {
    var range: Range<Int>
    /// Where the components or cases of this frame start, and the next one to take.
    var start: Int
    var next: Int
    /// For a branch: the section, or -1 for a split.
    var section: Int
    /// -1 where lifting is no case.
    var lift: Int
    var trailLength: Int
    var hash: UInt64
  }

  private enum Step {
    case enter(Range<Int>)
    case openBranch(Range<Int>)
    case advance
    case succeeded
    case failed
  }

  private(set) var state: ValleyState
  private let scratch: ValleyScratch
  private var failures = FailedStates()
  private var frames: [Frame] = []
  private var components: [Range<Int>] = []
  private var cases: [Int32] = []
  private var spanning: [Int32] = []

  /// The members' places in the preorder.
  private var rank: [Int32]
  private var rule = ValleyOptions.Rule.weighted

  /// Nodes so far, and what ends a start.
  private(set) var nodeCount = 0
  private var nodeLimit = 0
  private let workLimit: Int
  /// The work at which the clock is looked at again.
  private var nextLook = 0
  private static let workBetweenLooks = 1_000_000
  private let deadline: ContinuousClock.Instant?
  /// Whether the work or the time is used up.
  private(set) var isExhausted = false

  init(
    _ instance: ValleyInstance, capacity: Int, options: ValleyOptions, work: Int,
    deadline: ContinuousClock.Instant?
  ) {
    state = ValleyState(instance, options: options, capacity: capacity)
    scratch = ValleyScratch(sectionCount: instance.sectionCount)
    rank = [Int32](repeating: 0, count: instance.count)
    workLimit = work
    self.deadline = deadline
  }

  /// Searches from the start for at most `nodeLimit` nodes. Failures and weights are kept from start
  /// to start.
  mutating func start(
    rank: [Int32], rule: ValleyOptions.Rule, nodeLimit: Int
  ) -> Outcome {
    state.undo(to: 0)
    frames.removeAll(keepingCapacity: true)
    components.removeAll(keepingCapacity: true)
    cases.removeAll(keepingCapacity: true)
    self.rank = rank
    self.rule = rule
    self.nodeLimit = nodeCount + nodeLimit
    guard state.prepare() else { return .infeasible }

    var step = Step.enter(0..<state.sectionCount)
    while true {
      switch step {
      case .enter(let range): step = enter(range)
      case .openBranch(let range):
        guard nodeCount < self.nodeLimit, !isOutOfTime() else { return .stopped }
        nodeCount += 1
        step = openBranch(range)
      case .advance: step = advance()
      case .succeeded:
        guard !frames.isEmpty else { return .found }
        step = succeed()
      case .failed:
        guard !frames.isEmpty else { return .infeasible }
        step = fail()
      }
    }
  }

  /// The offsets after `start` found a layout.
  var offsets: [Int] { (0..<state.memberCount).map { state.offset[$0] } }

  /// Counts work done elsewhere.
  mutating func charge(_ work: Int) { state.work += work }

  private mutating func isOutOfTime() -> Bool {
    if isExhausted { return true }
    if state.work > workLimit { isExhausted = true }
    if let deadline, state.work >= nextLook {
      nextLook = state.work + Self.workBetweenLooks
      if ContinuousClock.now >= deadline { isExhausted = true }
    }
    return isExhausted
  }

  private mutating func enter(_ range: Range<Int>) -> Step {
    while let canBePlaced = state.peel(range, spanning: &spanning) {
      if !canBePlaced { return .failed }
    }
    let start = components.count
    var low = range.lowerBound
    while let component = state.firstComponent(in: low..<range.upperBound) {
      components.append(component)
      low = component.upperBound
    }
    state.work += range.count
    switch components.count - start {
    case 0: return .succeeded
    case 1: return .openBranch(components.removeLast())
    default: break
    }
    components[start...].sort { ($0.count, $0.lowerBound) < ($1.count, $1.lowerBound) }
    frames.append(
      Frame(
        range: range, start: start, next: start + 1, section: -1, lift: -1, trailLength: 0, hash: 0)
    )
    return .openBranch(components[start])
  }

  private mutating func openBranch(_ range: Range<Int>) -> Step {
    var hash: UInt64 = 0
    if state.options.remembersFailures {
      hash = state.hash(of: range)
      state.work += range.count
      if failures.contains(hash) { return .failed }
    }
    switch state.chooseBranch(in: range, rule: rule, scratch) {
    case .deadEnd(let section):
      state.weight[section] += 1
      if state.options.remembersFailures { failures.insert(hash) }
      return .failed
    case .branch(let branch):
      let start = cases.count
      let floor = state.floor[branch.section]
      for index in state.unplaced(in: branch.section) {
        let member = state.member[index]
        if state.leastOffset[Int(member)] == floor { cases.append(member) }
      }
      cases[start...].sort { rank[Int($0)] < rank[Int($1)] }
      if state.options.mergesTwins { removeTwins(from: start) }
      frames.append(
        Frame(
          range: range, start: start, next: start, section: branch.section,
          lift: branch.lift ?? -1, trailLength: state.trail.count, hash: hash))
      return .advance
    }
  }

  /// Keeps the first of each set of interchangeable buffers.
  private mutating func removeTwins(from start: Int) {
    var kept = start
    for index in start..<cases.count {
      let member = Int(cases[index])
      let isTwin = (start..<kept).contains { state.areTwins(Int(cases[$0]), member) }
      if !isTwin {
        cases[kept] = cases[index]
        kept += 1
      }
    }
    cases.removeLast(cases.count - kept)
  }

  private mutating func advance() -> Step {
    let top = frames.count - 1
    let frame = frames[top]
    if frame.next < cases.count {
      frames[top].next += 1
      if state.placeOnFloor(Int(cases[frame.next])) { return .enter(frame.range) }
    } else if frame.lift >= 0 {
      frames[top].lift = -1
      if state.lift(frame.section, to: frame.lift) { return .enter(frame.range) }
    } else {
      if state.options.remembersFailures { failures.insert(frame.hash) }
      close()
      return .failed
    }
    state.undo(to: frame.trailLength)
    return .advance
  }

  private mutating func succeed() -> Step {
    let top = frames.count - 1
    if frames[top].section < 0, frames[top].next < components.count {
      frames[top].next += 1
      return .openBranch(components[frames[top].next - 1])
    }
    close()
    return .succeeded
  }

  private mutating func fail() -> Step {
    let top = frames.count - 1
    guard frames[top].section >= 0 else {
      close()
      return .failed
    }
    state.undo(to: frames[top].trailLength)
    return .advance
  }

  /// Removes the top frame with its cases or components.
  private mutating func close() {
    let frame = frames.removeLast()
    if frame.section >= 0 {
      cases.removeLast(cases.count - frame.start)
    } else {
      components.removeLast(components.count - frame.start)
    }
  }
}

extension ValleyState {
  /// Whether two buffers can change places in any layout.
  func areTwins(_ a: Int, _ b: Int) -> Bool {
    first[a] == first[b] && end[a] == end[b] && size[a] == size[b]
      && alignmentMask[a] == alignmentMask[b] && greatestOffset[a] == greatestOffset[b]
  }
}
