// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Planning

/// The parts of a page that stand there without its script.
struct HTMLPage {
  private let plan: ExecutionPlan
  private let facts: PlanFacts
  private var summary: PlanSummary { plan.summary }

  /// How many of the tensors that are live at the peak, or of a witness, are listed.
  private static let listedTensors = 20

  init(_ plan: ExecutionPlan) {
    self.plan = plan
    facts = PlanFacts(plan)
  }

  /// The head, up to the style.
  var head: String {
    PageHead(model: plan.model.path, title: "memory plan", runsScripts: true).html
  }

  private var modelName: String { PageHead.name(ofModelAt: plan.model.path) }

  /// Everything that is seen, with empty places for what the script draws.
  var body: String {
    header + figures + curve + map + peak + tables + proof + footer
  }

  // MARK: The answer

  private var header: String {
    let dims = plan.model.dims.sorted { $0.key < $1.key }
      .map { "<span class=\"dim\">\($0.key.html) = \($0.value)</span>" }.joined(separator: " ")
    let (state, word) =
      switch summary.fits {
      case true?: ("fits", "Fits")
      case false?: ("over", "Does not fit")
      case nil: ("open", "Planned")
      }
    let counts =
      "\(ReportText.counted(plan.model.nodes, "operator")), "
      + "\(ReportText.counted(plan.tensors.count, "tensor"))"
    return """
      <header>
      <p class="kicker">graphopt memory plan</p>
      <h1><bdi>\(modelName.html)</bdi></h1>
      <p class="about">\(counts) \(dims)</p>
      <div class="verdict \(state)">
      <p class="word">\(word)</p>
      <p class="sentence">\(sentence)</p>
      \(bar)</div>
      </header>
      <main>

      """
  }

  private var sentence: String {
    let total = Self.size(summary.totalBytes)
    var text: String
    if let budget = summary.budgetBytes {
      text =
        summary.totalBytes <= budget
        ? "needs <b>\(total)</b> of \(Self.size(budget)); "
          + "\(Self.size(budget - summary.totalBytes)) to spare"
        : "needs <b>\(total)</b>, \(Self.size(summary.totalBytes - budget)) over the budget of "
          + Self.size(budget)
    } else {
      text = "needs <b>\(total)</b>; no budget was set"
    }
    for line in facts.hope.map({ [$0] }) ?? facts.price {
      text += ". \(Self.capitalized(line).html)"
    }
    return text + "."
  }

  /// What the total is the sum of, as a bar along the budget.
  private var bar: String {
    var parts = facts.residentParts.map { ($0.label, $0.bytes) }
    parts.append(("arena", summary.arenaBytes))
    let whole = max(summary.totalBytes, summary.budgetBytes ?? 0, 1)
    var bar = "<div class=\"bar\" aria-hidden=\"true\">"
    var legend = "<ul class=\"legend\">"
    for (label, bytes) in parts {
      let name = label.split(separator: " ")[0]
      bar += "<span class=\"part \(name)\" style=\"width:\(Self.share(bytes, of: whole))\"></span>"
      legend += "<li><i class=\"\(name)\"></i>\(label) <b>\(Self.size(bytes))</b></li>"
    }
    if let budget = summary.budgetBytes, budget > summary.totalBytes {
      legend +=
        "<li><i class=\"free\"></i>free <b>\(Self.size(budget - summary.totalBytes))</b></li>"
    }
    if let budget = summary.budgetBytes {
      bar += "<span class=\"limit\" style=\"left:\(Self.share(budget, of: whole))\"></span>"
    }
    if summary.externalBytes > 0 {
      legend += "<li>with the caller, not counted <b>\(Self.size(summary.externalBytes))</b></li>"
    }
    return "\(bar)</div>\n\(legend)</ul>\n"
  }

