// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Importers

@Suite struct `Large files` {
  /// The resident memory of this process, in bytes.
  private func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
      separator: " ")
    return try #require(Int(fields[1])) * sysconf(Int32(_SC_PAGESIZE))
  }

  /// The file is a hole but for the few bytes around the weights.
  @Test func `weights of 3 GiB cost no memory`() throws {
    let weightBytes = 3 << 30
    let tensorHead = ProtobufWriter.message {
      $0.varint(1, Int64(weightBytes / 4))
      $0.varint(2, 1)
      $0.string(8, "w")
      $0.tag(9, 2)
      $0.rawVarint(UInt64(weightBytes))
    }
    let graphHead = ProtobufWriter.message {
      $0.node("Relu", ["w"], ["y"])
      $0.tag(5, 2)
      $0.rawVarint(UInt64(tensorHead.count + weightBytes))
      $0.raw(tensorHead)
    }
    let graphTail = ProtobufWriter.message { $0.node("Neg", ["y"], ["z"]) }
    let head = ProtobufWriter.message {
      $0.varint(1, 10)
      $0.tag(7, 2)
      $0.rawVarint(UInt64(graphHead.count + weightBytes + graphTail.count))
      $0.raw(graphHead)
    }

    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("graphopt-\(UUID().uuidString).onnx").path
    try Data(head).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.truncate(atOffset: UInt64(head.count + weightBytes))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(graphTail))
    try handle.close()

    let before = try residentBytes()
    let model = try ONNXModel(path: path)
    let growth = try residentBytes() - before

    #expect(model.graph.nodes.map { model.operator(of: $0).type } == ["Relu", "Neg"])
    let weights = model.graph.initializers[0]
    #expect(weights.elementCount == weightBytes / 4)
    #expect(weights.storage == .raw(head.count..<head.count + weightBytes))
    #expect(try model.reals(of: weights, limit: 1000) == nil)
    // Other tests run meanwhile; the bytes themselves would be 48 times as much.
    #expect(growth < 64 << 20)
  }
}
