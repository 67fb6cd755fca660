// SPDX-License-Identifier: Apache-2.0

/// A formula in the place of a dimension's name, as exporters write them: `seq*2`, `past + 1`,
/// `floor(h/2 + 1/2)`, `((s0 - 1)//2) + 1`.
///
/// Numbers are exact fractions until the end, where only a whole number is an extent.
struct DimensionExpression: Hashable, Sendable {
  private indirect enum Term: Hashable, Sendable {
    case number(Int)
    case name(String)
    case call(String, [Term])
  }

  private let root: Term
  /// The names that stand in it, each once, in order.
  let names: [String]

  /// Parses a text.
  ///
  /// - Returns: `nil` if it is no formula, or nothing but a name or a number.
  init?(_ text: String) {
    guard text.utf8.count <= Self.longest else { return nil }
    var parser = Parser(text)
    guard let root = parser.sum(depth: 0), parser.isAtEnd, case .call = root else { return nil }
    self.root = root
    names = parser.names
  }

  /// The longest text that is parsed, in bytes.
  private static let longest = 2048
  /// How deep formulas may nest.
  private static let deepest = 64

  /// The number that the formula comes to.
  ///
  /// - Parameter value: The number of a name, if there is one.
  /// - Returns: `nil` if a name has none, or the result is no whole number or none that fits.
  func value(_ value: (String) -> Int?) -> Int? {
    guard let result = Self.value(of: root, value), result.divisor == 1 else { return nil }
    return result.number
  }

  /// The number of the one name that has none yet, if the formula comes to a given number.
  ///
  /// Formulas in dimensions grow with what stands in them; where one is not linear, the number is
  /// searched for, and where several would do, the least is taken.
  ///
  /// - Returns: `nil` if more than one name is open, or no number will do.
  func solved(
    for total: Int, _ value: (String) -> Int?
  ) -> (name: String, number: Int)? {
    let open = names.filter { value($0) == nil }
    guard open.count == 1, (0...OperatorContext.extentLimit).contains(total) else { return nil }
    func result(_ number: Int) -> Int? { self.value { $0 == open[0] ? number : value($0) } }
    var (low, high) = (0, OperatorContext.extentLimit)
    // The least number at which the formula is not below the total.
    while low < high {
      let middle = low + (high - low) / 2
      // A fraction is between its neighbours.
      guard let found = result(middle) ?? result(middle + 1) else {
        // Far too much overflows.
        if middle > 1 << 20 {
          high = middle
          continue
        }
        return linear(result, total, open[0])
      }
      if found < total { low = middle + 1 } else { high = middle }
    }
    if result(low) == total { return (open[0], low) }
    return linear(result, total, open[0])
  }

  private func linear(
    _ result: (Int) -> Int?, _ total: Int, _ name: String
  ) -> (name: String, number: Int)? {
    for (a, b) in [(1, 2), (2, 4), (0, 1), (60, 120)] {
      guard let first = result(a), let second = result(b), first != second,
        first.magnitude < 1 << 50, second.magnitude < 1 << 50
      else { continue }
      let distance = (total - first) * (b - a)
      guard distance % (second - first) == 0 else { continue }
      let number = a + distance / (second - first)
      if number >= 0, result(number) == total { return (name, number) }
    }
    return nil
  }

  // MARK: Numbers

  /// A fraction in lowest terms.
  private struct Fraction {
    let number: Int
    let divisor: Int

    init(_ number: Int) { (self.number, divisor) = (number, 1) }

    init?(_ number: Int, over divisor: Int) {
      guard divisor != 0, number != .min, divisor != .min else { return nil }
      var (a, b) = (number.magnitude, divisor.magnitude)
      while b != 0 { (a, b) = (b, a % b) }
      let common = Int(max(a, 1)) * (divisor < 0 ? -1 : 1)
      (self.number, self.divisor) = (number / common, divisor / common)
    }

    var floor: Int {
      let quotient = number / divisor
      return number % divisor < 0 ? quotient - 1 : quotient
    }

    func plus(_ other: Fraction) -> Fraction? {
      guard let a = Self.product(number, other.divisor),
        let b = Self.product(other.number, divisor),
        let below = Self.product(divisor, other.divisor)
      else { return nil }
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? nil : Fraction(sum, over: below)
    }

    func times(_ other: Fraction) -> Fraction? {
      guard let above = Self.product(number, other.number),
        let below = Self.product(divisor, other.divisor)
      else { return nil }
      return Fraction(above, over: below)
    }

    func over(_ other: Fraction) -> Fraction? {
      guard let above = Self.product(number, other.divisor),
        let below = Self.product(divisor, other.number)
      else { return nil }
      return Fraction(above, over: below)
    }

    private static func product(_ a: Int, _ b: Int) -> Int? {
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? nil : product
    }
  }

  private static func value(of term: Term, _ value: (String) -> Int?) -> Fraction? {
    switch term {
    case .number(let number): return Fraction(number)
    case .name(let name): return value(name).map { Fraction($0) }
    case .call(let function, let terms):
      var values: [Fraction] = []
      for term in terms {
        guard let next = self.value(of: term, value) else { return nil }
        values.append(next)
      }
      return apply(function, values)
    }
  }

