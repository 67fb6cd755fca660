// SPDX-License-Identifier: Apache-2.0
import Fusion
import GraphIR
import TestSupport
import Testing

struct FusionSurveyTests {
  @Test func `there are models of both exporters and of onnxruntime's optimizer`() {
    for suffix in ["-legacy", "-dynamo", "-legacy-ort", "-dynamo-ort"] {
      #expect(FusionModel.all.contains { $0.name.hasSuffix(suffix) })
    }
  }

  @Test(arguments: FusionModel.all)
  func `every block is found and none invented`(_ model: FusionModel) throws {
    let survey = try ReadModel(model.path).survey
    let expected = model.expected
    #expect(survey.blocks.count == expected.blocks)
    #expect(survey.attention.count == expected.attention)
    #expect(survey.runs.map(Array.init) == expected.runs)
    #expect(survey.parallel == expected.parallel)
    #expect(survey.merges.count == expected.merges)
    #expect(!survey.isTraining)
    for block in survey.blocks {
      #expect(block.activation == expected.activation)
      #expect(block.norm == expected.norm)
      #expect(block.isPacked == (expected.packed ?? false))
      #expect((block.placement == .postNorm) == (expected.postNorm ?? false))
      #expect(block.refusals.isEmpty)
    }
  }

  @Test(arguments: FusionModel.quantized)
  func `quantised blocks are found, and refused with the names of their weights`(
    _ model: FusionModel
  ) throws {
    let read = try ReadModel(model.path)
    let survey = read.survey
    let expected = model.expected
    #expect(survey.blocks.count == expected.blocks)
    #expect(survey.attention.count == expected.attention)
    #expect(survey.runs.map(Array.init) == expected.runs)
    for block in survey.blocks {
      #expect(block.activation == expected.activation)
      #expect(block.norm == expected.norm)
      #expect(block.refusals.count == 2)
      for refusal in block.refusals {
        guard case .quantized(let weight) = refusal else {
          Issue.record("\(refusal)")
          continue
        }
        #expect(weight.hasPrefix("onnx::MatMul_"))
      }
    }
    #expect(survey.merges.allSatisfy { !$0.refusals.isEmpty })
    // All parts of the run are refused, and so is the run.
    let run = try #require(survey.runs.first)
    let refusal = try #require(survey.blocks[0].refusals.first)
    #expect(throws: FusionError.refused(run: 0...run.count - 1, refusal)) {
      try read.fused(FusionOptions(mode: .sequential, runs: [0...run.count - 1]))
    }
    let merged = try read.fused(FusionOptions(merges: [.gateUp, .qkv]))
    #expect(merged.fusions.isEmpty)
    #expect(merged.graph.fingerprint == read.graph.fingerprint)
  }

  // MARK: The zoo

  private static let runs: [(file: String, blocks: Int, runs: [Range<Int>])] = [
    ("infer/pruned_swiglu_dec-dynamo.strip.onnx", 12, [1..<6, 7..<11]),
    ("infer/pruned_swiglu_dec-legacy.strip.onnx", 12, [1..<6, 7..<11]),
    ("train/pruned_swiglu_dec-train-b4-adam.onnx", 12, [1..<6, 7..<11]),
    ("infer/bert_base-dynamo.strip.onnx", 12, []),
    ("infer/bert_base-legacy.strip.onnx", 12, []),
    ("infer/vit_b_16-legacy.strip.onnx", 12, []),
    ("infer/gpt2_small-dynamo.strip.onnx", 12, []),
    ("infer/gpt2_xl-dynamo.strip.onnx", 48, []),
    ("infer/llama_8l-dynamo.strip.onnx", 8, []),
    ("infer/resnet50-legacy.strip.onnx", 0, []),
    ("infer/squeezenet1_1-dynamo.strip.onnx", 0, []),
    ("infer/unet_diffusion-legacy.strip.onnx", 0, []),
    ("train/gpt2_xl-train-b1-adam.onnx", 48, []),
    ("ort-train/tiny_encoder/eval_model.onnx", 4, []),
    ("ort-train/tiny_encoder/training_model.onnx", 4, []),
    ("ort-train/mlp/eval_model.onnx", 0, []),
    ("train/resnet50-train-b1-adam.onnx", 0, []),
  ]

  @Test(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
  func `real models have the blocks that their makers put in`() throws {
    for (file, blocks, runs) in Self.runs {
      let survey = try ReadModel(Zoo.path(of: file)).survey
      #expect(survey.blocks.count == blocks, "\(file)")
      #expect(survey.runs == runs, "\(file)")
      #expect(survey.parallel.isEmpty, "\(file)")
      let isTraining = file.hasPrefix("train/") || file.hasSuffix("training_model.onnx")
      #expect(survey.isTraining == isTraining, "\(file)")
    }
  }

  @Test(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
  func `real models can merge their gates, queries, keys and values`() throws {
    func merges(_ file: String, _ kind: FusionSurvey.Merge.Kind) throws -> [Int] {
      try ReadModel(Zoo.path(of: file)).survey.merges.filter { $0.kind == kind }
        .map(\.nodes.count)
    }
    let llama = "infer/llama_8l-dynamo.strip.onnx"
    #expect(try merges(llama, .gateUp) == Array(repeating: 2, count: 8))
    #expect(try merges(llama, .qkv) == Array(repeating: 3, count: 8))
    let bert = "infer/bert_base-legacy.strip.onnx"
    #expect(try merges(bert, .qkv) == Array(repeating: 3, count: 12))
    // Its queries, keys and values are one product already.
    #expect(try merges("infer/gpt2_small-dynamo.strip.onnx", .qkv) == [])
  }
}
