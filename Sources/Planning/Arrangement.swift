// SPDX-License-Identifier: Apache-2.0

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
  /// - Throws: ``PlanningError/layout(_:)``.
  /// - Complexity: That of the layout members.
  init(of schedule: Schedule, of problem: SchedulingProblem) throws(PlanningError) {
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
    let report: LayoutReport
    do throws(LayoutError) {
      report = try LayoutPortfolio().report(for: try LayoutProblem(buffers: buffers))
    } catch { throw .layout(error) }

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
    outcome = [report.winner, Self.word(for: report.outcome)].compactMap { $0 }.joined(
      separator: ", ")
  }

  private static func word(for outcome: LayoutOutcome) -> String {
    switch outcome {
    case .optimal: "optimal"
    case .feasible: "feasible"
    }
  }

  /// Whether this needs the smaller arena, or the same with the smaller peak.
  func isSmaller(than other: Arrangement) -> Bool {
    (arenaBytes, lifetimes.peakBytes) < (other.arenaBytes, other.lifetimes.peakBytes)
  }

  var baseline: PlanSummary.Baseline {
    PlanSummary.Baseline(peakBytes: lifetimes.peakBytes, arenaBytes: arenaBytes)
  }
}
