// SPDX-License-Identifier: Apache-2.0

import Emitters
import Fusion
import GraphIR

/// What `graphopt fuse` says of a model: every block, what stands between, what is or could be fused.
struct FusionReport {
  let path: String
  let survey: FusionSurvey
  let choice: FusionChoice
  let fused: FusedGraph
  /// Where the fused model was written, if it was.
  let output: String?

  /// The report for people.
  var text: String {
    let blocks = survey.blocks
    var lines = [
      "\(path): \(ReportText.counted(blocks.count, "feed-forward block")), "
        + "\(ReportText.counted(survey.attention.count, "attention layer"))"
        + (survey.isTraining ? ", a training step: reported, not rewritten" : "")
    ]
    if !blocks.isEmpty {
      lines.append("")
      lines += ReportTable(
        ["block", "width", "hidden", "activation", "norm", "bias", "type", "placed", "next", "at"],
        rows: blocks.map { block in
          [
            "\(block.index)", "\(block.width)", "\(block.hiddenWidth)",
            block.activation + (block.isPacked ? " (packed)" : ""),
            block.norm + (block.isNormDecomposed ? " (decomposed)" : ""),
            block.hasBias ? "yes" : "no", block.elementType.name, block.placement.rawValue,
            block.next, ReportText.shortened(block.node, to: 48),
          ]
        }, numbers: 1...2
      ).lines.map { "  " + $0 }
    }
    if !survey.attention.isEmpty {
      lines.append("")
      for layer in survey.attention {
        lines.append(
          "  attention \(layer.index) at \(ReportText.shortened(layer.node, to: 64)), summed in "
            + ReportText.shortened(layer.sum, to: 64))
      }
    }
    lines += measured
    lines.append("")
    lines += opportunities
    return lines.joined(separator: "\n") + "\n"
  }

  /// What the calibration says.
  private var measured: [String] {
    guard let calibration = choice.calibration else { return [] }
    var lines = [
      "",
      "calibration: \(ReportText.counted(calibration.samples, "sample")), runs where blocks "
        + "depend on each other by at most \(choice.threshold)",
    ]
    for run in survey.runs {
      lines.append("  dependency of each block on each earlier one, \(Self.blocks(Array(run)))")
      lines += ReportTable(
        [""] + run.dropLast().map(String.init),
        rows: run.dropFirst().map { later in
          ["\(later)"]
            + run.dropLast().map { earlier in
              earlier < later
                ? calibration.dependencies[earlier, later].map(Self.decimals) ?? "?" : ""
            }
        }, numbers: 0...run.count
      ).lines.map { "    " + $0 }
    }
    let order = calibration.attention.order
    if !order.isEmpty {
      let ranked = order.map { "\($0) (\(Self.decimals(calibration.attention[$0] ?? 0)))" }
      lines.append(
        "  attention layers by similarity of input and output: \(ranked.joined(separator: ", "))")
    }
    return lines
  }

  /// A number with four digits behind the point.
  private static func decimals(_ value: Double) -> String {
    let whole = Int((value.magnitude * 10_000).rounded())
    let sign = value < 0 && whole > 0 ? "-" : ""
    return "\(sign)\(whole / 10_000).\("\(whole % 10_000 + 10_000)".dropFirst())"
  }

  private var opportunities: [String] {
    var lines: [String] = []
    for run in survey.runs {
      lines.append(
        "run: \(Self.blocks(Array(run))) follow each other with nothing between them"
          + advice(run))
    }
    for group in survey.parallel {
      lines.append("parallel: \(Self.blocks(group)) read one input and are summed")
    }
    for kind in FusionSurvey.Merge.Kind.allCases {
      let merges = survey.merges.filter { $0.kind == kind }
      let possible = merges.filter { $0.refusals.allSatisfy { $0 == .training } }
      if !possible.isEmpty {
        let projections = possible.reduce(0) { $0 + $1.nodes.count }
        let products = ReportText.counted(possible.count, "product")
        let advice =
          survey.isTraining || choice.options.merges.contains(kind)
          ? "" : "; --merge \(kind.rawValue) makes them"
        lines.append("\(kind.rawValue): \(projections) projections could be \(products)\(advice)")
      }
      for merge in merges {
        let reasons = Self.sentence(merge.refusals)
        guard !reasons.isEmpty else { continue }
        let node = ReportText.shortened(merge.nodes[0], to: 48)
        lines.append("\(kind.rawValue) at '\(node)' stays as it is: \(reasons)")
      }
    }
    for block in survey.blocks {
      let reasons = Self.sentence(block.refusals)
      if !reasons.isEmpty { lines.append("block \(block.index) stays as it is: \(reasons)") }
    }
    let done = fused.fusions.map { (output == nil ? "would do: " : "done: ") + $0.sentence }
    if !done.isEmpty { lines += [""] + done }
    // What a block or a merge says for itself is not said again.
    let said = Set((survey.blocks.map(\.refusals) + survey.merges.map(\.refusals)).flatMap { $0 })
    for refusal in fused.refusals where refusal != .training && !said.contains(refusal) {
      lines.append("not fused: \(refusal)")
    }
    if choice.options.mode == .sequential, choice.options.runs.isEmpty {
      lines.append(
        "no run: no three blocks that follow each other depend on each other by at most "
          + "\(choice.threshold), the last one left out")
    }
    if let output { lines.append("written: \(output)") }
    return lines.isEmpty ? ["nothing to fuse"] : lines
  }

