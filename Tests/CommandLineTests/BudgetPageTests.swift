// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// `graphopt budget --emit html=PATH`: what memory costs, as a page.
@Suite struct BudgetPageTests {
  private func curve(_ options: String..., to folder: TemporaryFolder) -> CommandRunner.Result {
    CommandRunner.graphopt(
      ["budget", "--points", "5", "--emit", "html=\(folder.path(of: "page.html"))"] + options)
  }

  private func page(in folder: TemporaryFolder) -> String {
    String(decoding: folder.bytes(of: "page.html") ?? [], as: UTF8.self)
  }

  @Test(
    .enabled(
      if: Tool.chromium != nil && Tool.python != nil, Comment(rawValue: Tool.chromiumAbsence)),
    arguments: [
      ("recall", []), ("recall", ["--recompute", "off"]), ("fan", ["--spill", "off"]),
      ("passthrough", []), ("bert_block", ["--dim", "batch=2", "--dim", "seq=7"]),
    ])
  func `a browser shows the points of the curve, dearer ones higher`(
    _ name: String, _ options: [String]
  ) {
    let folder = TemporaryFolder()
    let (html, json) = (folder.path(of: "page.html"), folder.path(of: "curve.json"))
    let result = CommandRunner.graphopt(
      [
        "budget", "Fixtures/\(name).onnx", "--points", "5", "--emit", "html=\(html)", "--emit",
        "json=\(json)",
      ] + options)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text.contains("by order and layout alone"))
    let answer = CommandRunner.run(
      Tool.python ?? "",
      [
        "\(Zoo.packageRoot)/Tests/Peers/peer_budget.py", "--browser", Tool.chromium ?? "", html,
        json,
      ])
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test(
    .enabled(
      if: Tool.chromium != nil && Tool.python != nil, Comment(rawValue: Tool.chromiumAbsence)))
  func `a page that shows another curve is found wrong`() {
    let folder = TemporaryFolder()
    let json = folder.path(of: "curve.json")
    #expect(
      curve("Fixtures/recall.onnx", "--emit", "json=\(json)", to: folder).status == 0)
    let other = TemporaryFolder()
    #expect(curve("Fixtures/recall.onnx", "--recompute", "off", to: other).status == 0)
    let answer = CommandRunner.run(
      Tool.python ?? "",
      [
        "\(Zoo.packageRoot)/Tests/Peers/peer_budget.py", "--browser", Tool.chromium ?? "",
        other.path(of: "page.html"), json,
      ])
    #expect(answer.status == 2, "\(answer.text)")
  }

  @Test func `the page has nothing in it that a name could break out with`() throws {
    let folder = TemporaryFolder()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/fan.onnx"))
    let name = "<b>&\"x'\u{202E}.onnx"
    let model = folder.write(Array(bytes), to: name)
    #expect(curve(model, to: folder).status == 0)
    let text = page(in: folder)
    #expect(text.contains("&lt;b&gt;&amp;&quot;x&#39;\\u{202E}.onnx"))
    #expect(!text.contains("<b>&") && !text.contains("\u{202E}"))
    #expect(!text.contains("<script") && !text.contains("://"))
    #expect(text.contains("default-src 'none'"))
  }

  @Test func `the same curve gives the same page, and JSON as it is printed`() {
    let (first, second) = (TemporaryFolder(), TemporaryFolder())
    let json = first.path(of: "curve.json")
    let printed = curve(
      "Fixtures/recall.onnx", "--format", "json", "--emit", "json=\(json)", to: first)
    #expect(printed.output == first.bytes(of: "curve.json"))
    #expect(curve("Fixtures/recall.onnx", to: second).status == 0)
    #expect(first.bytes(of: "page.html") == second.bytes(of: "page.html"))
  }

  @Test func `what cannot be written is refused`() {
    let folder = TemporaryFolder()
    func refuses(_ words: String, _ options: String..., status: Int32 = 64) {
      let result = CommandRunner.graphopt(["budget", "Fixtures/fan.onnx"] + options)
      #expect(result.status == status)
      #expect(result.errors.contains(words), "\(result.errors)")
      #expect(folder.files == [])
    }
    refuses("there is no format 'svg'; choose from html, json", "--emit", "svg=a")
    refuses("--emit is KIND=PATH, not 'html'", "--emit", "html")
    refuses("--emit is KIND=PATH, not 'html='", "--emit", "html=")
    refuses(
      "--max-dim makes none", "--emit", "html=\(folder.path(of: "a"))", "--max-dim", "n",
      "--budget", "1GB")
    refuses("written twice", "--emit", "html=a", "--emit", "json=a")
    refuses(
      "no such file or directory", "--emit", "html=\(folder.path(of: "missing/page.html"))",
      status: 73)
    let page = CommandRunner.graphopt("budget", "Fixtures/fan.onnx", "--emit", "html=-")
    #expect(page.text.hasPrefix("<!DOCTYPE html>") && page.text.hasSuffix("</html>\n"))
  }
}
