// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Sums and verdicts: every figure follows from what the earlier stages have checked.
extension PlanChecker {
  mutating func checkSums() {
    func expect(_ what: String, _ planned: Int, _ expected: Int) {
      if planned != expected { report(.wrongSum(what: what, planned: planned, expected: expected)) }
    }
    let blocks = arenaBlocks()
    var change = [Int](repeating: 0, count: lastStep + 2)
    for block in blocks {
      change[block.steps.lowerBound] += block.size
      change[block.steps.upperBound + 1] -= block.size
    }
    var live = 0
    var peak = (bytes: 0, step: 0)
    for step in 0...lastStep {
      live += change[step]
      if live > peak.bytes { peak = (live, step) }
      if step < plan.steps.count {
        expect("liveBytes of step \(step)", plan.steps[step].liveBytes, live)
      }
    }
    let summary = plan.summary
    expect("peakBytes", summary.peakBytes, peak.bytes)
    expect("peakStep", summary.peakStep, peak.step)
    expect("arenaBytes", summary.arenaBytes, blocks.map(\.end).max() ?? 0)
    var outside: [String: Int] = [:]
    for (_, root) in rootOfStorage {
      outside[entry(root).space, default: 0] += rounded(entry(root).bytes)
    }
    let bodies = plan.steps.lazy.compactMap(\.bodies).joined()
    expect(
      "residentBytes", summary.residentBytes,
      bodies.reduce(outside[MemorySpace.resident.rawValue] ?? 0) { $0 + $1.summary.residentBytes })
    expect("externalBytes", summary.externalBytes, outside[MemorySpace.external.rawValue] ?? 0)
    expect("totalBytes", summary.totalBytes, summary.residentBytes + summary.arenaBytes)
  }

  mutating func checkVerdicts() {
    let summary = plan.summary
    func isRatio(_ value: Double, _ a: Int, _ b: Int) -> Bool {
      let expected = b == 0 || a <= b ? 0 : Double(a) / Double(b) - 1
      return abs(value - expected) <= 1e-9 * max(1, expected.magnitude)
    }
    if summary.budgetBytes != plan.options.budgetBytes
      || summary.fits != summary.budgetBytes.map({ summary.totalBytes <= $0 })
    {
      report(.wrongVerdict(what: "whether the plan fits the budget"))
    }
    if let smallest = summary.smallestBudgetBytes {
      let isRight =
        summary.fits == false && smallest > summary.budgetBytes ?? 0
        && smallest >= min(summary.floorBytes, summary.totalBytes)
        && smallest <= summary.totalBytes
      if !isRight { report(.wrongVerdict(what: "the smallest budget that works")) }
    }
    if summary.lowerBoundBytes > summary.peakBytes, !isLadder {
      report(.wrongVerdict(what: "a lower bound above the peak"))
    }
    if !isRatio(summary.orderGap, summary.peakBytes, summary.lowerBoundBytes) {
      report(.wrongVerdict(what: "orderGap"))
    }
    if !isRatio(summary.fragmentation, summary.arenaBytes, summary.peakBytes) {
      report(.wrongVerdict(what: "fragmentation"))
    }
    let areBodiesProven = plan.steps.lazy.compactMap(\.bodies).joined()
      .allSatisfy(\.summary.provenOptimal)
    if summary.provenOptimal
      != (!isLadder && summary.arenaBytes == summary.lowerBoundBytes && areBodiesProven)
    {
      report(.wrongVerdict(what: "provenOptimal"))
    }
    for name in summary.baselines.keys.sorted() {
      guard let baseline = summary.baselines[name] else { continue }
      let arena = baseline.arenaBytes ?? .max
      // Baselines use no slices, and so may not save what slices cannot.
      if !plan.options.slices && baseline.peakBytes < summary.lowerBoundBytes
        || arena < baseline.peakBytes
        || (plan.options.order == "auto" && !isLadder && arena < summary.arenaBytes)
      {
        report(.wrongVerdict(what: "baseline \(name)"))
      }
    }
  }
}
