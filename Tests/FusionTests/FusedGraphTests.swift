// SPDX-License-Identifier: Apache-2.0
import Fusion
import GraphIR
import TestSupport
import Testing

struct FusedGraphTests {
  private func model(_ name: String) throws -> ReadModel {
    let found = try #require(FusionModel.all.first { $0.name == name })
    return try ReadModel(found.path)
  }

  private static let withRuns = FusionModel.all.filter {
    $0.expected.runs.contains { $0.count > 2 }
  }
  private static let withGroups = FusionModel.all.filter { !$0.expected.parallel.isEmpty }

  @Test(arguments: withRuns)
  func `a run becomes one wide block and its last one`(_ model: FusionModel) throws {
    let read = try ReadModel(model.path)
    let run = try #require(model.expected.runs.first)
    let fused = try read.fused(
      FusionOptions(mode: .sequential, runs: [run[0]...run[run.count - 1]]))
    let before = read.survey
    let after = FusionSurvey(of: fused.graph, values: read.values)
    #expect(after.blocks.count == before.blocks.count - run.count + 2)
    let wide = after.blocks[run[0]]
    #expect(
      wide.hiddenWidth == run.dropLast().reduce(0) { $0 + before.blocks[$1].hiddenWidth })
    // Nothing but the blocks changes.
    #expect(after.attention.count == before.attention.count)
    #expect(fused.fusions.map(\.members) == [Array(run.dropLast())])
    #expect(fused.fusions.map(\.kind) == [.sequential])
    // Interface and kept nodes are those of the graph before.
    #expect(
      fused.graph.inputs.map(fused.graph.name(of:)) == read.graph.inputs.map(read.graph.name(of:)))
    #expect(
      fused.graph.outputs.map(fused.graph.name(of:)) == read.graph.outputs.map(read.graph.name(of:))
    )
    expectWeights(of: fused, read.graph)
  }

  @Test(arguments: withGroups)
  func `blocks of one input become one`(_ model: FusionModel) throws {
    let read = try ReadModel(model.path)
    let fused = try read.fused(FusionOptions())
    let after = FusionSurvey(of: fused.graph, values: read.values)
    #expect(after.blocks.count == model.expected.parallel.count)
    #expect(fused.fusions.map(\.members) == model.expected.parallel)
    #expect(fused.fusions.allSatisfy { $0.kind == .exact })
    expectWeights(of: fused, read.graph)
  }

  /// Every new weight has a recipe, and recipes name stored weights.
  private func expectWeights(of fused: FusedGraph, _ before: Graph) {
    let stored = Set(before.tensorIDs.filter { before[$0].producer == nil }.map(before.name(of:)))
    let now = fused.graph.tensorIDs.filter {
      fused.graph[$0].producer == nil && !stored.contains(fused.graph.name(of: $0))
    }
    #expect(Set(now.map(fused.graph.name(of:))) == Set(fused.recipes.map(\.name)))
    for recipe in fused.recipes {
      #expect(recipe.sources.allSatisfy(stored.contains), "\(recipe.name)")
    }
  }

  @Test func `a group is cut into as many wide blocks as asked for`() throws {
    let read = try model("prenorm_run8-legacy")
    for pieces in 1...9 {
      let fused = try read.fused(
        FusionOptions(mode: .sequential, runs: [0...8], pieces: pieces))
      let after = FusionSurvey(of: fused.graph, values: read.values)
      #expect(after.parallel == (pieces > 1 ? [Array(0..<pieces)] : []))
      #expect(fused.fusions[0].pieces == pieces)
    }
  }

  @Test func `norms of different scales are folded, one norm is shared as it is`() throws {
    let folded = try model("twin_layer-legacy").fused(FusionOptions())
    let scales = folded.recipes.flatMap { recipe -> [String?] in
      guard case .matrix(let parts, .columns, _) = recipe.content else { return [] }
      return parts.map(\.rowScale)
    }
    #expect(!scales.isEmpty && scales.allSatisfy { $0 != nil })
    let shared = try model("twin_shared-legacy").fused(FusionOptions())
    for recipe in shared.recipes {
      if case .matrix(let parts, _, _) = recipe.content {
        #expect(parts.allSatisfy { $0.rowScale == nil })
      }
    }
  }

  @Test(arguments: [
    "bert_like-legacy", "bert_no_attention-dynamo", "gpt_like-dynamo", "not_ffn-legacy",
  ])
  func `what cannot be fused exactly is left alone`(_ name: String) throws {
    let read = try model(name)
    let fused = try read.fused(FusionOptions())
    #expect(fused.fusions.isEmpty)
    #expect(fused.graph.fingerprint == read.graph.fingerprint)
  }

  @Test func `the pass reports what it does`() throws {
    let read = try model("twin_rms-dynamo")
    var graph = read.graph
    let pass = FFNFusionPass(values: read.values)
    let entries = try PassPipeline([pass]).run(on: &graph)
    #expect(entries[0].report.patches == 2)
    #expect(graph.nodes.count < read.graph.nodes.count)
    var plain = try model("bert_like-dynamo").graph
    #expect(try !PassPipeline([FFNFusionPass()]).run(on: &plain)[0].report.changed)
  }

  // MARK: What is refused

  private func error(_ name: String, _ options: FusionOptions) throws -> FusionError? {
    let read = try model(name)
    do throws(FusionError) {
      _ = try read.fused(options)
      return nil
    } catch { return error }
  }

  private func sequential(_ runs: ClosedRange<Int>...) -> FusionOptions {
    FusionOptions(mode: .sequential, runs: runs)
  }

  @Test func `runs that do not exist are refused`() throws {
    #expect(try error("run_rms-legacy", sequential(2...9)) == .noBlock(9, count: 4))
    #expect(try error("run_rms-legacy", sequential(1...2)) == .shortRun(1...2))
    #expect(
      try error("prenorm_run8-legacy", sequential(0...4, 4...7))
        == .overlappingRuns(0...4, 4...7))
  }

  @Test func `a run with attention, a norm or another branch in it is refused`() throws {
    #expect(
      try error("gpt_like-legacy", sequential(0...2))
        == .notConsecutive(0, 1, between: "attention 1"))
    #expect(
      try error("bert_no_attention-legacy", sequential(0...2))
        == .notConsecutive(0, 1, between: "norm"))
    #expect(
      try error("gptj_like-legacy", sequential(0...2))
        == .notConsecutive(0, 1, between: "another branch of the same sum"))
  }

  @Test(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
  func `a training step is not rewritten`() throws {
    let read = try ReadModel(Zoo.path(of: "train/pruned_swiglu_dec-train-b4-adam.onnx"))
    #expect(throws: FusionError.training) { try read.fused(sequential(1...5)) }
    #expect(try read.fused(FusionOptions(merges: [.gateUp, .qkv])).fusions.isEmpty)
  }
}
