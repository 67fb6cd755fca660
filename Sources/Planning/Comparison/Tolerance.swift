// SPDX-License-Identifier: Apache-2.0

internal import GraphIR

/// How much more something may need before it counts as grown: bytes, or a part of what it needed.
public struct Tolerance: Hashable, Sendable, CustomStringConvertible {
  /// Bytes, or millionths.
  private let amount: Int
  private let isRelative: Bool

  private init(amount: Int, isRelative: Bool) {
    self.amount = amount
    self.isRelative = isRelative
  }

  /// Nothing more at all.
  public static let none = Tolerance(bytes: 0)

  /// A number of bytes.
  ///
  /// - Precondition: It is not negative.
  public init(bytes: Int) {
    precondition(bytes >= 0, "a tolerance is never negative")
    self.init(amount: bytes, isRelative: false)
  }

  /// Millionths of what something needed.
  ///
  /// - Precondition: They are not negative.
  public init(millionths: Int) {
    precondition(millionths >= 0, "a tolerance is never negative")
    self.init(amount: millionths, isRelative: true)
  }

  /// Parses a size (`64KiB`, `0`) or a percentage with up to four digits after the point (`0.5%`).
  ///
  /// - Throws: ``ToleranceError``.
  public init(parsing text: String) throws(ToleranceError) {
    guard text.hasSuffix("%") else {
      do throws(ByteCountError) {
        self.init(bytes: try ByteCount(parsing: text).value)
      } catch { throw .notASize("\(error)") }
      return
    }
    var number = text.dropLast()
    while number.last == " " { number.removeLast() }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? parts[1] : "0"
    guard parts.count <= 2, let first = parts.first, Self.isDigits(first), first.count <= 9,
      Self.isDigits(fraction), fraction.count <= 4, let whole = Int(first),
      let rest = Int(fraction + String(repeating: "0", count: 4 - fraction.count))
    else { throw .notAPercentage(text) }
    self.init(millionths: whole * 10_000 + rest)
  }

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// How many bytes more are allowed for something that needed so many.
  public func allowance(for bytes: Int) -> Int {
    guard isRelative else { return amount }
    let (high, low) = max(bytes, 0).multipliedFullWidth(by: amount)
    // Beyond what can be counted, 2^63, everything is allowed.
    guard high < 500_000 else { return .max }
    return 1_000_000.dividingFullWidth((high, low)).quotient
  }

  /// The tolerance as ``init(parsing:)`` reads it: `64.000 KiB` is `65536 B`.
  public var description: String {
    guard isRelative else { return "\(amount) B" }
    var fraction = String(String(amount % 10_000 + 10_000).dropFirst())
    while fraction.last == "0" { fraction.removeLast() }
    return "\(amount / 10_000)\(fraction.isEmpty ? "" : ".")\(fraction)%"
  }
}

/// Why a text is no tolerance.
@nonexhaustive public enum ToleranceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// It is no size; with the reason.
  case notASize(String)
  /// It ends in a percent sign and is no percentage.
  case notAPercentage(String)

  public var description: String {
    switch self {
    case .notASize(let reason): reason
    case .notAPercentage(let text):
      "'\(text)' is not a percentage; write digits, and at most four after a point, such as 0.5%"
    }
  }
}
