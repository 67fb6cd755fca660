// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct HTMLEmitterTests {
  private func page(_ plan: ExecutionPlan) -> String {
    String(decoding: HTMLEmitter().bytes(of: plan), as: UTF8.self)
  }

  @Test(arguments: Seeds.first(30))
  func `no name breaks out of the page`(_ seed: Int) throws {
    let text = page(try RandomPlan.hostile(seed: seed))
    #expect(text.ranges(of: "<script").count == 2)
    #expect(text.ranges(of: "</script").count == 2)
    #expect(text.ranges(of: "</title").count == 1)
    #expect(!text.contains("<!--"))
    #expect(!text.contains("\u{202E}"))
    for loading in ["<img", "<link", "<iframe", "url(", "import("] {
      #expect(!text.contains(loading))
    }
  }

  @Test(arguments: Seeds.first(30))
  func `the data are JSON, a value for each tensor and step`(_ seed: Int) throws {
    let plan = try RandomPlan.hostile(seed: seed)
    let curves = [LiveCurve(name: "fileOrder", liveBytes: plan.steps.map(\.liveBytes))]
    let json = try JSONSerialization.jsonObject(with: Data(HTMLData(plan, curves).json))
    let data = try #require(json as? [String: Any])
    let tensors = try #require(data["tensors"] as? [String: Any])
    #expect(tensors["name"] as? [String] == plan.tensors.map(\.name.visible))
    #expect(tensors["bytes"] as? [Int] == plan.tensors.map(\.bytes))
    #expect(tensors["offset"] as? [Int] == plan.tensors.map { $0.offset ?? -1 })
    let steps = try #require(data["steps"] as? [String: Any])
    #expect(steps["live"] as? [Int] == plan.steps.map(\.liveBytes))
    #expect((steps["inEnds"] as? [Int])?.count == plan.steps.count)
    #expect((data["curves"] as? [Any])?.count == 1)
  }

  @Test func `where storages stay in turn is in the data`() throws {
    let plan = try LadderPlan.plan()
    let json = try JSONSerialization.jsonObject(with: Data(HTMLData(plan, []).json))
    let boxes = try #require((json as? [String: Any])?["boxes"] as? [String: Any])
    #expect((boxes["offset"] as? [Int])?.count == plan.arenaBoxes().count)
    let text = page(plan)
    #expect(text.contains("from the second memory") && text.contains("again"))
    for emitter in [DotEmitter(), MarkdownEmitter(), CSVEmitter()] as [any PlanEmitter] {
      #expect(try !emitter.bytes(of: plan).isEmpty)
    }
  }

  @Test func `the figures stand there without the script`() throws {
    var plan = try RandomPlan.plan(seed: 6)
    plan.summary.budgetBytes = plan.summary.totalBytes - 1
    plan.summary.fits = false
    let text = page(plan)
    let body = try #require(text.split(separator: "<script type=").first)
    #expect(body.contains("Does not fit"))
    for bytes in [plan.summary.arenaBytes, plan.summary.lowerBoundBytes, plan.summary.totalBytes] {
      #expect(body.contains("title=\"\(ReportText.grouped(bytes)) bytes\""))
    }
    for item in plan.witness.tensors { #expect(body.contains(item.name.html)) }
  }

  @Test func `what shows nothing is written out`() {
    #expect("a\u{202E}b".visible == "a\\u{202E}b")
    #expect("a\u{0}\n".visible == "a\\u{0}\\u{A}")
    #expect("größe 模型 🙂".visible == "größe 模型 🙂")
    #expect("<a href='\"&\">".html == "&lt;a href=&#39;&quot;&amp;&quot;&gt;")
  }
}
