// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Emitters

@Suite struct ReportTextTests {
  @Test(arguments: [
    ("short", 8, "short"), ("just fit", 8, "just fit"), ("one too long", 11, "one t… long"),
    ("abcdefgh", 4, "ab…h"), ("é́tude no. 10", 7, "é́tu… 10"), ("abc", 2, "abc"),
  ])
  func `a long name loses its middle`(_ name: String, _ length: Int, _ text: String) {
    #expect(ReportText.shortened(name, to: length) == text)
  }

  @Test func `columns are as wide as their widest cells, on the side asked for`() {
    let rows = [["order", "peak", "note"], ["file", "1,000"], ["best", "9", "proven"]]
    let expected = """
        order   peak  note
        file   1,000
        best       9  proven

      """
    #expect(ReportText.table(rows, right: [1]) == expected)
    #expect(
      ReportText.table([["1", "a"], ["10", "b"]], isSizeFirst: true) == "   1  a\n  10  b\n")
  }
}
