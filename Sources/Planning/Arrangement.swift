// SPDX-License-Identifier: Apache-2.0

import Cancellation
import GraphIR
import MemoryLayout
import Ordering

/// One order with its lifetimes and the offsets that layout finds for them.
struct Arrangement {
  let schedule: Schedule
  let lifetimes: Lifetimes
  /// The offset in the arena, by storage; `nil` for those without bytes of their own there.
  let offsets: [Int?]
  /// The offset of each node's workspace, by step; `nil` where there is none.
  let workspaceOffsets: [Int?]
  /// The highest end of anything, in bytes.
  let arenaBytes: Int
  /// Which layout member won, and how good that is.
  let outcome: String

  /// Lays an order out.
  ///
  /// - Parameters:
  ///   - layout: The layout members to ask.
  ///   - kept: Offsets to keep where they fit together, by tensor.
  ///   - cancellation: Whoever may end the work.
  /// - Throws: ``PlanningError/layout(_:)``, ``PlanningError/cancelled``.
  /// - Complexity: That of the layout members.
  init(
    of schedule: Schedule, of problem: SchedulingProblem, layout: LayoutChoice,
    keeping kept: [Int?]? = nil, cancellation: CancellationFlag? = nil
  ) throws(PlanningError) {
    let map = problem.storages
    var simulator = LivenessSimulator(map: map)
    let lifetimes = simulator.lifetimes(of: schedule)
    self.schedule = schedule
    self.lifetimes = lifetimes

    let storages = map.roots.indices.filter { !lifetimes.ranges[$0].isEmpty }
    let steps = schedule.order.indices.filter { map.workspaces[schedule.order[$0].index] > 0 }
    var buffers = storages.map {
      LayoutBuffer(
        size: map.bytes[$0], lifetime: lifetimes.ranges[$0], alignment: map.model.alignment)
    }
    buffers += steps.map {
      LayoutBuffer(
        size: map.workspaces[schedule.order[$0].index], lifetime: $0..<$0 + 1,
        alignment: map.model.alignment)
    }
    let ties = Self.ties(map, lifetimes, storages)
    if let kept, ties.isEmpty {
      for (index, storage) in storages.enumerated() {
        buffers[index].fixedOffset = kept[map.roots[storage].index]
      }
      KeptPlan.freeWhatOverlaps(in: &buffers)
    }
    let report: LayoutReport
    do throws(LayoutError) {
      var portfolio = layout.portfolio
      portfolio.cancellation = cancellation
      report = try portfolio.report(
        for: try LayoutProblem(buffers: buffers, ties: ties))
    } catch { throw PlanningError(error) }

    var offsets = [Int?](repeating: nil, count: map.roots.count)
    for (index, storage) in storages.enumerated() {
      offsets[storage] = report.solution.offsets[index]
    }
    var workspaceOffsets = [Int?](repeating: nil, count: schedule.order.count)
    for (index, step) in steps.enumerated() {
      workspaceOffsets[step] = report.solution.offsets[storages.count + index]
    }
    self.offsets = offsets
    self.workspaceOffsets = workspaceOffsets
    arenaBytes = report.solution.height
    outcome = [report.winner, Self.word(for: report)].compactMap { $0 }.joined(separator: ", ")
  }

  private static func word(for report: LayoutReport) -> String {
    switch report.outcome {
    case .optimal: "optimal"
    case .feasible:
      "feasible, \(report.solution.height - report.lowerBound) bytes above what is proven"
    }
  }

  /// What keeps the cells of each family at their distances: each buffer that holds one is tied to
  /// the family's first.
  private static func ties(
    _ map: StorageMap, _ lifetimes: Lifetimes, _ storages: [Int]
  ) -> [LayoutTie] {
    guard map.places.contains(where: { $0 != nil }) else { return [] }
    var bufferOfCarrier = [Int](repeating: -1, count: map.roots.count)
    for (buffer, storage) in storages.enumerated() { bufferOfCarrier[storage] = buffer }
    let familyCount = map.places.reduce(0) { max($0, ($1?.family ?? -1) + 1) }
    var bases = [(buffer: Int, offset: Int)?](repeating: nil, count: familyCount)
    var ties: [LayoutTie] = []
    for (storage, place) in map.places.enumerated() {
      let buffer = bufferOfCarrier[lifetimes.carriers[storage].index]
      guard let place, buffer >= 0 else { continue }
      if let base = bases[place.family] {
        ties.append(LayoutTie(buffer, to: base.buffer, distance: place.offset - base.offset))
      } else {
        bases[place.family] = (buffer, place.offset)
      }
    }
    return ties
  }

  /// Whether this needs the smaller arena, or the same with the smaller peak.
  func isSmaller(than other: Arrangement) -> Bool {
    (arenaBytes, lifetimes.peakBytes) < (other.arenaBytes, other.lifetimes.peakBytes)
  }

  /// How far the arena is above the peak; 0 where it is not.
  var fragmentBytes: Int { arenaBytes - lifetimes.peakBytes }

  var baseline: PlanSummary.Baseline {
    PlanSummary.Baseline(peakBytes: lifetimes.peakBytes, arenaBytes: arenaBytes)
  }
}

extension LayoutChoice {
  /// The members of the choice, with the work that planning allows.
  var portfolio: LayoutPortfolio {
    self == .auto ? LayoutPortfolio() : LayoutPortfolio(members: members(searchWork: 30_000_000))
  }
}