  private var figures: String {
    var tiles: [(label: String, value: String, note: String)] = []
    tiles.append(
      (
        "Arena", Self.size(summary.arenaBytes),
        summary.arenaBytes == summary.peakBytes
          ? "as much as is live at the peak"
          : "\(Self.size(summary.arenaBytes - summary.peakBytes)) above the peak of "
            + Self.size(summary.peakBytes)
      ))
    tiles.append(
      (
        "Lower bound", Self.size(summary.lowerBoundBytes),
        summary.provenOptimal
          ? "proven optimal: no order needs less"
          : summary.peakBytes == summary.lowerBoundBytes
            ? "the peak is that: no order has a lower one"
            : "the peak is \(ReportText.percent(summary.orderGap)) above"
      ))
    for other in facts.comparisons {
      tiles.append(
        (
          "Against \(other.label)", Self.difference(summary.arenaBytes, other.arenaBytes),
          "its arena is \(Self.size(other.arenaBytes))"
        ))
    }
    if facts.workspaceBytes > 0 {
      tiles.append(
        ("Workspace", Self.size(facts.workspaceBytes), "scratch memory of one step, at most"))
    }
    let items = tiles.map {
      "<div><dt>\($0.label.html)</dt><dd><b>\($0.value)</b><small>\($0.note)</small></dd></div>\n"
    }
    return "<dl class=\"figures\">\n\(items.joined())</dl>\n"
  }

  // MARK: Pictures

  private var curve: String {
    """
    <section aria-labelledby="curve-title">
    <h2 id="curve-title">Live bytes, step by step</h2>
    <div id="curve-keys" class="keys"></div>
    <canvas id="curve" class="script" role="img" aria-label="\(curveLabel)"></canvas>
    <noscript><p class="note">The pictures and the long tables are drawn by a script. The figures on \
    this page do not need it.</p></noscript>
    </section>

    """
  }

  private var curveLabel: String {
    guard let step = facts.peakStep else { return "Live bytes over the steps; there are none." }
    return
      "Live bytes over the steps 0 to \(plan.steps.count - 1): at most "
      + "\(ReportText.size(summary.peakBytes)), "
      + "at step \(step.index), \(step.node.html)."
  }

  private var map: String {
    """
    <section aria-labelledby="map-title">
    <h2 id="map-title">The arena over time</h2>
    <div class="tools script">
    <label class="search">Search <input type="search" id="search" autocomplete="off" \
    spellcheck="false" placeholder="tensor, node, operator or type"></label>
    <span id="found" role="status"></span>
    <span class="buttons"><button type="button" id="zoom-in" aria-label="Zoom in">+</button>\
    <button type="button" id="zoom-out" aria-label="Zoom out">−</button>\
    <button type="button" id="zoom-peak">Peak</button>\
    <button type="button" id="zoom-all">All</button></span>
    </div>
    <div id="map-keys" class="keys"></div>
    <div class="frame script"><canvas id="map" tabindex="0" role="application" \
    aria-label="The arena: steps to the right, addresses upwards, a rectangle for each tensor." \
    aria-describedby="map-help"></canvas><div id="tip" hidden></div></div>
    <p id="map-help" class="note script">Drag to move, Ctrl and the wheel to zoom (after a click the \
    wheel alone). On the keyboard: arrows move, + and − zoom, 0 shows all, N and P walk through the \
    tensors, Enter pins one, Escape lets go.</p>
    <div id="pinned" class="script" aria-live="polite"></div>
    </section>

    """
  }

  // MARK: Tables

  private var peak: String {
    guard let step = facts.peakStep else { return "" }
    let live = facts.liveStorages(at: step.index)
    let position = positions
    let rows = live.prefix(Self.listedTensors).map { storage in
      let tensor = storage.tensor
      return "<tr data-tensor=\"\(position[tensor.name] ?? -1)\"><td class=\"number\">"
        + "\(Self.size(tensor.bytes))</td><td class=\"name\"><bdi>\(tensor.name.html)</bdi></td>"
        + "<td>\(tensor.role.html)</td><td class=\"type\">\(tensor.typeAndShape.html)</td>"
        + "<td class=\"number\">\(ReportText.grouped(storage.first)) – \(ReportText.grouped(storage.last))</td></tr>\n"
    }
    return """
      <section aria-labelledby="peak-title">
      <h2 id="peak-title">What is live at the peak</h2>
      <p>Step \(ReportText.grouped(step.index)) of 0 – \(ReportText.grouped(plan.steps.count - 1)) runs \
      <code>\(step.op.html)</code> <code><bdi>\(step.node.html)</bdi></code> with \
      \(ReportText.counted(live.count, "live tensor"))\
      \(step.workspaceBytes > 0 ? " and \(Self.size(step.workspaceBytes)) of workspace" : "").</p>
      <div class="scroll"><table>
      <thead><tr><th class="number">Bytes</th><th>Tensor</th><th>Role</th><th>Type</th>\
      <th class="number">Steps</th></tr></thead>
      <tbody>
      \(rows.joined())</tbody>
      </table></div>
      \(Self.rest(live.count - rows.count))</section>

      """
  }

