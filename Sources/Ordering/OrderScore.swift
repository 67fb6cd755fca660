// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// How orders compare: by peak; then by bytes times steps, which makes layouts easier; then by
/// closeness to the file, which keeps diffs quiet. The lesser is the better.
struct OrderScore: Comparable, Sendable {
  /// The most bytes live at any step.
  var peak: Int
  /// The sum over all steps of the bytes live.
  var byteSteps: UInt128
  /// The sum over all nodes of how far they are from their step in the file.
  var displacement: Int

  /// - Complexity: O(touches + storages).
  init(of schedule: Schedule, simulator: inout LivenessSimulator) {
    let lifetimes = simulator.lifetimes(of: schedule)
    peak = lifetimes.peakBytes
    byteSteps = lifetimes.liveBytes.reduce(0) { $0 + UInt128($1) }
    displacement = schedule.order.enumerated().reduce(0) { $0 + abs($1.element.index - $1.offset) }
  }

  static func < (a: OrderScore, b: OrderScore) -> Bool {
    (a.peak, a.byteSteps, a.displacement) < (b.peak, b.byteSteps, b.displacement)
  }
}
