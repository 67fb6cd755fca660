// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Files that are odd, but that a plan can be made of: each oddity is told.
@Suite struct `Odd files` {
  private func notes(_ graph: (inout ProtobufWriter) -> Void) throws -> [String] {
    try imported(graph: graph).model.notes.map(\.description)
  }

  @Test func `wrong shapes and types in the file are named, and inference is believed`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [2, 3])
      $0.node("Neg", ["x"], ["a"])
      $0.node("Cast", ["a"], ["b"]) { $0.int("to", 7) }
      $0.node("Flatten", ["b"], ["c"])
      $0.node("NonZero", ["c"], ["d"])
      $0.node("NonZero", ["c"], ["e"])
      $0.node("Neg", ["x"], ["right"])
      $0.value(13, "a", shape: [2, 4])
      $0.value(13, "b", shape: [2, 3])
      $0.value(13, "c", type: 7, shape: [6])
      $0.value(13, "d", type: 7, shape: [2, 9])
      $0.value(13, "right", shape: ["anything", 3])
      $0.value(12, "d", type: 7, shape: nil)
      $0.value(12, "e", type: 7, shape: [2, 4])
    }
    #expect(result.graph.shape("a") == [2, 3])
    let wrong = result.model.notes.compactMap { note -> [WrongValueInfo]? in
      if case .wrongShapes(let infos) = note { infos } else { nil }
    }.joined()
    #expect(wrong.map(\.tensor) == ["a", "b", "c", "d"])
    #expect(
      result.model.notes.map(\.description).contains(
        "the file states 4 wrong shapes or types, what is inferred counts: "
          + "'a' is float32[2, 3], the file says float32[2, 4], "
          + "'b' is int64[2, 3], the file says float32[2, 3], "
          + "'c' is int64[2, 3], the file says int64[6] and 1 more"))
  }

  @Test func `an initializer that is stored twice is used once, the last one`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [6])
      $0.integers("shape", [3, 2])
      $0.integers("shape", [2, 3])
      $0.node("Reshape", ["x", "shape"], ["y"])
      $0.value(12, "y", shape: nil)
    }
    #expect(result.graph.shape("y") == [2, 3])
    #expect(
      result.model.notes.map(\.description) == [
        "1 initializer is stored more than once, the last one counts: 'shape'"
      ])
    #expect(result.graph.tensorIDs.count { result.graph.name(of: $0) == "shape" } == 1)
  }

  @Test func `one name for tensors of two shapes is refused`() {
    let error = fault {
      $0.value(11, "x", shape: [6])
      $0.integers("shape", [3, 2])
      $0.integers("shape", [6])
      $0.node("Reshape", ["x", "shape"], ["y"])
      $0.value(12, "y", shape: nil)
    }
    #expect(error?.description.contains("'shape' is defined twice") == true)
  }

  @Test func `nodes of one name are no fault`() throws {
    let result = try imported {
      $0.value(11, "x", shape: [6])
      $0.node("Neg", ["x"], ["a"], name: "same")
      $0.node("Neg", ["a"], ["y"], name: "same")
      $0.value(12, "y", shape: nil)
    }
    #expect(result.graph.nodeNames == ["same", "same"])
  }

  @Test func `what nothing uses is told`() throws {
    let notes = try notes {
      $0.value(11, "x", shape: [6])
      $0.weights("idle", [100])
      $0.node("Neg", ["x"], ["y"])
      $0.node("Abs", ["x"], ["z"], name: "lost")
      $0.value(12, "y", shape: nil)
    }
    #expect(
      notes == [
        "nothing uses what 1 node makes: 'lost'",
        "nothing uses 1 initializer, counted all the same: 'idle'",
      ])
  }

  // MARK: Data in other files

  private func faults(
    _ location: String, offset: Int? = nil, length: Int? = nil,
    _ prepare: (TemporaryFolder) -> Void = { _ in }
  ) throws -> [ExternalDataFault] {
    let folder = TemporaryFolder()
    prepare(folder)
    let bytes = ProtobufWriter.model {
      $0.value(11, "x", shape: [100])
      $0.tensor(5, "w", type: 1, dims: [100]) {
        for (key, value) in [
          ("location", location), ("offset", offset.map(String.init)),
          ("length", length.map(String.init)),
        ] {
          guard let value else { continue }
          $0.message(13) {
            $0.string(1, key)
            $0.string(2, value)
          }
        }
        $0.varint(14, 1)
      }
      $0.node("Add", ["x", "w"], ["y"])
      $0.value(12, "y", shape: nil)
    }
    let path = folder.write(bytes, to: "model.onnx")
    let imported = try ONNXImporter().importGraph(path: path)
    for note in imported.model.notes {
      if case .externalData(let faults) = note { return faults }
    }
    return []
  }

  @Test func `data that is where it should be, or not there at all, is no fault`() throws {
    #expect(try faults("weights.bin").isEmpty)
    #expect(
      try faults("weights.bin", offset: 8, length: 400) {
        _ = $0.write([UInt8](repeating: 0, count: 408), to: "weights.bin")
      }.isEmpty)
  }

  @Test func `data that lies elsewhere, or too little of it, is told`() throws {
    #expect(
      try faults("../../secret.bin").map(\.description)
        == ["'../../secret.bin' is outside the model's folder"])
    #expect(try faults("/etc/passwd") == [.escapes(location: "/etc/passwd")])
    #expect(
      try faults("weights.bin", offset: 9, length: 400) {
        _ = $0.write([UInt8](repeating: 0, count: 408), to: "weights.bin")
      } == [.tooShort(tensor: "w", location: "weights.bin", end: 409, size: 408)])
    #expect(
      try faults("weights.bin", offset: .max, length: 400) {
        _ = $0.write([0], to: "weights.bin")
      } == [.tooShort(tensor: "w", location: "weights.bin", end: .max, size: 1)])
    #expect(
      try faults("weights.bin", length: 399)
        == [.length(tensor: "w", stated: 399, needed: 400)])
    #expect(
      try faults("weights.bin") {
        try? FileManager.default.createSymbolicLink(
          atPath: $0.path(of: "weights.bin"), withDestinationPath: "/etc/passwd")
      } == [.linkEscapes(location: "weights.bin")])
    #expect(
      try faults("weights.bin") {
        try? FileManager.default.createDirectory(
          atPath: $0.path(of: "weights.bin"), withIntermediateDirectories: false)
      } == [.notRegular(location: "weights.bin")])
  }
}
