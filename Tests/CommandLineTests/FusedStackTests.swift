// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Fused random stacks, judged by onnxruntime and numpy, planned, and fused again.
@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct FusedStackTests {
  private func fuse(_ arguments: [String]) throws -> CommandRunner.Result {
    let result = CommandRunner.graphopt(["fuse"] + arguments)
    try #require(result.status == 0, "\(result.errors)")
    return result
  }

  @Test
  func `exactly fused stacks compute what they computed, plan, and have nothing left to fuse`()
    throws
  {
    let folder = TemporaryFolder()
    var jobs: [FusionJob] = []
    var pieces: [Int] = []
    for seed in Seeds.first(24) {
      let stack = BlockStack(seed: 2000 + seed)
      guard stack.content.gates + stack.content.attention + stack.content.parallel.count > 0
      else { continue }
      let path = folder.write(stack.bytes, to: "\(seed).onnx")
      let fused = folder.path(of: "\(seed)-fused.onnx")
      pieces.append(seed % 4 + 1)
      let merges = seed % 3 == 0 ? ["--merge", "gate-up,qkv"] : []
      _ = try fuse([path, "-o", fused, "--pieces", "\(seed % 4 + 1)"] + merges)
      jobs.append(FusionJob(original: path, source: path, fused: fused))
    }
    try #require(jobs.count > 8)
    for (job, judgement) in zip(jobs, try FusionJob.judged(jobs, in: folder)) {
      #expect(judgement.error <= 1e-5, "\(job.fused)")
    }
    for (job, pieces) in zip(jobs, pieces).prefix(8) {
      let planned = folder.path(of: "plan.json")
      let plan = CommandRunner.graphopt("plan", job.fused, "-o", planned)
      #expect(plan.status == 0, "\(plan.errors)")
      let check = CommandRunner.graphopt("check", planned, job.fused)
      #expect(check.status == 0, "\(check.errors)")
      if pieces == 1 { #expect(!(try fuse([job.fused]).text.contains("fused exactly"))) }
    }
  }

  @Test func `fused runs of 3 to 8 blocks, in any number of pieces, compute the parallel form`()
    throws
  {
    let folder = TemporaryFolder()
    var jobs: [FusionJob] = []
    for length in 3...9 {
      for seed in Seeds.first(3) {
        let name = "\(length)-\(seed)"
        let stack = BlockStack(seed: 100 * length + seed, run: length)
        let path = folder.write(stack.bytes, to: "\(name).onnx")
        let report = try fuse([path, "--format", "json"])
        folder.write(report.output, to: "\(name).json")
        let fused = folder.path(of: "\(name)-fused.onnx")
        let options = [["--pieces", "1"], ["--pieces", "5"], ["--pieces", "\(length + 2)"]]
        _ = try fuse(
          [path, "--mode", "sequential", "--run", "0-\(length - 1)", "-o", fused]
            + options[seed % 3])
        jobs.append(
          FusionJob(
            original: path, source: path, fused: fused, report: folder.path(of: "\(name).json"),
            runs: [[0, length - 1]]))
      }
    }
    for (job, judgement) in zip(jobs, try FusionJob.judged(jobs, in: folder)) {
      #expect(judgement.error <= 1e-5, "\(job.fused)")
    }
  }

  // MARK: Mixed precision

  /// Two blocks, parallel or behind each other and before a third, whose norms are in float32 and whose
  /// matrices are in float16.
  private func mixed(_ form: Int, isParallel: Bool) -> [UInt8] {
    var builder = ModelBuilder(opset: 17, seed: 10 * form + (isParallel ? 1 : 0))
    let (width, hidden) = (6, 10)
    // The stream is in float16 in forms 1 and 3, the norm in several operators in 2 and 3.
    let isHalfStream = form % 2 == 1
    func cast(_ x: String, _ type: Int) -> String {
      builder.add("Cast", x, attributes: ["to": .int(type)])
    }
    func norm(_ x: String) -> String {
      let scale = builder.weight([width], about: 1)
      guard form >= 2 else {
        return builder.add(
          "LayerNormalization", x, scale, builder.weight([width]),
          attributes: ["axis": .int(-1), "epsilon": .float(1e-5)])
      }
      let mean = builder.add(
        "ReduceMean", builder.add("Mul", x, x), attributes: ["axes": .ints([-1])])
      let root = builder.add("Sqrt", builder.add("Add", mean, builder.number(1e-5)))
      return builder.add("Mul", builder.add("Div", x, root), scale)
    }
    func block(_ x: String) -> String {
      let normalized = cast(norm(isHalfStream ? cast(x, 1) : x), 10)
      let up = builder.add(
        "MatMul", normalized, builder.weight([width, hidden], isHalf: true))
      let down = builder.add(
        "MatMul", builder.add("Relu", up), builder.weight([hidden, width], isHalf: true))
      return isHalfStream ? down : cast(down, 1)
    }
    var x = "x"
    if isParallel {
      let (a, b) = (block(x), block(x))
      x = builder.add("Add", builder.add("Add", x, a), b)
    } else {
      for _ in 0..<3 { x = builder.add("Add", x, block(x)) }
    }
    let type: Int64 = isHalfStream ? 10 : 1
    let result = builder.add("Tanh", x)
    return builder.model(input: "x", [5, width], output: result, type: type)
  }

  @Test func `scales of float32 norms go into float16 matrices behind a conversion`() throws {
    let folder = TemporaryFolder()
    var jobs: [FusionJob] = []
    for form in 0..<4 {
      for isParallel in [true, false] {
        let name = "\(form)-\(isParallel)"
        let path = folder.write(mixed(form, isParallel: isParallel), to: "\(name).onnx")
        let fused = folder.path(of: "\(name)-fused.onnx")
        let options = isParallel ? [] : ["--mode", "sequential", "--run", "0-2"]
        let said = try fuse([path, "-o", fused] + options)
        #expect(said.text.contains(form < 2 ? "layer-norm" : "rms-norm"), "\(said.text)")
        #expect(said.text.contains(isParallel ? "0, 1 fused exactly" : "0, 1 fused as if"))
        let report = try fuse([path, "--format", "json"])
        folder.write(report.output, to: "\(name).json")
        jobs.append(
          FusionJob(
            original: path, source: path, fused: fused,
            report: isParallel ? nil : folder.path(of: "\(name).json"),
            runs: isParallel ? nil : [[0, 2]]))
      }
    }
    for (job, judgement) in zip(jobs, try FusionJob.judged(jobs, in: folder)) {
      #expect(judgement.error <= 3e-3, "\(job.fused)")
    }
  }
}
