// SPDX-License-Identifier: Apache-2.0

/// A picture of prices over memory, as SVG in the colours of the page's style sheet.
///
/// Memory runs to the right, so that lines fall from the floor on the left to nothing on the right.
struct BudgetPicture {
  /// What the prices count.
  enum Unit {
    case bytes
    /// Parts of a run.
    case ratio
  }

  /// One plan.
  struct Mark {
    /// The memory that it needs.
    var bytes: Int
    var value: Double
    /// What is told where the pointer rests on it.
    var label: String
  }

  /// The plans of one kind.
  struct Line {
    var name: String
    /// Which of the style sheet's lines it is: `plan`, `second`, `third`.
    var style: String
    var marks: [Mark]
  }

  let title: String
  let unit: Unit
  let lines: [Line]
  /// What no plan is below.
  let floor: Int
  /// The budgets for which no plan was found.
  let missing: [Int]
  /// The memory from the left to the right.
  let domain: ClosedRange<Int>

  private static let (width, height) = (960.0, 300.0)
  private static let (left, right, top, bottom) = (92.0, 24.0, 14.0, 40.0)

  /// What the lines are, for above the picture.
  var keys: String {
    var keys = lines.map { line in
      let dash = line.style == "second" ? " dash" : line.style == "third" ? " dot" : ""
      return
        "<span><i class=\"stroke\(dash)\" style=\"border-color:var(--\(line.style)-line)\"></i>"
        + "\(line.name)</span>"
    }
    keys.append(
      "<span><i class=\"stroke dash\" style=\"border-color:var(--bound-line)\"></i>"
        + "nothing runs below</span>")
    if !missing.isEmpty {
      keys.append("<span><b style=\"color:var(--budget-line)\">×</b>&nbsp;no plan found</span>")
    }
    return "<div class=\"keys\">\(keys.joined())</div>\n"
  }

  /// The picture.
  ///
  /// - Complexity: O(marks · log marks).
  var svg: String {
    let highest = lines.flatMap(\.marks).map(\.value).max() ?? 0
    let rows = Self.ticks(upTo: highest, unit)
    let scale = max(rows.last ?? 0, highest)
    let span = Double(max(domain.upperBound - domain.lowerBound, 1))
    let (inner, depth) = (
      Self.width - Self.left - Self.right, Self.height - Self.top - Self.bottom
    )
    let base = Self.top + depth
    func x(_ bytes: Int) -> Double {
      // A little air at both ends.
      let share = Double(bytes - domain.lowerBound) / span
      return Self.left + inner * (0.02 + 0.96 * min(max(share, -0.02), 1.02))
    }
    func y(_ value: Double) -> Double {
      base - (scale > 0 ? depth * 0.97 * value / scale : 0)
    }
    var text = """
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" width="100%" \
      aria-label="\(label.html)" style="display:block;min-width:42rem;font-size:12px">

      """
    for row in rows {
      text += Self.line(Self.left, y(row), Self.width - Self.right, y(row), "--line")
      let name =
        unit == .ratio
        ? Self.name(of: row, unit)
        : Self.round(Int(row), step: Int(rows.count > 1 ? rows[1] : 0))
      text += Self.text(Self.left - 8, y(row) + 4, "end", name)
    }
    let columns = Self.ticks(from: domain)
    for column in columns {
      let step = columns.count > 1 ? columns[1] - columns[0] : column
      text += Self.line(x(column), base, x(column), base + 5, "--faint")
      text += Self.text(x(column), base + 20, "middle", Self.round(column, step: step))
    }
    text += Self.line(
      x(floor), Self.top, x(floor), base, "--bound-line",
      " stroke-width=\"2\" stroke-dasharray=\"6 4\"")
    for line in lines.reversed() { text += drawn(line, x, y) }
    for budget in missing {
      text +=
        "<text x=\"\(Self.number(x(budget)))\" y=\"\(Self.number(base - 6))\" "
        + "text-anchor=\"middle\" fill=\"var(--budget-line)\" font-size=\"18\">×"
        + "<title>no plan found within \(ReportText.size(budget))</title></text>\n"
    }
    return text + "</svg>"
  }

