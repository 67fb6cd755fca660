// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writes a file whole or not at all.
struct OutputFile {
  /// Takes some of a file's bytes; what it throws ends the writing.
  typealias Sink = (UnsafeRawBufferPointer) throws -> Void
  /// Hands a file's bytes to a sink, piece by piece.
  typealias Content = (Sink) throws -> Void

  /// The path that stands for standard output.
  static let standardOutput = "-"

  let path: String

  /// Writes bytes that are all there, as ``OutputFiles`` do it.
  func write(_ bytes: [UInt8]) throws {
    let files = OutputFiles()
    try files.add(path) { sink in try bytes.withUnsafeBytes(sink) }
    try files.commit()
  }

  /// Whether it is standard output, a pipe or a device: what is written to directly, and cannot be
  /// taken back. `/dev/stdout` may well lead to a regular file, but it is not to be replaced by one.
  var isStream: Bool {
    if path == Self.standardOutput || path.hasPrefix("/dev/") { return true }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
  }

  /// Writes to what is there already.
  func writeDirectly(_ content: Content) throws {
    if path == Self.standardOutput {
      return try content { bytes in
        if let reason = Terminal.writeAll(bytes, to: STDOUT_FILENO) {
          throw Failure(.cannotWrite, "standard output cannot be written: \(reason)")
        }
      }
    }
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    do { try write(content, to: descriptor) } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw failure() }
  }

  /// Writes to a descriptor.
  func write(_ content: Content, to descriptor: Int32) throws {
    try content { bytes in
      if let reason = Terminal.writeAll(bytes, to: descriptor) {
        throw Failure(.cannotWrite, file: path, "cannot be written: \(reason)")
      }
    }
  }

  /// The failure that the operating system's last error is.
  func failure() -> Failure {
    Failure(.cannotWrite, file: path, "cannot be written: \(Terminal.reason(errno))")
  }
}