  /// The functions that tools write, by the names that they give them.
  private static func apply(_ function: String, _ values: [Fraction]) -> Fraction? {
    guard let first = values.first else { return nil }
    switch (function, values.count) {
    case ("+", 2): return first.plus(values[1])
    case ("*", 2): return first.times(values[1])
    case ("/", 2), ("IntTrueDiv", 2), ("FloatTrueDiv", 2): return first.over(values[1])
    case ("//", 2), ("FloorDiv", 2), ("CleanDiv", 2), ("TruncDiv", 2):
      return first.over(values[1]).map { Fraction($0.floor) }
    case ("CeilDiv", 2): return first.over(values[1]).flatMap(ceiling)
    case ("%", 2), ("Mod", 2), ("mod", 2), ("PythonMod", 2):
      guard let whole = first.over(values[1]).map({ Fraction($0.floor) }),
        let part = whole.times(values[1])?.times(Fraction(-1))
      else { return nil }
      return first.plus(part)
    case ("**", 2):
      guard values[1].divisor == 1, (0...8).contains(values[1].number) else { return nil }
      var result = Fraction(1)
      for _ in 0..<values[1].number {
        guard let next = result.times(first) else { return nil }
        result = next
      }
      return result
    case ("floor", 1), ("FloorToInt", 1), ("TruncToInt", 1): return Fraction(first.floor)
    case ("ceiling", 1), ("ceil", 1), ("CeilToInt", 1): return ceiling(first)
    case ("Identity", 1), ("ToFloat", 1), ("int", 1): return first
    case ("abs", 1), ("Abs", 1): return first.number < 0 ? first.times(Fraction(-1)) : first
    case ("max", _), ("Max", _): return extreme(values) { $0 > 0 }
    case ("min", _), ("Min", _): return extreme(values) { $0 < 0 }
    default: return nil
    }
  }

  private static func ceiling(_ value: Fraction) -> Fraction? {
    value.times(Fraction(-1)).map { Fraction(-$0.floor) }
  }

  private static func extreme(_ values: [Fraction], _ isBetter: (Int) -> Bool) -> Fraction? {
    var best = values[0]
    for value in values.dropFirst() {
      guard let difference = best.times(Fraction(-1))?.plus(value) else { return nil }
      if isBetter(difference.number) { best = value }
    }
    return best
  }

  // MARK: Text

  /// Descends through sums, products, powers and what they are made of.
  private struct Parser {
    private let text: [UInt8]
    private var place = 0
    private(set) var names: [String] = []

    init(_ text: String) { self.text = Array(text.utf8) }

    var isAtEnd: Bool {
      mutating get {
        skipSpaces()
        return place == text.count
      }
    }

    private mutating func skipSpaces() {
      while place < text.count, text[place] == UInt8(ascii: " ") { place += 1 }
    }

    private mutating func take(_ sign: String) -> Bool {
      skipSpaces()
      let bytes = Array(sign.utf8)
      guard text.count - place >= bytes.count, Array(text[place..<place + bytes.count]) == bytes
      else { return false }
      place += bytes.count
      return true
    }

    mutating func sum(depth: Int) -> Term? {
      guard depth < DimensionExpression.deepest else { return nil }
      guard var total = product(depth: depth + 1) else { return nil }
      var count = 0
      while true {
        count += 1
        guard count < DimensionExpression.deepest else { return nil }
        if take("+") {
          guard let next = product(depth: depth + 1) else { return nil }
          total = .call("+", [total, next])
        } else if take("-") {
          guard let next = product(depth: depth + 1) else { return nil }
          total = .call("+", [total, .call("*", [.number(-1), next])])
        } else {
          return total
        }
      }
    }

    private mutating func product(depth: Int) -> Term? {
      guard depth < DimensionExpression.deepest, var total = power(depth: depth + 1) else {
        return nil
      }
      var count = 0
      while true {
        count += 1
        guard count < DimensionExpression.deepest else { return nil }
        // The longer signs first.
        guard let sign = ["//", "*", "/", "%"].first(where: { take($0) }) else { return total }
        guard let next = power(depth: depth + 1) else { return nil }
        total = .call(sign, [total, next])
      }
    }

    private mutating func power(depth: Int) -> Term? {
      guard depth < DimensionExpression.deepest else { return nil }
      if take("-") {
        return power(depth: depth + 1).map { .call("*", [.number(-1), $0]) }
      }
      guard let base = atom(depth: depth + 1) else { return nil }
      if take("**") || take("^") {
        return power(depth: depth + 1).map { .call("**", [base, $0]) }
      }
      return base
    }

    private mutating func atom(depth: Int) -> Term? {
      if take("(") {
        guard let inner = sum(depth: depth + 1), take(")") else { return nil }
        return inner
      }
      skipSpaces()
      let start = place
      while place < text.count, Self.isWord(text[place]) { place += 1 }
      guard place > start else { return nil }
      let word = String(decoding: text[start..<place], as: UTF8.self)
      if let number = Int(word) { return .number(number) }
      guard !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[start]) else { return nil }
      if place < text.count, text[place] == UInt8(ascii: "(") {
        place += 1
        var terms: [Term] = []
        repeat {
          guard terms.count < 16, let next = sum(depth: depth + 1) else { return nil }
          terms.append(next)
        } while take(",")
        return take(")") ? .call(word, terms) : nil
      }
      if !names.contains(word) { names.append(word) }
      return .name(word)
    }

    /// Letters, digits, and what names of dimensions have besides.
    private static func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x80...:
        true
      default: false
      }
    }
  }
}