  /// A line of steps, and a dot for each plan.
  private func drawn(
    _ line: Line, _ x: (Int) -> Double, _ y: (Double) -> Double
  ) -> String {
    // A plan holds for all memory from what it needs up to what the next one does.
    let marks = line.marks.enumerated().sorted {
      ($0.element.bytes, $0.element.value, $0.offset)
        < ($1.element.bytes, $1.element.value, $1.offset)
    }.map(\.element)
    var path = ""
    for mark in marks {
      path +=
        path.isEmpty
        ? "M\(Self.number(x(mark.bytes))) \(Self.number(y(mark.value)))"
        : "H\(Self.number(x(mark.bytes)))V\(Self.number(y(mark.value)))"
    }
    if !marks.isEmpty { path += "H\(Self.number(Self.width - Self.right))" }
    let dash =
      line.style == "second"
      ? " stroke-dasharray=\"7 4\""
      : line.style == "third" ? " stroke-dasharray=\"2 4\"" : ""
    let colour = "var(--\(line.style)-line)"
    var text =
      "<path d=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2.5\"\(dash)/>\n"
    for mark in marks {
      text +=
        "<circle cx=\"\(Self.number(x(mark.bytes)))\" cy=\"\(Self.number(y(mark.value)))\" "
        + "r=\"\(line.style == "plan" ? "5" : "3.5")\" fill=\"\(colour)\" stroke=\"var(--page)\" "
        + "stroke-width=\"1.5\"><title>\(mark.label.html)</title></circle>\n"
    }
    return text
  }

  private var label: String {
    let own = lines.first?.marks ?? []
    let highest = own.map(\.value).max() ?? 0
    return "\(title), over the memory that is needed: from none at "
      + "\(ReportText.size(domain.upperBound)) to \(Self.name(of: highest, unit)) at "
      + "\(ReportText.size(own.map(\.bytes).min() ?? domain.lowerBound))."
  }

  // MARK: Ticks

  /// Round numbers from 0 to the first one that is no smaller than the highest value; 0 alone where
  /// nothing costs anything.
  static func ticks(upTo highest: Double, _ unit: Unit) -> [Double] {
    guard highest > 0, highest.isFinite else { return [0] }
    let step = unit == .bytes ? binaryStep(highest / 4) : decimalStep(highest / 4)
    var ticks = [0.0]
    while let last = ticks.last, last < highest, ticks.count < 12 { ticks.append(last + step) }
    return ticks
  }

  /// Round sizes within a range of memory, at most eight of them.
  static func ticks(from domain: ClosedRange<Int>) -> [Int] {
    guard domain.upperBound > domain.lowerBound else { return [domain.lowerBound] }
    let step = Int(binaryStep(Double(domain.upperBound - domain.lowerBound) / 6))
    let first = (domain.lowerBound + step - 1) / step
    let ticks = (0..<8).map { (first + $0) * step }.filter { $0 <= domain.upperBound }
    return ticks.isEmpty ? [domain.lowerBound] : ticks
  }

  /// The first of 1, 2 and 5 times a power of ten that is no smaller.
  ///
  /// - Precondition: The value is above zero and finite.
  private static func decimalStep(_ value: Double) -> Double {
    precondition(value > 0 && value.isFinite, "steps are those of something that has a height")
    var power = 1.0
    while power > value { power /= 10 }
    while power * 10 <= value { power *= 10 }
    return [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= value } ?? 10 * power
  }

  /// The same in the largest unit of bytes of which there is one.
  private static func binaryStep(_ value: Double) -> Double {
    var unit = 1.0
    while unit * 1024 <= value, unit < 0x1p50 { unit *= 1024 }
    // Not 1,000 of a unit: that is about one of the next.
    return value > 500 * unit ? 1024 * unit : max(decimalStep(value / unit), 1) * unit
  }

  private static func name(of value: Double, _ unit: Unit) -> String {
    switch unit {
    case .bytes: ReportText.size(Int(value))
    case .ratio: ReportText.percent(value).replacing(".00 %", with: " %")
    }
  }

  /// A multiple of a step, in the largest unit of which the step is some.
  static func round(_ bytes: Int, step: Int) -> String {
    var (unit, names) = (1, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"][...])
    while names.count > 1, step >= unit * 1024, step % (unit * 1024) == 0 {
      unit *= 1024
      names.removeFirst()
    }
    return bytes % unit == 0
      ? "\(ReportText.grouped(bytes / unit)) \(names[names.startIndex])" : ReportText.size(bytes)
  }

  // MARK: Elements

  /// A number with two digits behind the point.
  private static func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return hundredths % 100 == 0
      ? "\(hundredths / 100)"
      : "\(hundredths / 100).\("\(abs(hundredths) % 100 + 100)".dropFirst())"
  }

  private static func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, _ more: String = ""
  ) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
      + "stroke=\"var(\(colour))\"\(more)/>\n"
  }

  private static func text(
    _ x: Double, _ y: Double, _ anchor: String, _ content: String
  ) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\" "
      + "fill=\"var(--soft)\">\(content)</text>\n"
  }
}