  /// What can be done with a run, where it can be and is not asked for.
  private func advice(_ run: Range<Int>) -> String {
    guard !survey.isTraining, choice.options.mode != .sequential,
      survey.blocks[run].allSatisfy(\.refusals.isEmpty)
    else { return "" }
    guard run.count > 2 else {
      return "; its last block stays alone, so that there is nothing to fuse"
    }
    return
      "; --mode sequential --run \(run.lowerBound)-\(run.upperBound - 1) makes all but the last "
      + "one block, an approximation"
  }

  /// Why something stays as it is; that a whole graph is a training step is said elsewhere.
  private static func sentence(_ refusals: [FusionRefusal]) -> String {
    var (quantized, given): ([String], [String]) = ([], [])
    var others: [String] = []
    for refusal in refusals where refusal != .training {
      if case .quantized(let weight) = refusal {
        quantized.append("'\(weight)'")
      } else if case .given(let weight) = refusal {
        given.append("'\(weight)'")
      } else {
        others.append("\(refusal)")
      }
    }
    func of(_ weights: [String], _ one: String, _ several: String) -> [String] {
      switch weights.count {
      case 0: []
      case 1: ["weight \(weights[0]) \(one)"]
      default: ["weights \(weights.joined(separator: ", ")) \(several)"]
      }
    }
    let first =
      of(quantized, "is quantised", "are quantised")
      + of(given, "is an input of the graph", "are inputs of the graph")
    return (first + others).joined(separator: "; ")
  }

  /// Block numbers as a person writes them: `block 3`, `blocks 1 to 4`.
  static func blocks(_ numbers: [Int]) -> String {
    guard let first = numbers.first, let last = numbers.last else { return "no blocks" }
    if numbers.count == 1 { return "block \(first)" }
    if numbers == Array(first...last) { return "blocks \(first) to \(last)" }
    return "blocks " + numbers.map(String.init).joined(separator: ", ")
  }

  /// The report after `Schemas/fusion-1.schema.json`: keys ascending, one line for each block.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      func line(_ key: String, _ body: (inout JSONWriter) -> Void) {
        writer.newLine()
        writer.key(key)
        body(&writer)
      }
      line("attention") { $0.lines(survey.attention) { $1.write(to: &$0) } }
      line("blocks") { $0.lines(survey.blocks) { $1.write(to: &$0) } }
      line("calibration") { writeCalibration(to: &$0) }
      line("format") { $0.string("graphopt-fusion") }
      line("fusions") { $0.lines(fused.fusions) { $1.write(to: &$0) } }
      line("merges") { $0.lines(survey.merges) { $1.write(to: &$0) } }
      writer.newLine()
      writer.member("model", path)
      writer.newLine()
      writer.member("output", output)
      line("parallel") { $0.lines(survey.parallel) { $0.array($1) { $0.integer($1) } } }
      line("runs") { $0.lines(survey.runs.map(Array.init)) { $0.array($1) { $0.integer($1) } } }
      writer.newLine()
      writer.member("training", survey.isTraining)
      writer.newLine()
      writer.member("version", 1)
      writer.newLine()
    }
    writer.newLine()
    return writer.bytes
  }
}

extension FusionReport {
  fileprivate func writeCalibration(to writer: inout JSONWriter) {
    guard let calibration = choice.calibration else { return writer.null() }
    writer.object { writer in
      writer.key("attention")
      writer.array(calibration.attention.order) { writer, layer in
        writer.object {
          $0.member("index", layer)
          $0.member("similarity", calibration.attention[layer] ?? 0)
        }
      }
      writer.key("dependencies")
      let pairs = survey.runs.flatMap { run in
        run.flatMap { later in (run.lowerBound..<later).map { ($0, later) } }
      }
      writer.array(pairs) { writer, pair in
        guard let value = calibration.dependencies[pair.0, pair.1] else { return }
        writer.object {
          $0.member("distance", value)
          $0.member("earlier", pair.0)
          $0.member("later", pair.1)
        }
      }
      writer.member("samples", calibration.samples)
      writer.member("threshold", choice.threshold)
    }
  }
}

extension FusionSurvey.Block {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("activation", activation)
      $0.member("contribution", contribution)
      $0.member("elementType", elementType.name)
      $0.member("gated", isGated)
      $0.member("hasBias", hasBias)
      $0.member("hiddenWidth", hiddenWidth)
      $0.member("index", index)
      $0.member("input", input)
      $0.member("next", next)
      $0.member("node", node)
      $0.member("norm", norm)
      $0.member("normDecomposed", isNormDecomposed)
      $0.member("output", output)
      $0.member("packed", isPacked)
      $0.member("placement", placement.rawValue)
      $0.member("refusals", refusals.map(\.description))
      $0.member("sum", sum)
      $0.member("width", width)
    }
  }
}

extension FusedGraph.Fusion {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("into", into)
      $0.member("kind", kind.rawValue)
      $0.member("members", members)
      $0.member("nodes", nodes)
      $0.member("pieces", pieces)
      $0.member("widths", widths)
    }
  }
}

extension FusionSurvey.Layer {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("contribution", contribution)
      $0.member("index", index)
      $0.member("input", input)
      $0.member("node", node)
      $0.member("output", output)
      $0.member("sum", sum)
    }
  }
}

extension FusionSurvey.Merge {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("input", input)
      $0.member("kind", kind.rawValue)
      $0.member("nodes", nodes)
      $0.member("refusals", refusals.map(\.description))
      $0.member("widths", widths)
    }
  }
}
