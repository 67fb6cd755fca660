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
      "checking, s", "valley dive, s", "MiB", "exponent")
    var curves: [ScalingPlot.Curve] = []
    for family in families {
      var curve = ScalingPlot.Curve(name: family.rawValue, points: [])
      for count in counts {
        // In a process of its own, so that memory is its own too.
        let text = output(of: "'\(CommandLine.arguments[0])' . one \(family.rawValue) \(count)")
        let fields = text.split(separator: "\n").first?.split(separator: ";").map(String.init) ?? []
        guard fields.count == 9, let buffers = Int(fields[0]),
          let making = Double(fields[3]), let seconds = Double(fields[4]),
          let memory = Double(fields[7])
        else {
          print("\(family.rawValue) of \(count) buffers cannot be measured: \(text)")
          exit(70)
        }
        curve.points.append(
          ScalingPlot.Point(buffers: buffers, seconds: making + seconds, mebibytes: memory))
        var exponent = ""
        if count == counts.last, let first = curve.points.first {
          exponent = fixed(
            log((making + seconds) / first.seconds) / log(Double(buffers) / Double(first.buffers)),
            2)
        }
        row(
          family.rawValue, fields[0], fields[1], fields[2], fields[3], fields[4], fields[5],
          fields[6], fields[7], exponent)
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

  /// One family and size: the fields of a row.
  static func measureOne(_ arguments: [String]) {
    guard arguments.count == 2, let family = Family(rawValue: arguments[0]),
      let count = Int(arguments[1])
    else { return print("no such family") }
    let buffers = family.buffers(count, seed: 2)
    let making = timed { family.problem(count, seed: 2) }
    let problem = making.value
    let (report, seconds) = timed { portfolioReport(problem, LayoutPortfolio()) }
    let memory = residentMebibytes()
    let checking = timed { checked(report.solution, problem) }.seconds
    // One search with so much room that it ends without a choice taken back.
    let dive = timed {
      ValleyPlanner().search(
        problem, capacity: 2 * problem.lowerBound, within: LayoutLimits(work: 5_000_000_000))
    }
    let diveText =
      switch dive.value.outcome {
      case .fits: fixed(dive.seconds, 3)
      case .skipped: "too large"
      case .infeasible, .stopped: "stopped"
      }
    line(
      [
        "\(buffers.count)", fixed(ratio(report.solution.height, problem), 5),
        report.winner ?? "nobody", fixed(making.seconds, 4), fixed(seconds, 3),
        fixed(checking, 3), diveText, "\(memory)", "",
      ].joined(separator: ";") + ".")
  }

  private static func output(of command: String) -> String {
    guard let pipe = popen(command, "r") else { return "" }
    defer { pclose(pipe) }
    var text: [UInt8] = []
    var byte = getc(pipe)
    while byte != EOF {
      text.append(UInt8(byte))
      byte = getc(pipe)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
