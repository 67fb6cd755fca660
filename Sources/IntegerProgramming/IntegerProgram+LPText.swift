// SPDX-License-Identifier: Apache-2.0

extension IntegerProgram {
  /// The program in CPLEX LP format, for goldens, bug reports and other solvers.
  ///
  /// Variables and rows come in order of addition, numbers as the shortest text that reads back as
  /// the same double. Brackets in names become parentheses, other characters that the format
  /// refuses become `~` and two hexadecimal digits; unusable or repeated names are numbered.
  ///
  /// - Precondition: the program is valid.
  /// - Complexity: O(v + t) in the v variables and t coefficients, names hashed once each.
  public var lpText: String {
    var text = name.isEmpty ? "" : "\\ \(LPNames.comment(name))\n"
    let names = LPNames(variables.map(\.name), numberedAs: "v")
    let rowNames = LPNames((0..<constraintCount).map { constraint($0).name }, numberedAs: "r")

    // The format has no constants and no empty rows: a column fixed to one stands in for both.
    var needsOne = objective.constant != 0
    text += sense == .minimize ? "Minimize\n" : "Maximize\n"
    var objectiveTerms = objective.terms.map { ($0.coefficient, names[$0.variable.index]) }
    if objective.constant != 0 { objectiveTerms.append((objective.constant, Self.one)) }
    text += Self.line(" objective:", objectiveTerms)

    text += "Subject To\n"
    for index in 0..<constraintCount {
      let row = constraint(index)
      var terms = row.terms.map { ($0.coefficient, names[$0.variable.index]) }
      if terms.isEmpty {
        terms = [(0, Self.one)]
        needsOne = true
      }
      let sign =
        switch row.relation {
        case .atMost: "<="
        case .equal: "="
        case .atLeast: ">="
        }
      let bound = Self.number(row.rightHandSide)
      text += Self.line(" \(rowNames[index]):", terms, suffix: " \(sign) \(bound)")
    }

    text += "Bounds\n"
    for (index, variable) in variables.enumerated() {
      text += Self.boundLine(variable, names[index])
    }
    if needsOne { text += " \(Self.one) = 1\n" }

    let integers = variables.indices.filter { variables[$0].kind != .continuous }
    if !integers.isEmpty {
      // Binaries too: their section would reset bounds that were fixed.
      text += "Generals\n"
      for index in integers { text += " \(names[index])\n" }
    }
    return text + "End\n"
  }

  /// A name that no variable can have, since `~` is always followed by two digits in theirs.
  private static let one = "~one"

  private static func line(
    _ head: String, _ terms: [(Double, String)], suffix: String = ""
  ) -> String {
    var lines = ""
    var line = head
    for (position, (coefficient, name)) in terms.enumerated() {
      let sign = coefficient < 0 ? "-" : (position == 0 ? "" : "+")
      let magnitude = abs(coefficient) == 1 ? "" : "\(number(abs(coefficient))) "
      let term = (sign.isEmpty ? " " : " \(sign) ") + magnitude + name
      // Readers limit the length of a line, not of an expression.
      if line.utf8.count + term.utf8.count > 100, line.utf8.count > 4 {
        lines += line + "\n"
        line = "   "
      }
      line += term
    }
    return lines + line + suffix + "\n"
  }

  private static func boundLine(_ variable: Variable, _ name: String) -> String {
    switch (variable.lower, variable.upper) {
    case (-.infinity, .infinity): " \(name) free\n"
    case (0, .infinity): ""
    case (let lower, .infinity): " \(name) >= \(number(lower))\n"
    case (-.infinity, let upper): " -inf <= \(name) <= \(number(upper))\n"
    case (let lower, let upper) where lower == upper: " \(name) = \(number(lower))\n"
    case (let lower, let upper): " \(number(lower)) <= \(name) <= \(number(upper))\n"
    }
  }

  private static func number(_ value: Double) -> String {
    let text = "\(value == 0 ? 0 : value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// The names of variables or rows as LP text may write them, each different from all others.
private struct LPNames {
  private var names: [String] = []

  subscript(index: Int) -> String { names[index] }

  /// - Parameters:
  ///   - originals: the names to write.
  ///   - letter: stands before the index of a name that cannot be kept; no hexadecimal digit, so
  ///     that no escaped name can look the same.
  init(_ originals: [String], numberedAs letter: Character) {
    var used: Set<String> = []
    names.reserveCapacity(originals.count)
    for (index, original) in originals.enumerated() {
      let name = Self.escaped(original)
      let isUsable = !name.isEmpty && name.utf8.count <= 200 && used.insert(name).inserted
      names.append(isUsable ? name : "~\(letter)\(index)")
    }
  }

  /// A name as it may stand in a comment: one line.
  static func comment(_ name: String) -> String {
    String(name.unicodeScalars.map { $0.value < 32 ? " " : Character($0) })
  }

  private static let keywords: Set<String> = [
    "minimize", "minimum", "min", "maximize", "maximum", "max", "subject", "such", "st", "s.t.",
    "st.", "bounds", "bound", "general", "generals", "gen", "integer", "integers", "int", "binary",
    "binaries", "bin", "free", "inf", "infinity", "end", "sos", "sos1", "sos2", "semi",
    "semi-continuous", "semis", "sec",
  ]

  private static func escaped(_ name: String) -> String {
    let bytes = Array(name.utf8)
    let isKeyword = keywords.contains(name.lowercased())
    var text = ""
    for (position, byte) in bytes.enumerated() {
      let next = position + 1 < bytes.count ? bytes[position + 1] : nil
      if position == 0, isKeyword || !canStart(byte, before: next) {
        text += hexadecimal(byte)
        continue
      }
      switch byte {
      case UInt8(ascii: "["): text += "("
      case UInt8(ascii: "]"): text += ")"
      case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: "#"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += hexadecimal(byte)
      }
    }
    return text
  }

  /// No digit, no period, and nothing that reads as the exponent of a number before it.
  private static func canStart(_ byte: UInt8, before next: UInt8?) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): return false
    case UInt8(ascii: "e"), UInt8(ascii: "E"):
      guard let next else { return false }
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
      return !isDigit && next != UInt8(ascii: "e") && next != UInt8(ascii: "E")
    default: return true
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = Array("0123456789ABCDEF")
    return "~\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
  }
}
