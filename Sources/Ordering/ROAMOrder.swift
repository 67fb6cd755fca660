// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// ROAM's order: the graph is cut at its key points, forward and backward segments are paired outward
/// from the loss, weight updates run early or wait by a rule of memory, and each half of a pair is
/// ordered by itself.
///
/// Nothing goes by the names of operators and nothing is tuned to a model. Key points fix what is
/// live between two halves, so the order of one half changes nothing in another, and only halves that
/// are above the peak of all that are done need work: the highest is done first. Small halves go
/// through the integer program (GLPK), then the decision search; where that gives up, the
/// greedy's order stands.
///
/// Source: H. Shu et al., "ROAM: memory-efficient large DNN training via optimized operator ordering
/// and memory layout" (arXiv 2310.19295).
/// Deviation: segments of inference graphs are not paired; one operator a step; exact searches stop
/// at work limits, never by the clock.
public struct ROAMOrder: Scheduler {
  public static let name = "roam"

  /// How much work the exact searches put in.
  public var effort: SearchLimits.Effort

  /// Makes a scheduler.
  public init(effort: SearchLimits.Effort = .standard) { self.effort = effort }

  /// The operators of a pair, unless a single segment on each side has more. ROAM's default.
  private static let pairLimit = 100
  /// What all halves together may take.
  static func limits(
    _ effort: SearchLimits.Effort, operators: Int = 0
  ) -> StretchSearch.Limits {
    // What is large misses the cache, and every look costs more.
    let share = max(1, operators / 10_000)
    return switch effort {
    case .candidates: .init(greedy: 120_000, cuts: 1, decisions: 0)
    case .quick: .init(greedy: 120_000, decisions: 120_000, iterations: 1_000)
    case .standard:
      .init(greedy: 12_000_000 / share, decisions: 12_000_000 / share, iterations: 20_000)
    }
  }

  /// - Complexity: near-linear in the graph, and the searches' work limits.
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let reduced = ReducedModel(OrderModel(problem))
    let limits = Self.limits(effort, operators: reduced.model.count)
    let order = Self.order(of: reduced.model, within: limits).order
    return Schedule(reduced.expanded(order).map { NodeID($0) })
  }

  /// How the halves of pairs came to their order.
  struct Report: Hashable {
    /// Halves that are no higher than another one's peak or than their own bound.
    var met = 0
    /// Halves that a decision search ordered best.
    var decided = 0
    /// Halves for which the limits came first.
    var undecided = 0
    /// Halves whose order the integer program bettered.
    var programmed = 0
    /// The segment that ends with the loss.
    var loss: Int?
    /// The number of segments.
    var segments = 0
  }

  /// The order of a model.
  ///
  /// - Parameter limits: What all halves together may take.
  static func order(
    of model: OrderModel, within limits: StretchSearch.Limits = Self.limits(.standard)
  ) -> (order: [Int], report: Report) {
    guard model.count > 0 else { return ([], Report()) }
    var segments = Segments(model)
    let loss = segments.loss()
    var sizes = [Int](repeating: 0, count: segments.count)
    for segment in segments.ofOperation { sizes[segment] += 1 }
    let pairs = SegmentPairs(sizes: sizes, loss: loss, limit: pairLimit)
    if let loss, loss + 1 < segments.count {
      WeightUpdates(segments, pairs: pairs, loss: loss, in: model)
        .settle(&segments, pairs: pairs)
    }

    // From the outermost forward half in, and out again; within a half as in the file.
    var members = [[Int]](repeating: [], count: pairs.halves.count)
    for operation in 0..<model.count {
      members[pairs.halfOfSegment[segments.ofOperation[operation]]].append(operation)
    }
    let frame = OrderFrame(model, order: Array(members.joined()))
    var report = Report(loss: loss, segments: segments.count)
    var order = frame.order
    var steps: [Range<Int>] = []
    for half in members {
      let start = steps.last?.upperBound ?? 0
      steps.append(start..<start + half.count)
    }
    let peaks = steps.map { frame.profile[$0].max() ?? 0 }
    var floor = model.initialBytes
    var left = limits
    for half in steps.indices.sorted(by: { (peaks[$1], $0) < (peaks[$0], $1) }) {
      guard peaks[half] > floor else {
        report.met += 1
        continue
      }
      var search = StretchSearch(frame.stretch(steps[half]), floor: floor)
      search.run(left)
      left.greedy = max(left.greedy - search.work, 0)
      left.decisions = max(left.decisions - search.work, 0)
      left.iterations = max(left.iterations - search.iterations, 0)
      switch search.outcome {
      case .met: report.met += 1
      case .decided: report.decided += 1
      case .undecided: report.undecided += 1
      }
      if search.isFromProgram { report.programmed += 1 }
      floor = max(floor, search.peak)
      for (place, operation) in zip(steps[half], search.order) {
        order[place] = frame.order[steps[half].lowerBound + operation]
      }
    }
    return (order, report)
  }
}
