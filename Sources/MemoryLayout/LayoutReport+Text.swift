// SPDX-License-Identifier: Apache-2.0

extension LayoutReport {
  /// What a person wants to know first, a line each.
  public func text(of problem: LayoutProblem, capacity: Int?) -> [UInt8] {
    var lines: [String] = []
    if let capacity {
      switch verdict(capacity: capacity) {
      case .fits:
        lines.append("fits: \(solution.height) of \(capacity) bytes")
      case .infeasible:
        lines.append("does not fit: every layout needs \(lowerBound) bytes, \(capacity) are there")
      case .stopped:
        lines.append(
          "not known to fit: the best layout has \(solution.height) bytes, \(capacity) are there")
      }
    }
    lines.append("height:  \(solution.height) bytes, by \(winner ?? "stacking")")
    switch outcome {
    case .optimal: lines.append("bound:   \(lowerBound) bytes: the height is optimal")
    case .feasible(let gap):
      lines.append("bound:   \(lowerBound) bytes: at most \(Self.percent(gap)) above the optimum")
    }
    lines.append("outcome: \(outcomeName(capacity: capacity))")
    lines.append("buffers: \(problem.buffers.count)")
    for member in members {
      let result =
        switch member.result {
        case .height(let height): "\(height) bytes"
        case .skipped(let reason): "skipped: \(reason)"
        case .notNeeded: "not needed"
        }
      lines.append("  \(member.name): \(result)")
    }
    return Array(lines.map { $0 + "\n" }.joined().utf8)
  }

  /// The same for programs: one object of JSON, keys in ascending order.
  public func json(of problem: LayoutProblem, ids: [String], capacity: Int?) -> [UInt8] {
    var text = "{\"boundBytes\":\(lowerBound)"
    text += ",\"buffers\":["
    for (index, buffer) in problem.buffers.enumerated() {
      text += index == 0 ? "\n" : ",\n"
      text +=
        "{\"id\":\(Self.quoted(ids[index])),\"lower\":\(buffer.lower),"
        + "\"offset\":\(solution.offsets[index]),\"size\":\(buffer.size),\"upper\":\(buffer.upper)}"
    }
    text += "],\n\"capacityBytes\":\(capacity.map { "\($0)" } ?? "null")"
    text += ",\"format\":\"graphopt-layout\",\"gap\":\(gap),\"heightBytes\":\(solution.height)"
    text += ",\"outcome\":\"\(outcomeName(capacity: capacity))\""
    text += ",\"verdict\":\(capacity.map { "\"\(verdict(capacity: $0).rawValue)\"" } ?? "null")"
    text += ",\"version\":1,\"winner\":\(winner.map { Self.quoted($0) } ?? "null")}\n"
    return Array(text.utf8)
  }

  /// (height - bound) / bound; 0 where the height is optimal.
  private var gap: Double {
    if case .feasible(let gap) = outcome { gap } else { 0 }
  }

  /// A part of one, in percent with three digits, rounded up.
  private static func percent(_ part: Double) -> String {
    guard part < 1e9 else { return "infinitely many %" }
    let thousandths = Int((part * 100_000).rounded(.up))
    let fraction = String(thousandths % 1000)
    return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) %"
  }

  private static func quoted(_ string: String) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
