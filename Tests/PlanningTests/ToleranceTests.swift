// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport
import Testing

@Suite struct ToleranceTests {
  @Test(arguments: [
    ("0", 1000, 0), ("1%", 1000, 10), ("0.5%", 1000, 5), ("0.05%", 1000, 0), ("100%", 7, 7),
    ("2KiB", 1000, 2048), ("12.5%", 8, 1), ("12.5%", 7, 0), ("0%", .max, 0), ("250 %", 4, 10),
    ("0.0001%", 1_000_000, 1), ("100%", .max, .max), ("200%", .max, .max), ("1%", 0, 0),
  ])
  func `what is allowed is rounded down`(_ text: String, _ bytes: Int, _ expected: Int) throws {
    #expect(try Tolerance(parsing: text).allowance(for: bytes) == expected)
  }

  @Test(arguments: ["0", "1%", "0.5%", "12.5%", "0.0001%", "65536", "999999999%", "100%"])
  func `the description is read back as the same tolerance`(_ text: String) throws {
    let tolerance = try Tolerance(parsing: text)
    #expect(try Tolerance(parsing: tolerance.description) == tolerance)
  }

  @Test(arguments: [
    "", "%", "-1%", "1.%", ".5%", "1.23456%", "1,5%", "x%", "NaN%", "inf%", "1e3%", "9999999999%",
    "-1", "8G", "NaN", "+1%", "1%%", "٣%",
  ])
  func `what is no tolerance is refused`(_ text: String) {
    #expect(throws: ToleranceError.self) { try Tolerance(parsing: text) }
  }

  /// Against the same with exact fractions: `before · p / 100`, rounded down.
  @Test(arguments: Seeds.first(200)) func `percentages are exact`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let whole = Int.random(in: 0...500, using: &random)
    let rest = Int.random(in: 0...9999, using: &random)
    let bytes = Int.random(in: 0...1 << 40, using: &random)
    let digits = String(rest + 10_000).dropFirst()
    let expected = bytes * (whole * 10_000 + rest) / 1_000_000
    #expect(try Tolerance(parsing: "\(whole).\(digits)%").allowance(for: bytes) == expected)
  }
}
