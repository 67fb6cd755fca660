// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct MarkdownEmitterTests {
  @Test(arguments: Seeds.first(40))
  func `rows of a table have as many cells, whatever is in them`(_ seed: Int) throws {
    let plan = try RandomPlan.hostile(seed: seed)
    let text = String(decoding: MarkdownEmitter().bytes(of: plan), as: UTF8.self)
    for table in text.components(separatedBy: "\n\n") where table.hasPrefix("|") {
      let rows = table.split(separator: "\n").filter { $0.hasPrefix("|") }
      let counts = Set(rows.map { row in row.count { $0 == "|" } })
      #expect(counts.count == 1, "\(table)")
    }
    #expect(!text.contains("<script"))
    #expect(!text.contains("\u{202E}"))
    #expect(!text.contains("`"))
    #expect(!text.contains("http:"))
  }

  @Test func `the verdict stands first, and the other orders beside the plan`() throws {
    var plan = try RandomPlan.plan(seed: 3)
    plan.summary.budgetBytes = plan.summary.totalBytes - 1
    plan.summary.fits = false
    let text = String(decoding: MarkdownEmitter().bytes(of: plan), as: UTF8.self)
    let lines = text.split(separator: "\n")
    #expect(lines[1].hasPrefix("**Over by 1 B: needs "))
    #expect(text.contains("| file order | "))
    #expect(
      text.contains("| ONNX Runtime&#39;s default order | ")
        || text.contains("| ONNX Runtime's default order | "))
    #expect(text.contains("<details>") && text.contains("</details>"))
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [Substring] {
    split(separator: separator)
  }
}
