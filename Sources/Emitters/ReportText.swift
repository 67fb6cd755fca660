// SPDX-License-Identifier: Apache-2.0

import GraphIR
package import Planning

/// The words and columns that reports are made of.
package enum ReportText {
  /// A number of bytes in its largest binary unit.
  package static func size(_ bytes: Int) -> String { ByteCount(bytes).description }

  /// A number and its noun: `1 tensor`, `2 tensors`.
  package static func counted(_ count: Int, _ noun: String) -> String {
    "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")"
  }

  /// Digits in groups of three: `9,633,792`.
  package static func grouped(_ value: Int) -> String {
    var groups: [Substring] = []
    var digits = Substring(String(value))
    while digits.count > 3 {
      groups.append(digits.suffix(3))
      digits = digits.dropLast(3)
    }
    groups.append(digits)
    return groups.reversed().joined(separator: ",")
  }

  /// A ratio as a percentage with two digits after the point.
  package static func percent(_ ratio: Double) -> String {
    // No size is more than 2^63 times another; beyond 10^14 the digits say nothing any more.
    let hundredths = Int((min(ratio.magnitude, 1e14) * 10_000).rounded())
    let fraction = "\(hundredths % 100 + 100)".dropFirst()
    return "\(hundredths / 100).\(fraction) %"
  }

  /// Whether less than all of a price, in hundredths of a percent, could be saved for what is proven.
  package static func isTelling(_ savablePart: Double) -> Bool { savablePart < 0.99995 }

  /// What part of a price can be saved at most, or a dash where it could be all for what is known.
  package static func savable(_ part: Double?, without dash: String) -> String {
    guard let part, isTelling(part) else { return dash }
    return part == 0 ? "optimal" : "<= \(percent(part))"
  }

  /// A number of floating-point operations in its largest unit.
  package static func operations(_ flops: Int) -> String {
    let units = [(1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP"), (1e3, "kFLOP")]
    for (unit, name) in units where Double(flops) >= unit {
      let hundredths = Int((Double(flops) / unit * 100).rounded())
      return "\(hundredths / 100).\("\(hundredths % 100 + 100)".dropFirst()) \(name)"
    }
    return "\(flops) FLOP"
  }

  /// A duration in its largest unit.
  package static func seconds(_ seconds: Double) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")]
    let (unit, name) = units.first { seconds >= $0.0 } ?? units[3]
    let hundredths = Int((min(seconds / unit, 1e14) * 100).rounded())
    return "\(hundredths / 100).\("\(hundredths % 100 + 100)".dropFirst()) \(name)"
  }

  /// The sizes that were said to be the most that tensors can have, as heads of reports end.
  package static func bounds(_ model: PlannedModel) -> String {
    let list = (model.bounds ?? [:]).sorted { $0.key < $1.key }.map {
      "\($0.key) at most \($0.value.map(String.init).joined(separator: ","))"
    }
    return list.map { ", \($0)" }.joined()
  }

  /// A name with its middle left out where it is longer than it may be.
  package static func shortened(_ name: String, to length: Int) -> String {
    guard name.count > length, length > 2 else { return name }
    let end = (length - 1) / 2
    return "\(name.prefix(length - 1 - end))…\(name.suffix(end))"
  }

  /// Rows in columns, the first to the right where it holds sizes.
  package static func table(_ rows: [[String]], isSizeFirst: Bool = false) -> String {
    table(rows, right: isSizeFirst ? [0] : [])
  }

  /// Rows in columns, indented by two; every column is as wide as its widest cell.
  ///
  /// - Parameter right: The columns whose cells stand to the right.
  package static func table(_ rows: [[String]], right: Set<Int>) -> String {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    var text = ""
    for row in rows {
      var line = " "
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += right.contains(column) ? " \(padding)\(cell)" : " \(cell)\(padding)"
        line += " "
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }
}
