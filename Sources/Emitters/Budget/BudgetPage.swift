// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes a budget curve as one page for a browser: what each amount of memory costs in operations run
/// again and in bytes moved, as a picture and as a table.
///
/// The page loads nothing and runs nothing: style and pictures are in it, and its security policy
/// forbids the rest.
public struct BudgetPage: Sendable {
  private let model: String
  private let curve: BudgetCurve

  /// - Parameters:
  ///   - model: The path of the model, as it was given.
  ///   - curve: What its budgets cost.
  public init(model: String, curve: BudgetCurve) {
    self.model = model
    self.curve = curve
  }

  /// The page.
  ///
  /// - Complexity: O(points).
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func write(_ text: String) { bytes += text.utf8 }
    write(PageHead(model: model, title: "what memory costs", runsScripts: false).html)
    write("<style>\n")
    bytes += PackageResources.page_css
    write("</style>\n</head>\n<body>\n")
    write(header + figures + pictures + table + footer)
    write("</body>\n</html>\n")
    return bytes
  }

  private var modelName: String { PageHead.name(ofModelAt: model) }

  private var header: String {
    let least = planned.map(\.total).min() ?? curve.plainBytes
    return """
      <header>
      <p class="kicker">graphopt budget curve</p>
      <h1><bdi>\(modelName.html)</bdi></h1>
      <p class="about">what memory costs, \(ReportText.counted(curve.points.count, "budget"))</p>
      <div class="verdict open">
      <p class="word">\(ReportText.size(curve.plainBytes)) – \(ReportText.size(least))</p>
      <p class="sentence">needs <b>\(Self.size(curve.plainBytes))</b> by order and layout alone, and \
      <b>\(Self.size(least))</b> at the highest price found; nothing runs below \
      \(Self.size(curve.floorBytes)).</p>
      </div>
      </header>
      <main>

      """
  }

  private var figures: String {
    let dearest = planned.last { $0.price != PlanPrice() }?.price ?? PlanPrice()
    let tiles = [
      ("Weights and state", Self.size(curve.residentBytes), "resident in the plan without a price"),
      ("One run", ReportText.operations(curve.flops), "every operator once"),
      (
        "Run again at the lowest budget", ReportText.operations(dearest.recomputeFlops),
        "\(ReportText.counted(dearest.recomputeSteps, "step")), "
          + ReportText.percent(ratio(dearest.recomputeFlops)) + " of a run"
      ),
      (
        "Moved at the lowest budget", Self.size(dearest.spillBytes + dearest.fetchBytes),
        "\(ReportText.size(dearest.spillBytes)) out, \(ReportText.size(dearest.fetchBytes)) back"
      ),
    ]
    let items = tiles.map {
      "<div><dt>\($0.0)</dt><dd><b>\($0.1)</b><small>\($0.2)</small></dd></div>\n"
    }
    return "<dl class=\"figures\">\n\(items.joined())</dl>\n"
  }

  // MARK: Pictures

  /// The points with a plan.
  private var planned: [(total: Int, price: PlanPrice, point: BudgetCurve.Point)] {
    curve.points.compactMap { point in
      guard let total = point.totalBytes, let price = point.price else { return nil }
      return (total, price, point)
    }
  }

  private func ratio(_ flops: Int) -> Double {
    curve.flops > 0 ? Double(flops) / Double(curve.flops) : 0
  }

  private var pictures: String {
    let missing = curve.points.filter { $0.totalBytes == nil }.map(\.budgetBytes)
    func panel(
      _ title: String, _ unit: BudgetPicture.Unit, _ value: (PlanPrice) -> Double,
      others: [(name: String, style: String)] = []
    ) -> String {
      let own = planned.map { entry in
        BudgetPicture.Mark(
          bytes: entry.total, value: value(entry.price), label: label(of: entry.point))
      }
      var lines = [BudgetPicture.Line(name: "this plan", style: "plan", marks: own)]
      for other in others {
        // The plain plan moves nothing in either.
        let marks = curve.points.enumerated().compactMap { index, point in
          (index == 0 ? 0 : point.baselines[other.name]).map { moved in
            BudgetPicture.Mark(
              bytes: point.budgetBytes, value: Double(moved),
              label: "\(other.name): \(ReportText.size(moved)) moved within "
                + ReportText.size(point.budgetBytes))
          }
        }
        if marks.count > 1 {
          lines.append(BudgetPicture.Line(name: other.name, style: other.style, marks: marks))
        }
      }
      let picture = BudgetPicture(
        title: title, unit: unit, lines: lines, floor: curve.floorBytes, missing: missing,
        domain: min(curve.floorBytes, curve.plainBytes)...max(curve.floorBytes, curve.plainBytes))
      let id = unit == .ratio ? "again" : "moved"
      return """
        <section aria-labelledby="\(id)-title">
        <h2 id="\(id)-title">\(title)</h2>
        \(picture.keys)<div style="overflow-x:auto">\(picture.svg)</div>
        </section>

        """
    }
    return panel("Operations run again, of a run", .ratio) { ratio($0.recomputeFlops) }
      + panel(
        "Bytes moved between the memories", .bytes, { Double($0.spillBytes + $0.fetchBytes) },
        others: [("belady", "second"), ("greedy", "third")])
  }

  private func label(of point: BudgetCurve.Point) -> String {
    guard let total = point.totalBytes, let price = point.price else { return point.outcome }
    return "\(ReportText.size(total)): \(ReportText.operations(price.recomputeFlops)) again, "
      + "\(ReportText.size(price.spillBytes)) spilled, \(ReportText.size(price.fetchBytes)) fetched; "
      + point.outcome
  }

  // MARK: Table

  private var table: String {
    let rows = curve.points.map { point in
      guard let total = point.totalBytes, let price = point.price else {
        return "<tr><td class=\"number\">\(Self.size(point.budgetBytes))</td>"
          + "<td class=\"number\">–</td><td colspan=\"8\"></td><td>\(point.outcome.html)</td></tr>\n"
      }
      let cells = [
        Self.size(point.budgetBytes), Self.size(total), ReportText.grouped(price.recomputeSteps),
        ReportText.operations(price.recomputeFlops),
        ReportText.percent(ratio(price.recomputeFlops)), Self.size(price.spillBytes),
        Self.size(price.fetchBytes), price.seconds.map(ReportText.seconds) ?? "–",
        ReportText.savable(price.savablePart, without: "–").html,
        ReportText.savable(price.savableInAnyOrderPart, without: "–").html,
      ]
      return "<tr>" + cells.map { "<td class=\"number\">\($0)</td>" }.joined()
        + "<td style=\"min-width:16rem\">\(point.outcome.html)</td></tr>\n"
    }
    let heads = [
      "Budget", "Needs", "Steps again", "Operations", "Of a run", "Spilled", "Fetched", "Time",
      "Savable", "In any order",
    ]
    return """
      <section aria-labelledby="table-title">
      <h2 id="table-title">Every budget that was planned</h2>
      <div class="scroll"><table>
      <thead><tr>\(heads.map { "<th class=\"number\">\($0)</th>" }.joined())<th>How</th></tr></thead>
      <tbody>
      \(rows.joined())</tbody>
      </table></div>
      </section>

      """
  }

  private var footer: String {
    """
    </main>
    <footer>
    <p>Sizes count weights, state and arena together; 1 MiB is 2<sup>20</sup> bytes. A line holds from \
    the memory that a plan needs up to what the next one does. Every plan was checked. \
    Savable is the part of a price that could be saved for what is proven: in the plan's order, in any.\
    \(curve.points.contains { !$0.baselines.isEmpty }
      ? " belady and greedy: what runtimes without a plan would move." : "")</p>
    <p><bdi>\(model.html)</bdi></p>
    </footer>

    """
  }

  /// A size with its exact bytes where the pointer rests on it.
  private static func size(_ bytes: Int) -> String {
    "<span title=\"\(ReportText.grouped(bytes)) bytes\">\(ReportText.size(bytes))</span>"
  }
}
