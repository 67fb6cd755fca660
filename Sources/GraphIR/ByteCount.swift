// SPDX-License-Identifier: Apache-2.0

/// A number of bytes: a size, an offset or a sum of sizes. Never negative.
///
/// Arithmetic on values that come from a file goes through ``adding(_:)`` and ``aligned(to:)``,
/// which report overflow. Once a graph is validated every sum of its sizes is known to fit (see
/// ``Graph/validate()``), and planning works on the plain ``value``.
public struct ByteCount: Hashable, Comparable, Sendable {
  /// The count in bytes.
  public let value: Int

  /// Makes a count.
  ///
  /// - Precondition: `value` is not negative.
  public init(_ value: Int) {
    precondition(value >= 0, "a byte count is never negative")
    self.value = value
  }

  /// No bytes.
  public static let zero = ByteCount(0)

  public static func < (a: ByteCount, b: ByteCount) -> Bool { a.value < b.value }

  /// The sum, or `nil` when it does not fit.
  public func adding(_ other: ByteCount) -> ByteCount? {
    let (sum, overflow) = value.addingReportingOverflow(other.value)
    return overflow ? nil : ByteCount(sum)
  }

  /// The least multiple of `alignment` that is not smaller, or `nil` when it does not fit.
  ///
  /// - Precondition: `alignment` is a power of two.
  public func aligned(to alignment: Int) -> ByteCount? {
    let (sum, overflow) = value.addingReportingOverflow(alignment - 1)
    return overflow ? nil : ByteCount(sum & ~(alignment - 1))
  }
}

// MARK: - Text

extension ByteCount: CustomStringConvertible {
  /// The count in the largest binary unit that keeps it at 1 or more, with three digits after the
  /// point: `9.188 MiB`; bytes below 1 KiB: `640 B`.
  public var description: String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    guard value >= 1024 else { return "\(value) B" }
    var unit = 0
    var scale = 1024
    while unit + 1 < units.count, value / scale >= 1024 {
      scale *= 1024
      unit += 1
    }
    let thousandths = Self.rounded(value, per: scale)
    // 1023.9996 KiB rounds to 1024.000 KiB, which is 1.000 MiB.
    if thousandths == 1_024_000, unit + 1 < units.count { return "1.000 \(units[unit + 1])" }
    let fraction = "\(thousandths % 1000 + 1000)".dropFirst()
    return "\(thousandths / 1000).\(fraction) \(units[unit])"
  }

  /// `value / scale` in thousandths, rounded to the nearest, without overflow.
  private static func rounded(_ value: Int, per scale: Int) -> Int {
    let (high, low) = value.multipliedFullWidth(by: 1000)
    let (sum, carry) = low.addingReportingOverflow(UInt(scale / 2))
    return scale.dividingFullWidth((high + (carry ? 1 : 0), sum)).quotient
  }

  /// Parses a size as a person writes it: `8GB` (8 * 10^9), `8GiB` (8 * 2^30), `1.5 MiB`, or bare
  /// bytes.
  ///
  /// - Throws: ``ByteCountError`` when the text is no size, its unit is unknown or could mean two
  ///   things (`8G`), or the size does not fit.
  public init(parsing text: String) throws(ByteCountError) {
    let trimmed = text.drop { $0 == " " }
    let number = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
    let unit = trimmed.dropFirst(number.count).filter { $0 != " " }
    guard !number.isEmpty, number.contains(where: \.isNumber) else { throw .notASize(text) }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2 else { throw .notASize(text) }
    let scale = try Self.scale(of: unit, in: text, number: String(number))

    var total = 0
    for digit in parts[0] where digit != "_" {
      let (product, overflow) = total.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit.wholeNumberValue ?? 0)
      guard !overflow, !carry else { throw .tooLarge(text) }
      total = sum
    }
    let (whole, overflow) = total.multipliedReportingOverflow(by: scale)
    guard !overflow else { throw .tooLarge(text) }
    // Digits after the point, each worth a tenth of the one before, cut below one byte.
    var fraction = 0
    if parts.count == 2 {
      var numerator = 0
      var denominator = 1
      for digit in parts[1].filter({ $0 != "_" }).prefix(9) {
        numerator = numerator * 10 + (digit.wholeNumberValue ?? 0)
        denominator *= 10
      }
      if numerator > 0, scale == 1 { throw .notASize(text) }
      let (high, low) = scale.multipliedFullWidth(by: numerator)
      fraction = denominator.dividingFullWidth((high, low)).quotient
    }
    let (sum, carry) = whole.addingReportingOverflow(fraction)
    guard !carry else { throw .tooLarge(text) }
    self.init(sum)
  }

  private static func scale(
    of unit: String, in text: String, number: String
  ) throws(ByteCountError) -> Int {
    let prefixes = Array("KMGTPE")
    var letters = unit.uppercased()[...]
    if letters.isEmpty || letters == "B" { return 1 }
    guard let first = letters.first, let power = prefixes.firstIndex(of: first) else {
      throw .unknownUnit(unit)
    }
    letters = letters.dropFirst()
    switch letters {
    case "B": return (0...power).reduce(1) { product, _ in product * 1000 }
    case "IB": return 1 << (10 * (power + 1))
    case "", "I": throw .ambiguousUnit(number: number, prefix: String(first))
    default: throw .unknownUnit(unit)
    }
  }
}

/// Why a text is not a size.
@nonexhaustive public enum ByteCountError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no number to read, or more than one point, or a fraction of a byte.
  case notASize(String)
  /// The unit is none of B, kB...EB, KiB...EiB.
  case unknownUnit(String)
  /// The unit could be decimal or binary, as in `8G`.
  case ambiguousUnit(number: String, prefix: String)
  /// The size does not fit 63 bits.
  case tooLarge(String)

  public var description: String {
    switch self {
    case .notASize(let text):
      "'\(text)' is not a size; write bytes, or a number with a unit, such as 8GB or 512KiB"
    case .unknownUnit(let unit):
      "'\(unit)' is not a unit of size; use B, kB, MB, GB (powers of 1000) or KiB, MiB, GiB "
        + "(powers of 1024)"
    case .ambiguousUnit(let number, let prefix):
      "'\(number)\(prefix)' could mean two sizes; write \(number)\(prefix)B (powers of 1000) or "
        + "\(number)\(prefix)iB (powers of 1024)"
    case .tooLarge(let text): "'\(text)' is more bytes than can be counted"
    }
  }
}
