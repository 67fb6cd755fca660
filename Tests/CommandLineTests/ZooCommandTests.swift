// SPDX-License-Identifier: Apache-2.0
import Foundation
import Gate
import Planning
import TestSupport
import Testing

@Suite struct ZooCommandTests {
  /// Five models of which one is none.
  private static func zoo() -> ZooFolder {
    let zoo = ZooFolder()
    zoo.write("a", terms: ["p", "q"])
    zoo.write("b", terms: ["p", "q", "r"], extent: "n")
    zoo.writeBroken("c")
    zoo.write("d", terms: ["p"], weight: 1024)
    zoo.write("e", terms: ["p", "q", "r", "s"])
    return zoo
  }

  private func records(_ bytes: [UInt8]?) throws -> [ZooRecord] {
    let folder = TemporaryFolder()
    return try RecordFile.records(of: folder.write(try #require(bytes), to: "records"))
  }

  // MARK: Records

  @Test func `one broken model is one failed record, and the rest is planned`() throws {
    let zoo = Self.zoo()
    let result = zoo.gate("--dim", "n=256", "--format", "json")
    #expect(result.status == 65)
    let records = try records(result.output)
    #expect(records.map(\.run.name) == ["a", "b", "c", "d", "e"].map { "\($0).onnx" })
    #expect(records.map { $0.failure?.kind } == [nil, nil, .badModel, nil, nil])
    // x and the terms, and the sum, which may lie in the first of them.
    #expect(records.map { $0.plan?.profile.peakBytes } == [12288, 4096, nil, 8192, 20480])
    #expect(records.map { $0.plan?.profile.residentBytes } == [0, 0, nil, 4096, 0])
    #expect(records[0].plan?.profile.atPeak.listed.map(\.name).contains("q") == true)
    #expect(result.errors.contains("[5/5] "))
    #expect(result.errors.contains("5 models: 4 planned"))
  }

  @Test func `the bytes do not depend on how many models run at a time`() throws {
    let zoo = Self.zoo()
    let expected = zoo.gate(
      "--dim", "n=256", "--format", "json", "--output", zoo.folder.path(of: "1"))
    for jobs in ["2", "5"] {
      let path = zoo.folder.path(of: jobs)
      let result = zoo.gate(
        "--dim", "n=256", "--format", "json", "--jobs", jobs, "--output", path)
      #expect(result.output == expected.output)
      #expect(zoo.bytes(of: jobs) == expected.output)
    }
    #expect(!zoo.folder.files.contains { $0.hasSuffix(".partial") })
  }

  @Test(arguments: [1, 2, 3, 5, 9]) func `parts one after another are the whole`(
    _ count: Int
  ) throws {
    let zoo = Self.zoo()
    let whole = zoo.gate("--dim", "n=256", "--format", "json")
    var (bytes, paths): ([UInt8], [String]) = ([], [])
    for part in 1...count {
      let result = zoo.gate("--dim", "n=256", "--format", "json", "--shard", "\(part)/\(count)")
      bytes += result.output
      paths.append(zoo.folder.write(result.output, to: "\(part).jsonl"))
    }
    #expect(bytes == whole.output)
    let merged = CommandRunner.graphopt(
      ["zoo", "--merge"] + paths.reversed() + ["--format", "json"])
    #expect(merged.output == whole.output)
    #expect(merged.status == whole.status)
    if count > 1 {
      let missing = CommandRunner.graphopt(
        ["zoo", "--merge"]
          + paths.dropLast().filter { path in
            !(FileManager.default.contents(atPath: path) ?? Data()).isEmpty
          })
      #expect(missing.status == 65 || count > 5)
    }
  }

  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `manifest, records and baseline are as their schemas say`() throws {
    let zoo = Self.zoo()
    zoo.writeManifest(
      """
      {"model":"b.onnx","bindings":[{"n":64},{"n":128}],"options":{"inplace":"ort"}},
      {"model":"c.onnx"},{"model":"gone.onnx"},
      {"model":"e.onnx","dims":{},"name":"größte","budget":"1KiB","bounds":{}}
      """)
    let baseline = zoo.folder.path(of: "baseline.json")
    let records = zoo.folder.path(of: "records.jsonl")
    let result = zoo.gate("--baseline", baseline, "--update-baseline", "--output", records)
    #expect(result.status == 65)
    let answer = Peer.run(
      "peer_schema.py", [zoo.folder.path(of: "graphopt-zoo.json"), records, baseline])
    // The manifest is written by hand here, its keys in no order.
    let lines = answer.errors.split(separator: "\n")
    #expect(lines.allSatisfy { $0.contains("graphopt-zoo.json: key ") }, "\(answer.errors)")
  }

  // MARK: The gate

  @Test func `a model that needs more fails the gate, with the tensor that did it`() throws {
    let zoo = Self.zoo()
    let baseline = zoo.folder.path(of: "baseline.json")
    let arguments = ["zoo", zoo.path, "--dim", "n=256", "--baseline", baseline]
    #expect(CommandRunner.graphopt(arguments + ["--update-baseline"]).status == 65)
    let before = zoo.bytes(of: "baseline.json")
    // The broken one is known to be broken now.
    #expect(CommandRunner.graphopt(arguments).status == 0)
    #expect(CommandRunner.graphopt(arguments + ["--update-baseline"]).status == 0)
    #expect(zoo.bytes(of: "baseline.json") == before)

    zoo.write("a", terms: ["p", "culprit", "q"])
    let grown = CommandRunner.graphopt(arguments)
    #expect(grown.status == 4)
    #expect(grown.text.contains("'culprit' is live at the peak and was not, with 4.000 KiB"))
    #expect(grown.text.contains("arena 12.000 KiB -> 16.000 KiB"))
    #expect(grown.errors.contains("a.onnx") && grown.errors.contains("grown"))
    #expect(CommandRunner.graphopt(arguments + ["--tolerance", "4KiB"]).status == 0)
    #expect(CommandRunner.graphopt(arguments + ["--tolerance", "4095"]).status == 4)

    // An update leaves growth alone unless it is accepted.
    #expect(CommandRunner.graphopt(arguments + ["--update-baseline"]).status == 4)
    #expect(zoo.bytes(of: "baseline.json") == before)
    let accepted = CommandRunner.graphopt(arguments + ["--update-baseline", "--accept-growth"])
    #expect(accepted.status == 0)
    #expect(accepted.text.contains("'culprit'"))
    #expect(zoo.bytes(of: "baseline.json") != before)
    #expect(CommandRunner.graphopt(arguments).status == 0)
  }

  @Test func `a weight that is new fails the gate by the total`() {
    let zoo = ZooFolder()
    zoo.write("d", terms: ["p"], weight: 1)
    let baseline = zoo.folder.path(of: "baseline.json")
    #expect(zoo.gate("--baseline", baseline, "--update-baseline").status == 0)
    zoo.write("d", terms: ["p"], weight: 1024)
    let result = zoo.gate("--baseline", baseline)
    #expect(result.status == 4)
    #expect(result.text.contains("grown: total"))
    #expect(result.text.contains("'w' has 4.000 KiB there instead of 64 B"))
  }

  @Test func `a model that can no longer be planned fails the gate`() {
    let zoo = ZooFolder()
    zoo.write("a", terms: ["p"])
    let baseline = zoo.folder.path(of: "baseline.json")
    #expect(zoo.gate("--baseline", baseline, "--update-baseline").status == 0)
    zoo.writeBroken("a")
    let result = zoo.gate("--baseline", baseline)
    #expect(result.status == 65)
    #expect(result.text.contains("bad-model: not an ONNX model"))
  }

  @Test func `a plan over its budget is told, and so is the growth of another`() {
    let zoo = ZooFolder()
    zoo.write("a", terms: ["p"])
    zoo.writeManifest(#"{"model":"a.onnx","budget":"1KiB"}"#)
    let result = zoo.gate()
    #expect(result.status == 3)
    #expect(result.text.contains("over by "))
    #expect(zoo.gate("--budget", "1GB").status == 3)
  }

  @Test func `a budget is kept by recomputing or spilling unless the options say otherwise`()
    throws
  {
    let zoo = ZooFolder()
    let model = try Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/recall.onnx"))
    zoo.folder.write(Array(model), to: "m.onnx")
    func entry(_ name: String, _ options: String) -> String {
      #"{"model":"m.onnx","name":"\#(name)","budget":"1MiB","options":{\#(options)}}"#
    }
    zoo.writeManifest(
      [
        entry("auto", ""), entry("neither", #""recompute":"off","spill":"off""#),
        entry("spilled", #""recompute":"off","spill":"on""#),
      ].joined(separator: ","))
    let records = zoo.folder.path(of: "records.jsonl")
    #expect(zoo.gate("-o", records).status == 3)
    let lines = String(decoding: zoo.bytes(of: "records.jsonl") ?? [], as: UTF8.self)
      .split(separator: "\n")
    #expect(lines.map { $0.contains(#""fits":true"#) } == [true, false, true])
    #expect(lines.map { $0.contains(#""recompute":"off""#) } == [false, true, true])
    #expect(lines.map { $0.contains(#""spill":"#) } == [false, true, true])
    // What the command line says holds where the manifest says nothing.
    let off = zoo.gate("--recompute", "off", "--spill", "off", "-o", records)
    #expect(off.status == 3)
    let fits = String(decoding: zoo.bytes(of: "records.jsonl") ?? [], as: UTF8.self)
      .split(separator: "\n").map { $0.contains(#""fits":true"#) }
    #expect(fits == [false, false, true])
    // Records and baselines with these options are read again as they were written.
    let baseline = zoo.folder.path(of: "baseline.json")
    let options = ["--baseline", baseline, "--update-baseline"]
    _ = CommandRunner.graphopt(["zoo", zoo.path] + options)
    let again = CommandRunner.graphopt(["zoo", zoo.path, "--baseline", baseline])
    #expect(again.status == 3)
    #expect(!again.text.contains("other options"))
    #expect(zoo.gate("--spill", "most").status == 64)
  }

  // MARK: Interruption

  @Test func `a run that was cut short goes on from its records`() throws {
    let zoo = Self.zoo()
    let output = zoo.folder.path(of: "records.jsonl")
    let whole = zoo.gate("--dim", "n=256", "--format", "json")
    let lines = whole.output.split(separator: 0x0A).map { Array($0) + [0x0A] }
    // Two records and a half, in the order in which they ended.
    zoo.folder.write(lines[3] + lines[0] + lines[1].prefix(40), to: "records.jsonl.partial")
    let resumed = zoo.gate(
      "--dim", "n=256", "--format", "json", "--output", output, "--resume")
    #expect(resumed.output == whole.output)
    #expect(zoo.bytes(of: "records.jsonl") == whole.output)
    #expect(!zoo.folder.files.contains("records.jsonl.partial"))
    #expect(resumed.errors.components(separatedBy: "(unchanged)").count == 3)

    // A model that changed since is planned again, and so are others by other options.
    zoo.write("a", terms: ["p"])
    let again = zoo.gate("--dim", "n=256", "--format", "json", "--output", output, "--resume")
    #expect(again.errors.components(separatedBy: "(unchanged)").count == 4)
    #expect(try records(again.output)[0].plan?.nodes == 2)
    let other = zoo.gate(
      "--dim", "n=256", "--inplace", "none", "--output", output, "--resume")
    #expect(!other.errors.contains("(unchanged)"))
  }

  @Test func `a run that is killed can be resumed`() throws {
    let zoo = Self.zoo()
    let output = zoo.folder.path(of: "records.jsonl")
    // Killed by what reads the first record.
    let killed = CommandRunner.run(
      "/bin/sh",
      [
        "-c", "\"$@\" | head -c 1 > /dev/null", "sh", CommandRunner.graphopt, "zoo", zoo.path,
        "--dim", "n=256", "--format", "json", "--output", output,
      ])
    #expect(killed.status >= 0)
    let whole = zoo.gate("--dim", "n=256", "--format", "json", "--output", output, "--resume")
    #expect(zoo.bytes(of: "records.jsonl") == whole.output)
    #expect(whole.output == zoo.gate("--dim", "n=256", "--format", "json").output)
  }

  @Test func `a model that takes too long is a failed record`() throws {
    let zoo = ZooFolder()
    zoo.write("a", terms: (0..<400).map { "t\($0)" })
    let result = zoo.gate("--model-limit", "1ms", "--format", "json")
    #expect(result.status == 65)
    #expect(try records(result.output).first?.failure?.kind == .timeLimit)
  }

  // MARK: Refusals

  @Test func `what cannot be gated is refused`() throws {
    let zoo = Self.zoo()
    let gone = zoo.folder.path(of: "gone")
    expectRefusal(CommandRunner.graphopt("zoo", gone), status: 66, of: gone, ["no such file"])
    let file = zoo.folder.path(of: "a.onnx")
    expectRefusal(CommandRunner.graphopt("zoo", file), status: 66, of: file, ["not a directory"])
    let empty = TemporaryFolder()
    expectRefusal(
      CommandRunner.graphopt("zoo", empty.path), status: 65, of: empty.path, ["no .onnx file"])
    expectRefusal(zoo.gate("--baseline", gone), status: 66, of: gone, ["no such file"])
    expectRefusal(zoo.gate("--manifest", gone), status: 66, of: gone, ["no such file"])
    expectRefusal(zoo.gate("--baseline", file), status: 65, of: file, ["not a baseline of a zoo"])
    expectRefusal(
      CommandRunner.graphopt("zoo", "--merge", gone), status: 66, of: gone, ["no such file"])
    expectRefusal(
      CommandRunner.graphopt("zoo", "--merge", file), status: 65, of: file, ["not a record"])
    let nowhere = zoo.folder.path(of: "gone/records")
    expectRefusal(
      zoo.gate("--output", nowhere), status: 73, of: "\(nowhere).partial", ["no such file"])
  }

  @Test func `a full device is an error`() {
    let zoo = ZooFolder()
    zoo.write("a", terms: ["p"])
    let full = CommandRunner.graphopt("zoo", zoo.path, outputPath: "/dev/full")
    #expect(full.status == 73)
    #expect(zoo.gate("--output", "/dev/full").status == 73)
    #expect(
      zoo.gate("--baseline", "/dev/full", "--update-baseline").status != 0)
  }

  @Test func `the worker answers requests only`() {
    let result = CommandRunner.graphopt("zoo-worker")
    #expect(result.status == 65)
    #expect(result.errors.contains("no request"))
  }
}
