// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A folder of its own, which is gone when nobody holds it any more.
public final class TemporaryFolder: Sendable {
  /// The path of the folder.
  public let path: String

  public init() {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("graphopt-\(UUID().uuidString)")
    path = url.path
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      preconditionFailure("a test needs a temporary folder: \(error)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder.
  public func path(of file: String) -> String { "\(path)/\(file)" }

  /// Writes a file in the folder and returns its path.
  @discardableResult
  public func write(_ bytes: [UInt8], to file: String) -> String {
    let path = path(of: file)
    precondition(
      FileManager.default.createFile(atPath: path, contents: Data(bytes)),
      "a test can write into its folder")
    return path
  }

  /// The bytes of a file in the folder, or `nil` if it is not there.
  public func bytes(of file: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path(of: file)).map { [UInt8]($0) }
  }

  /// The names of the files in the folder, ascending.
  public var files: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
  }
}
