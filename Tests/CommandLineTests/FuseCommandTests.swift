// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Fused models, judged by onnxruntime and numpy.
@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct FusedModelTests {
  /// The file that an optimized one was made of: numpy knows the operators of that one.
  private func original(of model: FusionModel) -> String {
    model.path.replacingOccurrences(of: "-ort.onnx", with: ".onnx")
  }

  /// How far results may be from what they must be equal to: rounding of the element type.
  private func tolerance(_ model: FusionModel) -> Double {
    if model.name.contains("bfloat16") { return 2e-2 }
    return model.name.contains("float16") ? 3e-3 : 1e-5
  }

  private func fuse(_ arguments: String...) throws {
    let result = CommandRunner.graphopt(["fuse"] + arguments)
    try #require(result.status == 0, "\(result.errors)")
  }

  @Test func `exact fusions and merges compute what the model computes`() throws {
    let folder = TemporaryFolder()
    let models = FusionModel.all.filter {
      !$0.expected.parallel.isEmpty || $0.expected.merges > 0
    }
    var jobs: [FusionJob] = []
    for model in models {
      let fused = folder.path(of: "\(model.name).onnx")
      try fuse(model.path, "--merge", "gate-up,qkv", "-o", fused)
      jobs.append(FusionJob(original: original(of: model), source: model.path, fused: fused))
    }
    #expect(!jobs.isEmpty)
    for (model, judgement) in zip(models, try FusionJob.judged(jobs, in: folder)) {
      #expect(judgement.error <= tolerance(model), "\(model)")
    }
  }

  @Test func `fused runs compute the parallel form`() throws {
    let folder = TemporaryFolder()
    let models = FusionModel.all.filter { $0.expected.runs.contains { $0.count > 2 } }
    var jobs: [FusionJob] = []
    for (number, model) in models.enumerated() {
      let fused = folder.path(of: "\(model.name).onnx")
      let report = folder.path(of: "\(model.name).json")
      let run = model.expected.runs[0]
      let plain = CommandRunner.graphopt("fuse", original(of: model), "--format", "json")
      folder.write(plain.output, to: "\(model.name).json")
      // Cut into one, two or three pieces, which must not matter.
      try fuse(
        model.path, "--mode", "sequential", "--run", "\(run[0])-\(run[run.count - 1])", "--pieces",
        "\(number % 3 + 1)", "-o", fused)
      jobs.append(
        FusionJob(
          original: original(of: model), source: model.path, fused: fused, report: report,
          runs: [[run[0], run[run.count - 1]]]))
    }
    #expect(!jobs.isEmpty)
    for (model, judgement) in zip(models, try FusionJob.judged(jobs, in: folder)) {
      #expect(judgement.error <= tolerance(model), "\(model)")
      // An approximation: how far it is from the model is printed, and no more than that.
      print("\(model): \(judgement.distance) from the sequential model")
    }
  }

  @Test func `merging what was fused is the same again`() throws {
    let folder = TemporaryFolder()
    let names = ["run_rms-legacy", "run_none-dynamo", "run_spelled-legacy"]
    var jobs: [FusionJob] = []
    for name in names {
      let model = try #require(FusionModel.all.first { $0.name == name })
      let (fused, merged) = (folder.path(of: "\(name).onnx"), folder.path(of: "\(name)-m.onnx"))
      try fuse(model.path, "--mode", "sequential", "--run", "0-3", "-o", fused)
      try fuse(
        model.path, "--mode", "sequential", "--run", "0-3", "--merge", "gate-up", "-o", merged)
      jobs.append(FusionJob(original: fused, source: fused, fused: merged))
    }
    for judgement in try FusionJob.judged(jobs, in: folder) { #expect(judgement.error <= 1e-6) }
  }

  // MARK: Calibration

  /// Records activations of a model, and returns the folder with them.
  private func record(
    _ model: FusionModel, in folder: TemporaryFolder, dims: [String]
  ) throws -> String {
    let plain = CommandRunner.graphopt("fuse", model.path, "--format", "json")
    let report = folder.write(plain.output, to: "report.json")
    let recorded = folder.path(of: "recorded")
    let answer = CommandRunner.run(
      Peer.python ?? "python3",
      [
        "\(Zoo.packageRoot)/scripts/record_calibration.py", model.path, report, recorded,
        "--samples", "2",
      ] + dims.flatMap { ["--dim", $0] })
    try #require(answer.status == 0, "\(answer.errors)")
    return recorded
  }

  @Test func `recorded activations choose the runs, and what they choose is the parallel form`()
    throws
  {
    let folder = TemporaryFolder()
    let model = try #require(FusionModel.all.first { $0.name == "prenorm_run8-legacy" })
    let recorded = try record(model, in: folder, dims: ["batch=2", "rows=5"])
    let fused = folder.path(of: "fused.onnx")
    // So high that every pair is allowed: the whole run is chosen.
    let all = CommandRunner.graphopt(
      "fuse", model.path, "--mode", "sequential", "--calibration", recorded, "--threshold", "2",
      "-o", fused)
    try #require(all.status == 0, "\(all.errors)")
    #expect(all.text.contains("done: blocks 0, 1, 2, 3, 4, 5, 6, 7 fused as if parallel"))
    #expect(all.text.contains("dependency of each block on each earlier one"))
    let job = FusionJob(
      original: model.path, source: model.path, fused: fused,
      report: folder.path(of: "report.json"), runs: [[0, 8]])
    #expect(try FusionJob.judged([job], in: folder)[0].error <= 1e-5)
    let none = CommandRunner.graphopt(
      "fuse", model.path, "--mode", "sequential", "--calibration", recorded, "--threshold", "0")
    #expect(none.status == 0 && !none.text.contains("fused as if parallel"))
  }

  @Test(arguments: [
    "gpt_like-legacy", "llama_like-dynamo", "gptj_like-legacy", "prenorm_run3-dynamo-ort",
  ])
  func `an attention layer is taken out, and its blocks become a run`(_ name: String) throws {
    let folder = TemporaryFolder()
    let model = try #require(FusionModel.all.first { $0.name == name })
    let dropped = folder.path(of: "dropped.onnx")
    let result = CommandRunner.graphopt(
      "fuse", model.path, "--mode", "off", "--drop-attention", "1", "-o", dropped)
    try #require(result.status == 0, "\(result.errors)")
    let after = CommandRunner.graphopt("fuse", dropped)
    #expect(after.text.contains("\(model.expected.attention - 1) attention layer"), "\(after.text)")
    #expect(after.text.contains("\(model.expected.blocks) feed-forward blocks"))
    // The file runs; how far it is from the model is for the calibration to say.
    let job = FusionJob(original: original(of: model), source: model.path, fused: dropped)
    let judgement = try FusionJob.judged([job], in: folder)[0]
    #expect(judgement.distance > 1e-4 && judgement.distance < 10)
  }

  @Test func `the layers that change least are taken out`() throws {
    let folder = TemporaryFolder()
    let model = try #require(FusionModel.all.first { $0.name == "gpt_like-legacy" })
    let recorded = try record(model, in: folder, dims: ["batch=2", "rows=5"])
    let result = CommandRunner.graphopt(
      "fuse", model.path, "--calibration", recorded, "--drop-attention", "least:2")
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.text.split(separator: "\n").count { $0.hasPrefix("would do: attention") } == 2)
    #expect(result.text.contains("attention layers by similarity of input and output"))
  }

  @Test func `large weights go into a file of their own, and come from one`() throws {
    let folder = TemporaryFolder()
    let model = try #require(FusionModel.all.first { $0.name == "twin_layer-legacy" })
    let outside = folder.path(of: "outside.onnx")
    let script = """
      import onnx, sys
      model = onnx.load(sys.argv[1])
      onnx.save(model, sys.argv[2], save_as_external_data=True, location="w.bin", size_threshold=0)
      """
    let made = CommandRunner.run(
      Peer.python ?? "python3", ["-c", script, model.path, outside], timeLimit: .seconds(60))
    try #require(made.status == 0, "\(made.errors)")
    let (first, second) = (folder.path(of: "a.onnx"), folder.path(of: "b.onnx"))
    try fuse(outside, "-o", first)
    #expect(folder.bytes(of: "a.onnx.data") != nil)
    // Written twice, the bytes are the same.
    try fuse(outside, "-o", second)
    #expect(folder.bytes(of: "a.onnx.data") == folder.bytes(of: "b.onnx.data"))
    let judgement = try FusionJob.judged(
      [FusionJob(original: outside, source: outside, fused: first)], in: folder)
    #expect(judgement[0].error <= 1e-5)
  }
}

