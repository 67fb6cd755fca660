// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("0", 0), ("4096", 4096), ("64B", 64), ("8GB", 8_000_000_000), ("8GiB", 8 << 30),
    ("1.5 MiB", 3 << 19), ("2kB", 2000), ("2KiB", 2048), ("0.1MB", 100_000), ("1_000", 1000),
    (" 7 mb ", 7_000_000), ("1.000000001GB", 1_000_000_001), ("7EiB", 7 << 60),
  ])
  func `a size is read as written`(text: String, bytes: Int) throws {
    #expect(try ByteCount(parsing: text).value == bytes)
  }

  @Test(arguments: [
    ("8G", ByteCountError.ambiguousUnit(number: "8", prefix: "G")),
    ("8Gi", .ambiguousUnit(number: "8", prefix: "G")), ("8XB", .unknownUnit("XB")),
    ("", .notASize("")), ("GB", .notASize("GB")), ("-1", .notASize("-1")),
    ("1.2.3MB", .notASize("1.2.3MB")), (".", .notASize(".")), ("1.5", .notASize("1.5")),
    ("8EiB", .tooLarge("8EiB")), ("99999999999999999999", .tooLarge("99999999999999999999")),
  ])
  func `what is no clear size is refused with the reason`(text: String, error: ByteCountError) {
    #expect(throws: error) { try ByteCount(parsing: text) }
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (1024, "1.000 KiB"), (1536, "1.500 KiB"),
    (9_633_792, "9.188 MiB"), ((1 << 30) - 1, "1.000 GiB"), ((1 << 20) - 1, "1023.999 KiB"),
    (Int.max, "8.000 EiB"),
    (1_048_575_999, "1000.000 MiB"),
  ])
  func `a size is printed in its largest binary unit`(bytes: Int, text: String) {
    #expect(ByteCount(bytes).description == text)
  }

  @Test func `sums and roundings that do not fit are nil`() {
    #expect(ByteCount(Int.max).adding(ByteCount(1)) == nil)
    #expect(ByteCount(Int.max).aligned(to: 64) == nil)
    #expect(ByteCount(65).aligned(to: 64) == ByteCount(128))
    #expect(ByteCount(64).aligned(to: 64) == ByteCount(64))
  }
}
