// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import TestSupport
import Testing

@testable import Emitters

@Suite struct JSONWriterTests {
  private func written(_ text: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.string(text)
    return writer.bytes
  }

  private func read(_ bytes: [UInt8]) throws -> String {
    try JSONDecoder().decode(String.self, from: Data(bytes))
  }

  @Test(arguments: [
    "", "plain", "\"quoted\"", "back\\slash", "tab\tnew\nline\rreturn", "\u{0}\u{1}\u{1F}",
    "\u{7F}\u{80}", "é e\u{301}", "произведение", "日本語", "👩‍👩‍👧‍👦", "\u{2028}\u{2029}", "/", "</script>",
  ])
  func `what is written is read back scalar by scalar`(_ text: String) throws {
    #expect(try Array(read(written(text)).unicodeScalars) == Array(text.unicodeScalars))
  }

  @Test(arguments: Seeds.first(200))
  func `any text is read back scalar by scalar`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...40, using: &random) {
      let limit: UInt32 =
        [0x20, 0x80, 0x800, 0x1_0000, 0x11_0000].randomElement(using: &random) ?? 0
      if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) {
        text.append(scalar)
      }
    }
    #expect(try Array(read(written(String(text))).unicodeScalars) == Array(text))
  }

  @Test func `control characters are escaped, so that lines stay lines`() {
    for value in UInt8(0)..<0x20 {
      #expect(written(String(Unicode.Scalar(value))).allSatisfy { $0 >= 0x20 })
    }
  }

  @Test func `absent values are an explicit null`() {
    var writer = JSONWriter()
    writer.object {
      $0.member("a", nil as String?)
      $0.member("b", nil as Int?)
      $0.member("c", nil as Bool?)
    }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":null,"b":null,"c":null}"#)
  }

  @Test func `maps are written by ascending key bytes`() throws {
    var writer = JSONWriter()
    writer.object { $0.member("dims", ["é": 1, "z": 2, "Z": 3, "": 4, "a\"b": 5]) }
    let text = String(decoding: writer.bytes, as: UTF8.self)
    #expect(text == #"{"dims":{"":4,"Z":3,"a\"b":5,"z":2,"é":1}}"#)
  }

  @Test(arguments: [0.0, 0.125, 1 / 3.0, 1e-300, 1e300, 12_345_678.9])
  func `a number is read back exactly`(_ value: Double) throws {
    var writer = JSONWriter()
    writer.object { $0.member("a", value) }
    let read = try JSONDecoder().decode([String: Double].self, from: Data(writer.bytes))
    #expect(read == ["a": value])
  }
}
