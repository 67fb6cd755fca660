// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Time and memory of the standard portfolio from 1,000 to 100,000 buffers, as a table and a plot.
enum Scaling {
  private static let counts = [1000, 3000, 10_000, 30_000, 100_000]
  private static let families: [Family] = [.training, .mixture, .chain, .ragged, .cut]

  static func run(_ files: Files) {
    line("\n## scale: the standard portfolio from 1,000 to 100,000 buffers\n")
    head(
      "family", "buffers", "over the bound", "by", "making the problem, s", "portfolio, s",
      "valley dive, s", "checking, s", "MiB", "exponent")
    var curves: [ScalingPlot.Curve] = []
    for family in families {
      var curve = ScalingPlot.Curve(name: family.rawValue, points: [])
      for count in counts {
        forgetMemory()
        let buffers = family.buffers(count, seed: 2)
        let (problem, making) = timed { family.problem(count, seed: 2) }
        let (report, seconds) = timed { portfolioReport(problem, LayoutPortfolio()) }
        let memory = residentMebibytes()
        // One search with so much room that it ends without a choice taken back.
        let dive = timed {
          ValleyPlanner().search(
            problem, capacity: 2 * problem.lowerBound, within: LayoutLimits(work: 5_000_000_000))
        }
        let isDone = if case .fits = dive.value.outcome { true } else { false }
        let checking = timed { checked(report.solution, problem) }.seconds
        var exponent = ""
        if let last = curve.points.last {
          let growth = (making + seconds) / last.seconds
          let size = Double(buffers.count) / Double(last.buffers)
          exponent = fixed(max(0, log(growth) / log(size)), 2)
        }
        curve.points.append(
          ScalingPlot.Point(
            buffers: buffers.count, seconds: making + seconds, mebibytes: Double(memory)))
        row(
          family.rawValue, "\(buffers.count)",
          fixed(ratio(report.solution.height, problem), 5), report.winner ?? "nobody",
          fixed(making, 3), fixed(seconds, 3),
          isDone ? fixed(dive.seconds, 3) : "\(dive.value.outcome)",
          fixed(checking, 3), "\(memory)", exponent)
      }
      curves.append(curve)
    }
    let plot = ScalingPlot(curves: curves).svg
    let path = "layout-scaling.svg"
    guard let file = fopen(path, "w") else {
      print("\(path): cannot be written")
      exit(73)
    }
    fputs(plot, file)
    fclose(file)
  }
}
