// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

/// `graphopt plan --fuse`: fused graphs are planned, cut or refused as the budget has it.
struct FusedPlanTests {
  private let model = "\(FusionModel.folder)/prenorm_run8-legacy.onnx"
  private let rows = ["--dim", "batch=4", "--dim", "rows=64"]
  private let sequential = ["--fuse", "sequential", "--run", "0-8"]

  private func plan(_ arguments: [String]) throws -> ExecutionPlan {
    try PlannedFile(model, rows + arguments).plan()
  }

  @Test func `a fused plan says what was fused, and is checked against the fused graph`() throws {
    let folder = TemporaryFolder()
    let path = folder.path(of: "plan.json")
    let planned = CommandRunner.graphopt(["plan", model, "-o", path] + rows + sequential)
    #expect(planned.status == 0, "\(planned.errors)")
    #expect(planned.text.contains("fusion: blocks 0, 1, 2, 3, 4, 5, 6, 7 fused as if parallel"))
    let checked = CommandRunner.graphopt("check", path, model)
    #expect(checked.status == 0, "\(checked.errors)")
    let plan = try plan(sequential)
    let fusion = try #require(plan.fusion)
    #expect(fusion.mode == "sequential" && fusion.runs == [[0, 8]] && fusion.pieces == 1)
    #expect(fusion.done.map(\.members) == [Array(0..<8)])
    #expect(fusion.done.map(\.isExact) == [false])
    #expect(plan.passes[0].name == "ffn-fusion" && plan.passes[0].changed)
    // Every new node is a step, and names are those of the plan.
    let steps = Set(plan.steps.map(\.node))
    #expect(fusion.done[0].into.allSatisfy(steps.contains))

    // A plan that states another fusion is found out.
    let text = try String(contentsOfFile: path, encoding: .utf8)
    folder.write(
      Array(text.replacingOccurrences(of: "\"runs\":[[0,8]]", with: "\"runs\":[[0,7]]").utf8),
      to: "other.json")
    let other = CommandRunner.graphopt("check", folder.path(of: "other.json"), model)
    #expect(other.status == 65)
  }

  @Test func `a budget that the wide block breaks cuts it, one that nothing keeps refuses it`()
    throws
  {
    let plain = try plan([])
    let whole = try plan(sequential)
    // Eight times the hidden units are live at once.
    #expect(whole.summary.totalBytes > plain.summary.totalBytes)
    #expect(plain.fusion == nil)

    let between = whole.summary.totalBytes - 1
    let cut = try plan(sequential + ["--budget", "\(between)"])
    let fusion = try #require(cut.fusion)
    #expect(fusion.pieces > 1)
    #expect(cut.summary.fits == true)
    #expect(cut.passes[0].outcome.contains("cut into \(fusion.pieces) pieces"))

    // One piece for each block keeps every budget that the plain graph keeps, or nothing is fused.
    let tight = try plan(sequential + ["--budget", "\(plain.summary.totalBytes)"])
    #expect(tight.summary.fits == true)
    if tight.fusion == nil {
      #expect(tight.passes[0].outcome.hasPrefix("refused: over the budget"))
      #expect(!tight.passes[0].changed)
    }
  }

  @Test func `a block is cut within itself where pieces of whole blocks are too large`() throws {
    var builder = ModelBuilder(opset: 21, seed: 1)
    let (rows, width, hidden) = (128, 4, 96)
    func block() -> String {
      let up = builder.add("MatMul", "x", builder.weight([width, hidden]))
      return builder.add("MatMul", builder.add("Relu", up), builder.weight([hidden, width]))
    }
    let (first, second) = (block(), block())
    let sum = builder.add("Add", builder.add("Add", "x", first), second)
    let folder = TemporaryFolder()
    let path = folder.write(
      builder.model(input: "x", [rows, width], output: sum), to: "pair.onnx")
    let plain = try PlannedFile(path, []).plan()
    let halves = try PlannedFile(path, ["--fuse", "exact", "--pieces", "2"]).plan()
    // One block at a time needs what the graph as it is needs; less takes smaller pieces.
    let budget = min(plain.summary.totalBytes, halves.summary.totalBytes) - 1
    let cut = try PlannedFile(path, ["--fuse", "exact", "--budget", "\(budget)"]).plan()
    #expect(cut.summary.fits == true)
    #expect(cut.summary.totalBytes <= budget)
    #expect(try #require(cut.fusion).pieces > 2)
  }

  @Test func `a plan of the written model needs what the fused plan says`() throws {
    let folder = TemporaryFolder()
    let written = folder.path(of: "fused.onnx")
    let fused = CommandRunner.graphopt(
      "fuse", model, "--mode", "sequential", "--run", "0-8", "-o", written)
    try #require(fused.status == 0, "\(fused.errors)")
    let predicted = try plan(sequential)
    let real = try PlannedFile(written, rows).plan()
    #expect(real.summary.peakBytes == predicted.summary.peakBytes)
    #expect(real.summary.residentBytes == predicted.summary.residentBytes)
    #expect(real.steps.count == predicted.steps.count)
  }

  @Test func `what cannot be planned fused is refused`() {
    let emitted = CommandRunner.graphopt(
      ["plan", model, "--emit", "onnx=x.onnx"] + rows + sequential)
    #expect(emitted.status == 64)
    let unknown = CommandRunner.graphopt(
      ["plan", model, "--fuse", "sequential", "--run", "0-30"] + rows)
    #expect(unknown.status == 65)
  }
}
