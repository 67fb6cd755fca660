// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Standard output and standard error.
enum Terminal {
  /// Whether standard error is a terminal that a person watches.
  static let isInteractive = isatty(STDERR_FILENO) == 1

  /// Writes data to standard output.
  ///
  /// - Throws: ``Failure`` with ``ExitStatus/cannotWrite`` when it cannot be written whole.
  static func write(_ bytes: [UInt8]) throws {
    if let reason = writeAll(bytes, to: STDOUT_FILENO) {
      throw Failure(.cannotWrite, "standard output cannot be written: \(reason)")
    }
  }

  /// Writes a line to standard error.
  static func printError(_ line: String) {
    _ = writeAll(Array((line + "\n").utf8), to: STDERR_FILENO)
  }

  /// Writes bytes to a descriptor; returns why not, if it fails.
  static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> String? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        return reason(errno)
      }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  /// As above.
  static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> String? {
    bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
  }

  /// What the operating system's number for an error means.
  static func reason(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }

  /// All of standard input.
  ///
  /// - Throws: ``Failure`` with ``ExitStatus/cannotRead``.
  static func readAll() throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw Failure(.cannotRead, "standard input cannot be read: \(reason(errno))")
      }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// Whether there is a file at a path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The path of this program; `nil` where the system does not tell.
  static var executable: String? {
    guard let path = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(path) }
    return String(cString: path)
  }
}
