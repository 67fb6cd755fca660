// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writes a file whole or not at all.
struct OutputFile {
  let path: String

  /// Writes the bytes beside the file under a name of their own and moves them over it, so that a
  /// reader sees the old file or the new one. What is no regular file (a pipe, a device) is written
  /// directly.
  ///
  /// - Throws: ``Failure`` with ``ExitStatus/cannotWrite``; the file is then as it was.
  func write(_ bytes: [UInt8]) throws {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      return try write(bytes, to: open(path, O_WRONLY | O_CLOEXEC))
    }
    var template = Array("\(path).XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw failure() }
    let temporary = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
      // As a file made the usual way: what the mask of the process leaves, or as the old one.
      let mask = umask(0)
      umask(mask)
      fchmod(descriptor, status.st_mode == 0 ? 0o666 & ~mask : status.st_mode & 0o7777)
      try write(bytes, to: descriptor)
      guard rename(temporary, path) == 0 else { throw failure() }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
    guard descriptor >= 0 else { throw failure() }
    if let reason = Terminal.writeAll(bytes, to: descriptor) {
      close(descriptor)
      throw Failure(.cannotWrite, file: path, "cannot be written: \(reason)")
    }
    guard close(descriptor) == 0 else { throw failure() }
  }

  private func failure() -> Failure {
    Failure(.cannotWrite, file: path, "cannot be written: \(String(cString: strerror(errno)))")
  }
}
