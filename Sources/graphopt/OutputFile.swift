// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writes a file whole or not at all.
struct OutputFile {
  /// Takes some of a file's bytes; what it throws ends the writing.
  typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  let path: String

  /// Writes bytes that are all there, as ``write(_:)`` writes those that come in pieces.
  func write(_ bytes: [UInt8]) throws { try write { sink in try bytes.withUnsafeBytes(sink) } }

  /// Writes what `content` hands to the sink, beside the file under a name of its own, and moves it
  /// over the file, so that a reader sees the old file or the new one. A link is followed. What is no
  /// regular file (a pipe, a device) is written directly.
  ///
  /// - Throws: ``Failure`` with ``ExitStatus/cannotWrite``, or what `content` throws; the file is then
  ///   as it was.
  func write(_ content: (Sink) throws -> Void) throws {
    var status = stat()
    let exists = stat(path, &status) == 0
    // /dev/stdout may well lead to a regular file, but it is not to be replaced by one.
    if exists && status.st_mode & S_IFMT != S_IFREG || path.hasPrefix("/dev/") {
      return try write(content, to: open(path, O_WRONLY | O_CLOEXEC))
    }
    let target = exists ? Self.followed(path) : path
    var template = Array("\(target).XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw failure() }
    let temporary = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
      // As a file made the usual way: what the mask of the process leaves, or as the old one.
      let mask = umask(0)
      umask(mask)
      fchmod(descriptor, status.st_mode == 0 ? 0o666 & ~mask : status.st_mode & 0o7777)
      try write(content, to: descriptor)
      guard rename(temporary, target) == 0 else { throw failure() }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private func write(_ content: (Sink) throws -> Void, to descriptor: Int32) throws {
    guard descriptor >= 0 else { throw failure() }
    do {
      try content { bytes in
        if let reason = Terminal.writeAll(bytes, to: descriptor) {
          throw Failure(.cannotWrite, file: path, "cannot be written: \(reason)")
        }
      }
    } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw failure() }
  }

  private func failure() -> Failure {
    Failure(.cannotWrite, file: path, "cannot be written: \(Terminal.reason(errno))")
  }

  /// Where a path leads when links are followed to the end.
  private static func followed(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
