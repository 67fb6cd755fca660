// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Pages in a real browser: what they draw, list and find, against the plan.
@Suite(
  .enabled(if: Tool.chromium != nil && Tool.python != nil, Comment(rawValue: Tool.chromiumAbsence)))
struct PageTests {
  private func look(at page: String, _ plan: String) -> CommandRunner.Result {
    CommandRunner.run(
      Tool.python ?? "",
      [
        "\(Zoo.packageRoot)/Tests/Peers/peer_page.py", "--browser", Tool.chromium ?? "", page, plan,
      ])
  }

  private func expectRightPage(_ model: String, _ options: [String]) {
    let folder = TemporaryFolder()
    let (page, plan) = (folder.path(of: "page.html"), folder.path(of: "plan.json"))
    let planned = CommandRunner.graphopt(
      ["plan", model, "-o", plan, "--emit", "html=\(page)"] + options)
    #expect(planned.status == 0 || planned.status == 3, "\(planned.errors)")
    let answer = look(at: page, plan)
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test(arguments: [
    ("bert_block", ["--dim", "batch=2", "--dim", "seq=7", "--budget", "1KiB"]),
    ("mlp_train", ["--budget", "1GiB"]), ("passthrough", []), ("dense_block", ["--slices"]),
  ])
  func `a page draws, sorts and finds what the plan says`(_ name: String, _ options: [String]) {
    expectRightPage("Fixtures/\(name).onnx", options)
  }

  @Test(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)))
  func `a page of ten thousand steps is right, too`() throws {
    let model = try #require(
      Zoo.models(under: "train").first { $0.contains("gpt2_xl") && $0.contains("adam") })
    expectRightPage(Zoo.path(of: model), ["--effort", "candidates"])
  }

  @Test func `a page whose data are not the plan's is found wrong`() throws {
    let folder = TemporaryFolder()
    let (page, plan) = (folder.path(of: "page.html"), folder.path(of: "plan.json"))
    #expect(
      CommandRunner.graphopt("plan", "Fixtures/fan.onnx", "-o", plan, "--emit", "html=\(page)")
        .status == 0)
    let text = String(decoding: folder.bytes(of: "page.html") ?? [], as: UTF8.self)
    let broken = text.replacing("\"offset\":[", with: "\"offset\":[-1,", maxReplacements: 1)
    #expect(broken != text)
    let answer = look(at: folder.write(Array(broken.utf8), to: "broken.html"), plan)
    #expect(answer.status == 2, "\(answer.text)")
  }
}
