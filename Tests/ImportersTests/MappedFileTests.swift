// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Importers

@Suite struct `Mapping a file` {
  private func reason(_ path: String) -> String? {
    do throws(ImportError) {
      _ = try MappedFile(path: path)
      return nil
    } catch {
      return error.description
    }
  }

  /// Calls a closure with the path of a new file's place, which is cleared up afterwards.
  private func withPlace(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("graphopt-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appendingPathComponent("model.onnx").path)
  }

  @Test func `all bytes are there`() throws {
    try withPlace { path in
      let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let file = try MappedFile(path: path)
      #expect(file.size == 10_000)
      #expect(file.withBytes { Array($0) } == bytes)
      #expect(file.bytes(in: 300..<303) == [44, 45, 46])
      #expect(file.bytes(in: 9_999..<10_000)?.count == 1)
      #expect(file.bytes(in: 9_999..<10_001) == nil)
      #expect(file.bytes(in: -1..<1) == nil)
    }
  }

  @Test func `bytes in memory serve as a file`() throws {
    let file = try MappedFile(bytes: [1, 2, 3])
    #expect(file.size == 3)
    #expect(file.bytes(in: 0..<3) == [1, 2, 3])
  }

  @Test func `a range comes in pieces, and again after they were let go`() throws {
    try withPlace { path in
      let bytes = (0..<5_000_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      for file in [try MappedFile(path: path), try MappedFile(bytes: bytes)] {
        for _ in 0..<2 {
          var seen: [UInt8] = []
          var count = 0
          file.forEachPiece(of: 3..<bytes.count, upTo: 2 << 20) {
            seen.append(contentsOf: $0)
            count += 1
          }
          #expect(count == 3)
          #expect(seen == Array(bytes[3...]))
        }
      }
    }
  }

  @Test func `what cannot be read is refused with the reason`() throws {
    #expect(reason("/no/such/file") == "cannot read: no such file or directory")
    #expect(reason("/") == "cannot read: it is a directory")
    #expect(reason("/dev/null") == "cannot read: it is not a regular file")
    #expect(reason("nul\0inside") == "cannot read: no such file or directory")
    try withPlace { path in
      try Data().write(to: URL(fileURLWithPath: path))
      #expect(reason(path) == "not an ONNX model: the file is empty")
    }
    try withPlace { path in
      #expect(mkfifo(path, 0o600) == 0)
      #expect(reason(path) == "cannot read: it is not a regular file")
    }
  }

  @Test(.disabled(if: geteuid() == 0, "root may read everything"))
  func `a file without permission is refused`() throws {
    try withPlace { path in
      try Data([1]).write(to: URL(fileURLWithPath: path))
      #expect(chmod(path, 0) == 0)
      #expect(reason(path) == "cannot read: permission denied")
    }
  }
}
