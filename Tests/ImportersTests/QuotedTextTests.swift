// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Importers

@Suite struct `Text of files in sentences` {
  @Test func `names are quoted as they are`() {
    #expect("".quoted == "''")
    #expect("layer.1/größe 层".quoted == "'layer.1/größe 层'")
  }

  @Test func `what would move the terminal's cursor is escaped`() {
    #expect("a\u{1B}[2J\nb\u{202E}".quoted == #"'a\u{1b}[2J\u{a}b\u{202e}'"#)
  }

  @Test func `long text is cut`() {
    let text = String(repeating: "x", count: 1000).quoted
    #expect(text == "'" + String(repeating: "x", count: 120) + "…'")
    #expect(String(repeating: "x", count: 120).quoted.count == 122)
  }
}
