// SPDX-License-Identifier: Apache-2.0
import Fusion
import GraphIR
import TestSupport
import Testing

/// Random stacks of blocks: what is found in them, and what fusing makes of them.
struct BlockStackTests {
  private func expectFound(_ survey: FusionSurvey, _ content: BlockStack.Content) {
    #expect(survey.blocks.map(\.hiddenWidth) == content.hiddenWidths)
    #expect(survey.blocks.map(\.activation) == content.activations)
    #expect(survey.blocks.map(\.norm) == content.norms)
    #expect(survey.blocks.allSatisfy { $0.refusals.isEmpty && $0.placement != .postNorm })
    #expect(survey.runs == content.runs)
    #expect(survey.parallel == content.parallel)
    #expect(survey.attention.count == content.attention)
    #expect(survey.merges.count { $0.kind == .gateUp } == content.gates)
    #expect(survey.merges.count { $0.kind == .qkv } == content.attention)
  }

  @Test(arguments: Seeds.first(150))
  func `every block is found and none invented`(_ seed: Int) throws {
    let stack = BlockStack(seed: seed)
    expectFound(try ReadModel(bytes: stack.bytes).survey, stack.content)
  }

  @Test func `the stacks have all that a stack can have`() {
    let stacks = Seeds.first(150).map { BlockStack(seed: $0).content }
    #expect(Set(stacks.flatMap(\.norms)) == ["layer-norm", "rms-norm", "none"])
    #expect(Set(stacks.flatMap(\.activations)).count == 10)
    #expect(stacks.contains { !$0.parallel.isEmpty && $0.attention > 0 })
    #expect(stacks.contains { $0.hiddenWidths.isEmpty && $0.attention > 0 })
    #expect(Set(stacks.flatMap(\.runs).map(\.count)).isSuperset(of: 2...8))
  }

  @Test(arguments: Seeds.first(60))
  func `what was fused exactly is not fused again`(_ seed: Int) throws {
    let stack = BlockStack(seed: 1000 + seed)
    let read = try ReadModel(bytes: stack.bytes)
    let fused = try read.fused(FusionOptions())
    if stack.isUniform {
      #expect(fused.fusions.map(\.members) == stack.content.parallel)
      #expect(fused.refusals.isEmpty)
    }
    let gone = fused.fusions.reduce(0) { $0 + $1.members.count - 1 }
    let after = FusionSurvey(of: fused.graph, values: read.values)
    #expect(after.blocks.count == stack.content.hiddenWidths.count - gone)
    // A fused group may join the runs before and behind it.
    #expect(
      after.runs.reduce(0) { $0 + $1.count } >= stack.content.runs.reduce(0) { $0 + $1.count })
    #expect(
      after.blocks.reduce(0) { $0 + $1.hiddenWidth }
        == stack.content.hiddenWidths.reduce(0, +))
    #expect(after.attention.count == stack.content.attention)
    let again = try FusedGraph(fused.graph, values: read.values, options: FusionOptions())
    #expect(again.fusions.isEmpty)
    #expect(again.graph.fingerprint == fused.graph.fingerprint)
  }

  @Test(arguments: 1...8, Seeds.first(8))
  func `a run of any length becomes one block and its last`(_ length: Int, _ seed: Int) throws {
    let stack = BlockStack(seed: seed, run: length)
    let read = try ReadModel(bytes: stack.bytes)
    let survey = read.survey
    expectFound(survey, stack.content)
    if length > 1 { #expect(survey.runs.first == 0..<length) }
    let options = FusionOptions(mode: .sequential, runs: [0...length - 1])
    guard length > 2 else {
      #expect(throws: FusionError.shortRun(0...length - 1)) { try read.fused(options) }
      return
    }
    let fused = try read.fused(options)
    #expect(fused.refusals.isEmpty)
    let after = FusionSurvey(of: fused.graph, values: read.values)
    let hidden = stack.content.hiddenWidths
    #expect(
      Array(after.blocks.prefix(2).map(\.hiddenWidth))
        == [hidden[0..<length - 1].reduce(0, +), hidden[length - 1]])
    #expect(after.runs.first == 0..<2)
  }

  @Test(arguments: 2...8, Seeds.first(4))
  func `a wide block is cut into equal parts, also within blocks`(
    _ fusedCount: Int, _ seed: Int
  ) throws {
    let stack = BlockStack(seed: seed, run: fusedCount + 1)
    let read = try ReadModel(bytes: stack.bytes)
    let total = stack.content.hiddenWidths.prefix(fusedCount).reduce(0, +)
    // One unit is no block any more, and a sum of more than 64 is not looked into.
    for pieces in [2, 3, fusedCount + 1, min(total / 2, 60)] where pieces <= total / 2 {
      let fused = try read.fused(
        FusionOptions(mode: .sequential, runs: [0...fusedCount], pieces: pieces))
      let count = min(pieces, total)
      #expect(fused.fusions[0].pieces == count)
      let after = FusionSurvey(of: fused.graph, values: read.values)
      // Behind each other in the file, beside each other in the sum.
      let widths = after.blocks.prefix(count).map(\.hiddenWidth)
      #expect(widths.reduce(0, +) == total)
      let (least, most) = (widths.min() ?? 0, widths.max() ?? 0)
      #expect(least > 0 && most - least <= (total / count >= 32 ? 32 : 1), "\(widths)")
      #expect(after.parallel.first == (count > 1 ? Array(0..<count) : nil))
    }
  }
}