  private var tables: String {
    """
    <section class="script" aria-labelledby="tables-title">
    <h2 id="tables-title">All tensors and steps</h2>
    <div id="tables"></div>
    </section>

    """
  }

  private var proof: String {
    let witness = plan.witness
    let position = positions
    let rows = witness.tensors.prefix(Self.listedTensors).map { item in
      "<tr data-tensor=\"\(position[item.name] ?? -1)\"><td class=\"number\">"
        + "\(Self.size(item.bytes))</td><td class=\"name\"><bdi>\(item.name.html)</bdi></td>"
        + "<td>\(item.why.html)</td></tr>\n"
    }
    var table = ""
    if !rows.isEmpty {
      table = """
        <div class="scroll"><table>
        <thead><tr><th class="number">Bytes</th><th>Tensor</th><th>Why it is live</th></tr></thead>
        <tbody>
        \(rows.joined())</tbody>
        </table></div>
        \(Self.rest(witness.tensors.count - rows.count))
        """
    }
    let passes = plan.passes.map {
      "<tr><td><code>\($0.name.html)</code></td><td>\($0.outcome.html)</td>"
        + "<td class=\"number\">\(Self.size($0.peakBefore))</td>"
        + "<td class=\"number\">\(Self.size($0.peakAfter))</td></tr>\n"
    }
    return """
      <section aria-labelledby="proof-title">
      <h2 id="proof-title">Why no order needs less</h2>
      <p>\(Self.capitalized(facts.proof).html), because \(facts.reason.html).</p>
      \(table)</section>
      <section aria-labelledby="passes-title">
      <h2 id="passes-title">How it was found</h2>
      <div class="scroll"><table>
      <thead><tr><th>Stage</th><th>Outcome</th><th class="number">Peak before</th>\
      <th class="number">Peak after</th></tr></thead>
      <tbody>
      \(passes.joined())</tbody>
      </table></div>
      </section>

      """
  }

  private var footer: String {
    let options = plan.options
    return """
      </main>
      <footer>
      <p>Sizes are rounded up to \(options.alignment) bytes; 1 MiB is 2<sup>20</sup> bytes. In place: \
      \(options.inplace.html). Inputs and outputs: \(options.io.html). Order: \(options.order.html). \
      Layout: \(options.layout.html). Slices: \(options.slices ? "yes" : "no").</p>
      <p><bdi>\(plan.model.path.html)</bdi>, graph <code>\(plan.model.fingerprint.html)</code>.</p>
      </footer>

      """
  }

  // MARK: Text

  private var positions: [String: Int] {
    Dictionary(plan.tensors.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// A size with its exact bytes where the pointer rests on it.
  private static func size(_ bytes: Int) -> String {
    "<span title=\"\(ReportText.grouped(bytes)) bytes\">\(ReportText.size(bytes))</span>"
  }

  private static func difference(_ own: Int, _ other: Int) -> String {
    guard own != other, other > 0 else { return "the same" }
    let ratio = Double(own) / Double(other) - 1
    let sign = ratio < 0 ? "−" : "+"
    return ratio.magnitude < 0.0001
      ? "\(sign)\(ReportText.size(abs(own - other)))" : "\(sign)\(ReportText.percent(ratio))"
  }

  private static func rest(_ count: Int) -> String {
    guard count > 0 else { return "" }
    return "<p class=\"note\">and \(ReportText.grouped(count)) smaller "
      + "\(count == 1 ? "one" : "ones")</p>\n"
  }

  /// A part of a whole as a percentage that style sheets understand.
  private static func share(_ part: Int, of whole: Int) -> String {
    let thousandths = Int((Double(part) / Double(whole) * 100_000).rounded())
    return "\(thousandths / 1000).\("\(thousandths % 1000 + 1000)".dropFirst())%"
  }

  private static func capitalized(_ sentence: String) -> String {
    sentence.prefix(1).uppercased() + sentence.dropFirst()
  }
}
