// SPDX-License-Identifier: Apache-2.0
import Cancellation

/// The valley search for one capacity: depth first, without recursion, since a problem may be as
/// deep as it has buffers.
///
/// 1. `enter` splits a component at the sections that changed and peels what spans a part.
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
    case enter(Range<Int>, changed: Range<Int>)
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

  /// Buffers of one number can change places in any layout.
  private let twinGroup: [Int32]
  /// The node at which a number was last met.
  private var seenAt: [Int]

  /// The section of the last change, where the next branch is looked for first.
  private var focus = 0

  /// Nodes so far, and what ends a start.
  private(set) var nodeCount = 0
  private var nodeLimit = 0
  private var limit: StepLimit

  /// Larger states are not remembered: they hardly ever come back.
  private static let rememberedSections = 4000
  /// Whether the work or the time is used up.
  private(set) var isExhausted = false

  init(
    _ instance: ValleyInstance, capacity: Int, options: ValleyOptions, work: Int,
    stop: StopCondition
  ) {
    state = ValleyState(instance, options: options, capacity: capacity)
    scratch = ValleyScratch(sectionCount: instance.sectionCount)
    rank = [Int32](repeating: 0, count: instance.count)
    twinGroup = instance.twinGroups
    seenAt = [Int](repeating: 0, count: instance.count)
    limit = StepLimit(work: work, stop: stop)
  }

  /// Searches from the start for at most `nodeLimit` nodes. Failures and weights are kept from start
  /// to start.
  mutating func start(
    rank: [Int32], rule: ValleyOptions.Rule, nodeLimit: Int, largeEntryCount: Int
  ) -> Outcome {
    state.undo(to: 0)
    state.treatAsLarge(from: largeEntryCount)
    frames.removeAll(keepingCapacity: true)
    components.removeAll(keepingCapacity: true)
    cases.removeAll(keepingCapacity: true)
    self.rank = rank
    self.rule = rule
    self.nodeLimit = nodeCount + nodeLimit
    guard state.prepare() else { return .infeasible }

    focus = 0
    var step = Step.enter(0..<state.sectionCount, changed: 0..<state.sectionCount)
    while true {
      switch step {
      case .enter(let range, let changed): step = enter(range, changed)
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
    if !isExhausted { isExhausted = limit.isReached(at: state.work) }
    return isExhausted
  }

  private mutating func enter(_ range: Range<Int>, _ changed: Range<Int>) -> Step {
    let start = components.count
    state.appendComponents(of: range, changed: changed, to: &components)
    var didPeel = false
    var index = start
    while index < components.count {
      let component = components[index]
      guard state.peel(component, spanning: &spanning) else {
        index += 1
        continue
      }
      didPeel = true
      components.swapAt(index, components.count - 1)
      components.removeLast()
      state.appendComponents(of: component, changed: component, to: &components)
    }
    if didPeel, !state.propagate() {
      components.removeLast(components.count - start)
      return .failed
    }
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
    let isRemembered = state.options.remembersFailures && range.count <= Self.rememberedSections
    if isRemembered {
      hash = state.hash(of: range)
      state.work += range.count
      if failures.contains(hash) { return .failed }
    }
    switch state.chooseBranch(in: range, rule: rule, from: focus, scratch) {
    case .deadEnd(let section):
      state.weight[section] += 1
      if isRemembered { failures.insert(hash) }
      return .failed
    case .branch(let branch):
      let start = cases.count
      let floor = state.floor[branch.section]
      for index in state.unplaced(in: branch.section) {
        let member = state.member[index]
        if state.leastOffset[Int(member)] == floor { cases.append(member) }
      }
      state.work += 4 * (cases.count - start)
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
      let group = Int(twinGroup[Int(cases[index])])
      if seenAt[group] != nodeCount {
        seenAt[group] = nodeCount
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
      let member = Int(cases[frame.next])
      focus = frame.section
      if state.placeOnFloor(member) {
        return .enter(frame.range, changed: state.span(member))
      }
    } else if frame.lift >= 0 {
      frames[top].lift = -1
      focus = frame.section
      if state.lift(frame.section, to: frame.lift) { return .openBranch(frame.range) }
    } else {
      if state.options.remembersFailures, frame.range.count <= Self.rememberedSections {
        failures.insert(frame.hash)
      }
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
