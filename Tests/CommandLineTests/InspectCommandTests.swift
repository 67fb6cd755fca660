// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct InspectCommandTests {
  /// What a test reads of the JSON.
  private struct Inspected: Decodable {
    struct Tensor: Decodable {
      let name: String
      let shape: [Int]
      let upperBound: Bool
    }

    let dims: [String: Int]
    let bounds: [String: [Int]]
    let notes: [String]
    let tensors: [Tensor]
  }

  /// A model whose mask is as long as its keys and one more, and that picks what is not zero.
  private func model(in folder: TemporaryFolder) -> String {
    folder.write(
      ProtobufWriter.model {
        $0.value(11, "keys", shape: ["batch", "past"])
        $0.value(11, "mask", shape: ["batch", "past + 1"])
        $0.node("Neg", ["keys"], ["negated"])
        $0.node("NonZero", ["mask"], ["places"])
        $0.value(13, "negated", shape: ["batch", 77])
        $0.value(12, "negated", shape: ["batch", "past"])
        $0.value(12, "places", type: 7, shape: [2, "count"])
      }, to: "model.onnx")
  }

  @Test func `the report shows formulas, bounds and notes`() {
    let folder = TemporaryFolder()
    let result = CommandRunner.graphopt(
      "inspect", model(in: folder), "--dim", "batch=2", "--dim", "mask:1=10", "--bound",
      "places=2,15")
    #expect(result.status == 0)
    #expect(result.text.contains("dimension  past=9"))
    #expect(result.text.contains("past + 1=10"))
    #expect(result.text.contains("follows from past"))
    #expect(result.text.contains("places=2,15"))
    #expect(result.text.contains("as --bound says"))
    #expect(
      result.text.contains(
        "note: the file states a wrong shape or type, what is inferred counts: 'negated' is "
          + "float32[2, 9], the file says float32[2, 77]"))
  }

  @Test func `what is not bound is asked for by the names in formulas`() {
    let folder = TemporaryFolder()
    let result = CommandRunner.graphopt("inspect", model(in: folder), "--dim", "batch=2")
    #expect(result.status == 65)
    #expect(
      result.errors.contains(
        "a dimension is not bound: 'past' ('keys:1', 'mask:1'); say --dim past=…"))
  }

  @Test func `JSON has every tensor, with the file's shapes or without`() throws {
    let folder = TemporaryFolder()
    for more in [[], ["--ignore-value-info"]] {
      let result = CommandRunner.graphopt(
        ["inspect", model(in: folder), "--dim", "batch=2", "--dim", "past=9", "--format", "json"]
          + more)
      #expect(result.status == 0)
      let found = try JSONDecoder().decode(Inspected.self, from: Data(result.output))
      #expect(found.tensors.map(\.name) == ["keys", "mask", "negated", "places"])
      #expect(found.tensors.map(\.shape) == [[2, 9], [2, 10], [2, 9], [2, 20]])
      #expect(found.tensors.map(\.upperBound) == [false, false, false, true])
      #expect(found.dims == ["batch": 2, "past": 9])
      #expect(found.bounds.isEmpty)
      #expect(found.notes.contains { $0.contains("wrong shape") } == more.isEmpty)
      let answer = Peer.run("peer_schema.py", [folder.write(result.output, to: "a.json")])
      if Peer.python != nil { #expect(answer.status == 0, "\(answer.errors)") }
    }
  }

  @Test func `a plan remembers its bounds, and is checked with them`() throws {
    let folder = TemporaryFolder()
    let path = model(in: folder)
    let plan = folder.path(of: "plan.json")
    let planned = CommandRunner.graphopt(
      "plan", path, "--dim", "batch=2", "--dim", "past=9", "--bound", "places=2,15", "-o", plan)
    #expect(planned.status == 0)
    #expect(planned.text.contains("places at most 2,15"))
    #expect(CommandRunner.graphopt("check", plan).status == 0)
    let text = try String(contentsOfFile: plan, encoding: .utf8)
    #expect(text.contains("\"bounds\":{\"places\":[2,15]}"))
  }
}
