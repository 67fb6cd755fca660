// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphOptimizer
import Testing

// The library example of README.md, to the letter.
func arenaBytes(ofModelAt path: String, batch: Int) throws -> Int {
  let imported = try ONNXImporter(bindings: [DimensionBinding("batch", batch)])
    .importGraph(path: path)
  let planner = Planner(memory: MemoryModel(alignment: 128), budget: ByteCount(512 << 20))
  let plan = try planner.plan(imported.graph, model: PlannedModel(path: path))
  return plan.summary.arenaBytes
}

@Suite struct ReadmeTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test func `the library example of the README is the one that is compiled here`() throws {
    let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
    let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let block = try #require(readme.split(separator: "```swift\n").dropFirst().first)
    let code = try #require(block.split(separator: "```").first)
    let function = try #require(code.range(of: "func ")).lowerBound
    #expect(source.contains(code[function...]))
  }

  @Test func `the library example answers`() throws {
    let model = Self.root.appending(path: "Fixtures/resnet50.onnx").path()
    #expect(
      try arenaBytes(ofModelAt: model, batch: 2) == 2 * arenaBytes(ofModelAt: model, batch: 1))
  }
}