/// What `graphopt fuse` says and refuses.
struct FuseCommandTests {
  private func path(_ name: String) throws -> String {
    try #require(FusionModel.all.first { $0.name == name }).path
  }

  private func refusal(_ arguments: String...) -> (status: Int32, sentence: String) {
    let folder = TemporaryFolder()
    let result = CommandRunner.graphopt(
      ["fuse"] + arguments + ["-o", folder.path(of: "out.onnx")])
    #expect(folder.bytes(of: "out.onnx") == nil)
    #expect(result.output.isEmpty)
    return (result.status, result.errors)
  }

  @Test func `without an output nothing is written and the report says what would be done`() throws
  {
    let result = CommandRunner.graphopt("fuse", try path("twin_rms-legacy"))
    #expect(result.status == 0)
    #expect(result.text.contains("parallel: blocks 0 to 2 read one input and are summed"))
    #expect(result.text.contains("would do: blocks 0, 1, 2 fused exactly"))
    #expect(!result.text.contains("written"))
  }

  @Test func `post-norm models have nothing to fuse sequentially`() throws {
    let result = CommandRunner.graphopt("fuse", try path("bert_like-dynamo"))
    #expect(result.text.contains("post-norm"))
    #expect(!result.text.contains("run: "))
  }

  @Test func `runs that cannot be are refused with the reason`() throws {
    let pruned = try path("prenorm_run8-legacy")
    func run(_ text: String) -> (status: Int32, sentence: String) {
      refusal(pruned, "--mode", "sequential", "--run", text)
    }
    #expect(run("3-40").status == 65)
    #expect(run("3-40").sentence.contains("there is no feed-forward block 40; the model has 10"))
    #expect(run("1-2").sentence.contains("has fewer than three blocks"))
    #expect(run("7-9").sentence.contains("do not follow each other: between them is attention 1"))
    #expect(run("9-7").status == 64)
    #expect(run("a-b").status == 64)
    #expect(refusal(pruned, "--mode", "sequential").status == 64)
    #expect(refusal(pruned, "--run", "1-4").status == 64)
    #expect(refusal(pruned, "--drop-attention", "7").sentence.contains("no attention layer '7'"))
    #expect(refusal(pruned, "--drop-attention", "least:1").status == 64)
    #expect(refusal(pruned, "--mode", "sequential", "--calibration", "nowhere").status == 66)
    #expect(refusal(pruned, "--threshold", "3").status == 64)
    #expect(refusal(pruned, "--merge", "all").status == 64)
  }

  @Test(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
  func `a model without its weights is reported and not written`() throws {
    let model = Zoo.path(of: "infer/pruned_swiglu_dec-dynamo.strip.onnx")
    let found = CommandRunner.graphopt("fuse", model)
    #expect(found.text.contains("run: blocks 1 to 5 follow each other"))
    let failed = refusal(model, "--mode", "sequential", "--run", "1-5")
    #expect(failed.status == 65)
    #expect(failed.sentence.contains("lies in 'weights.bin', which is not in"))
  }

  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `the report is what its schema says`() throws {
    let folder = TemporaryFolder()
    for name in ["twin_rms-legacy", "prenorm_run3-dynamo", "bert_like-legacy", "not_ffn-legacy"] {
      let report = CommandRunner.graphopt(
        "fuse", try path(name), "--merge", "qkv", "--format", "json")
      let file = folder.write(report.output, to: "report.json")
      let answer = Peer.run("peer_schema.py", [file])
      #expect(answer.status == 0, "\(answer.errors)")
    }
  }
}
