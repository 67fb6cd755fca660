// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import graphopt

/// `--emit KIND=PATH`: further forms of a plan.
@Suite struct EmitTests {
  @Test func `several forms are written at once`() {
    let folder = TemporaryFolder()
    let result = CommandRunner.graphopt(
      "plan", "Fixtures/fan.onnx", "-o", folder.path(of: "a.json"), "--emit",
      "json=\(folder.path(of: "b.json"))", "--emit", "text=\(folder.path(of: "c.txt"))", "--emit",
      "onnx=\(folder.path(of: "d.onnx"))")
    #expect(result.status == 0)
    #expect(folder.files == ["a.json", "b.json", "c.txt", "d.onnx"])
    #expect(folder.bytes(of: "a.json") == folder.bytes(of: "b.json"))
    let report = String(decoding: folder.bytes(of: "c.txt") ?? [], as: UTF8.self)
    #expect(!report.isEmpty && result.text.hasPrefix(report))
    #expect(result.text.contains("PRIORITY_BASED"))
  }

  @Test func `every kind is listed with what it is, and written`() {
    let folder = TemporaryFolder()
    let help = CommandRunner.graphopt("plan", "--help").text
    var arguments = ["plan", "Fixtures/bert_block.onnx", "--dim", "batch=2", "--dim", "seq=7"]
    for kind in Emission.kinds {
      #expect(help.contains("\n  \(kind): "), "\(kind)")
      arguments += ["--emit", "\(kind)=\(folder.path(of: kind))"]
    }
    #expect(CommandRunner.graphopt(arguments).status == 0)
    #expect(folder.files == Emission.kinds.sorted())
    for kind in Emission.kinds { #expect(folder.bytes(of: kind)?.isEmpty == false, "\(kind)") }
    let again = TemporaryFolder()
    #expect(
      CommandRunner.graphopt(
        arguments.map { $0.replacing(folder.path, with: again.path) }
      ).status == 0)
    for kind in Emission.kinds { #expect(folder.bytes(of: kind) == again.bytes(of: kind)) }
  }

  @Test func `a dash is standard output, and the report does not go there too`() {
    let folder = TemporaryFolder()
    let path = folder.path(of: "plan.json")
    let result = CommandRunner.graphopt(
      "plan", "Fixtures/fan.onnx", "--emit", "md=-", "-o", path)
    #expect(result.status == 0)
    #expect(result.text.hasPrefix("### graphopt: "))
    #expect(!result.text.contains("bound: "))
    #expect(folder.files == ["plan.json"])
    let plan = CommandRunner.graphopt("plan", "Fixtures/fan.onnx", "-o", "-")
    #expect(plan.output == folder.bytes(of: "plan.json"))
    let twice = CommandRunner.graphopt("plan", "Fixtures/fan.onnx", "-o", "-", "--emit", "md=-")
    #expect(twice.status == 64)
  }

  @Test func `the layout command reads back what is emitted`() {
    let folder = TemporaryFolder()
    let path = folder.path(of: "plan.csv")
    let plan = CommandRunner.graphopt(
      "plan", "Fixtures/dense_block.onnx", "--format", "json", "--emit", "csv=\(path)")
    let arena = plan.text.firstMatch(of: /"summary":\{"arenaBytes":(\d+)/)?.1
    let layout = CommandRunner.graphopt("layout", path, "--format", "json")
    #expect(layout.status == 0, "\(layout.errors)")
    #expect(layout.text.firstMatch(of: /"heightBytes":(\d+)/)?.1 == arena)
  }

  @Test func `where one file cannot be written, none is`() {
    let folder = TemporaryFolder()
    let old = folder.write(Array("old".utf8), to: "plan.json")
    let missing = folder.path(of: "missing/plan.csv")
    expectRefusal(
      CommandRunner.graphopt(
        "plan", "Fixtures/fan.onnx", "-o", old, "--emit", "md=\(folder.path(of: "plan.md"))",
        "--emit", "csv=\(missing)"), status: 73, of: missing, ["no such file or directory"])
    #expect(folder.files == ["plan.json"])
    #expect(folder.bytes(of: "plan.json") == Array("old".utf8))
    expectRefusal(
      CommandRunner.graphopt(
        "plan", "Fixtures/fan.onnx", "-o", old, "--emit", "md=/dev/full"), status: 73,
      of: "/dev/full", ["no space left"])
    #expect(folder.bytes(of: "plan.json") == Array("old".utf8))
  }

  @Test func `a format that has no place for a plan says so`() {
    let folder = TemporaryFolder()
    let path = folder.path(of: "plan.tflm")
    expectRefusal(
      CommandRunner.graphopt(
        "plan", "Fixtures/mixed_types.onnx", "--dim", "batch=3", "--alignment", "1", "--emit",
        "tflm=\(path)"), status: 73, of: path, ["cannot be written as tflm", "--alignment 16"])
    #expect(folder.files == [])
  }

  @Test func `a planned file in file order needs what the plan said`() {
    let folder = TemporaryFolder()
    let planned = folder.path(of: "planned.onnx")
    let first = CommandRunner.graphopt(
      "plan", "Fixtures/fan.onnx", "--format", "json", "--emit", "onnx=\(planned)")
    let second = CommandRunner.graphopt("plan", planned, "--order", "file", "--format", "json")
    func peak(_ result: CommandRunner.Result) -> Substring? {
      result.text.firstMatch(of: /"peakBytes":(\d+),"peakStep"/)?.1
    }
    #expect(peak(first) != nil)
    #expect(peak(first) == peak(second))
  }

  @Test func `a file that cannot be written is an error and leaves nothing`() {
    let folder = TemporaryFolder()
    let path = folder.path(of: "missing/planned.onnx")
    expectRefusal(
      CommandRunner.graphopt("plan", "Fixtures/fan.onnx", "--emit", "onnx=\(path)"), status: 73,
      of: path,
      ["no such file or directory"])
    #expect(folder.files == [])
  }

  @Test func `a copy may replace its own model`() {
    let folder = TemporaryFolder()
    let model = try? Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/fan.onnx"))
    let path = folder.write(Array(model ?? Data()), to: "model.onnx")
    #expect(CommandRunner.graphopt("plan", path, "--emit", "onnx=\(path)").status == 0)
    #expect(folder.bytes(of: "model.onnx") != Array(model ?? Data()))
    #expect(CommandRunner.graphopt("plan", path, "--order", "file").status == 0)
  }

  // MARK: Weights in other files

  private func plan(_ model: String, _ options: String...) -> CommandRunner.Result {
    CommandRunner.graphopt(["plan", model, "--dim", "batch=1"] + options)
  }

  /// A folder with a model whose weights lie in `data/w.bin`, and whether those are there.
  private func folder(hasWeights: Bool) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    folder.write(
      ProtobufWriter.model { graph in
        graph.node("MatMul", ["x", "w"], ["y"])
        graph.value(11, "x", shape: ["batch", 4])
        graph.value(12, "y", shape: nil)
        graph.tensor(5, "w", type: 1, dims: [4, 64]) {
          $0.message(13) {
            $0.string(1, "location")
            $0.string(2, "data/w.bin")
          }
          $0.varint(14, 1)
        }
      }, to: "model.onnx")
    if hasWeights {
      try FileManager.default.createDirectory(
        atPath: folder.path(of: "data"), withIntermediateDirectories: true)
      folder.write([UInt8](repeating: 0, count: 1024), to: "data/w.bin")
    }
    return folder
  }

  @Test func `a copy in the same folder refers to the same weights`() throws {
    let folder = try folder(hasWeights: true)
    let copy = folder.path(of: "copy.onnx")
    let result = plan(folder.path(of: "model.onnx"), "--emit", "onnx=\(copy)")
    #expect(result.status == 0)
    #expect(!result.errors.contains("beside it"))
    #expect(folder.files.contains("copy.onnx"))
  }

  @Test func `a copy elsewhere would not find them and is refused`() throws {
    let folder = try folder(hasWeights: true)
    let other = TemporaryFolder()
    let path = other.path(of: "copy.onnx")
    expectRefusal(
      plan(folder.path(of: "model.onnx"), "--emit", "onnx=\(path)"), status: 73, of: path,
      ["the weights lie in 'data/w.bin'", folder.path])
    #expect(other.files == [])
    // A link to them is as good as the weights.
    #expect(symlink(folder.path(of: "data"), other.path(of: "data")) == 0)
    #expect(plan(folder.path(of: "model.onnx"), "--emit", "onnx=\(path)").status == 0)
  }

  @Test func `weights that are not there are referred to, with a note`() throws {
    let folder = try folder(hasWeights: false)
    let other = TemporaryFolder()
    let result = plan(
      folder.path(of: "model.onnx"), "--emit", "onnx=\(other.path(of: "copy.onnx"))")
    #expect(result.status == 0)
    #expect(result.errors.contains("needs 'data/w.bin' beside it to run"))
    #expect(other.files == ["copy.onnx"])
  }

  // MARK: Size

  /// The file is a hole but for the few bytes around the weights. The copy goes into a pipe that
  /// counts, so that it costs no disk.
  @Test func `weights of 2 GiB are copied in the memory of the graph`() throws {
    let folder = TemporaryFolder()
    let path = try LargeModel.write(weightBytes: 2 << 30, to: folder.path(of: "large.onnx"))
    // What a process reports of itself at its end counts what it was forked from, too.
    let script = """
      mkfifo "$2/pipe"; wc -c < "$2/pipe" > "$2/count" &
      "$0" plan "$1" --emit "onnx=$2/pipe" & planner=$!
      while grep VmHWM "/proc/$planner/status" > "$2/now"; do
        mv "$2/now" "$2/most"; sleep 0.01
      done
      wait $planner; status=$?; wait; exit $status
      """
    let result = CommandRunner.run(
      "/bin/sh", ["-c", script, CommandRunner.graphopt, path, folder.path])
    #expect(result.status == 0, "\(result.errors)")
    let most = String(decoding: folder.bytes(of: "most") ?? [], as: UTF8.self)
    #expect(try #require(Int(most.filter(\.isNumber))) < 150 << 10, "kilobytes")
    let count = String(decoding: folder.bytes(of: "count") ?? [], as: UTF8.self)
    let written = try #require(Int(count.filter(\.isNumber)))
    #expect(written > 2 << 30)
  }
}

/// A model with weights that are a hole in the file.
enum LargeModel {
  /// Writes one of so many bytes of weights and returns its path.
  static func write(weightBytes: Int, to path: String) throws -> String {
    let tensor = ProtobufWriter.message {
      $0.varint(1, Int64(weightBytes / 4))
      $0.varint(2, 1)
      $0.string(8, "w")
      $0.tag(9, 2)
      $0.rawVarint(UInt64(weightBytes))
    }
    let before = ProtobufWriter.message {
      $0.value(11, "x", shape: [1])
      $0.node("Add", ["x", "w"], ["y"])
      $0.tag(5, 2)
      $0.rawVarint(UInt64(tensor.count + weightBytes))
      $0.raw(tensor)
    }
    let after = ProtobufWriter.message {
      $0.node("ReduceSum", ["y"], ["z"])
      $0.value(12, "z", shape: nil)
    }
    let head = ProtobufWriter.message {
      $0.varint(1, 10)
      $0.message(8) { $0.varint(2, 21) }
      $0.tag(7, 2)
      $0.rawVarint(UInt64(before.count + weightBytes + after.count))
      $0.raw(before)
    }
    try Data(head).write(to: URL(fileURLWithPath: path))
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.truncate(atOffset: UInt64(head.count + weightBytes))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(after))
    try handle.close()
    return path
  }
}
