// SPDX-License-Identifier: Apache-2.0

/// Files that are written together: all of them, or none as far as the operating system allows.
///
/// Each is written whole before any gets its name, so that a full disk, a folder that is missing or
/// content that fails leaves everything as it was, and a reader sees an old file or a new one. Pipes,
/// devices and standard output come after that, and before the first name: what has been written to
/// them cannot be taken back.
final class OutputFiles {
  private var files: [(output: OutputFile, temporary: TemporaryFile)] = []
  private var streams: [(output: OutputFile, content: OutputFile.Content)] = []

  /// Writes a file's bytes beside it, or keeps them for ``commit()`` where it is no regular file.
  ///
  /// - Parameter content: Not called before ``commit()`` for a stream.
  /// - Throws: ``Failure`` with ``ExitStatus/cannotWrite``, or what `content` throws.
  func add(_ path: String, _ content: @escaping OutputFile.Content) throws {
    let output = OutputFile(path: path)
    if output.isStream { return streams.append((output, content)) }
    guard let temporary = TemporaryFile(for: path) else { throw output.failure() }
    try output.write(content, to: temporary.descriptor)
    files.append((output, temporary))
  }

  /// As above, of bytes that are all there.
  func add(_ path: String, bytes: [UInt8]) throws {
    try add(path) { sink in try bytes.withUnsafeBytes(sink) }
  }

  /// Writes the streams and gives the files their names. What was there before is replaced.
  ///
  /// - Throws: ``Failure`` with ``ExitStatus/cannotWrite``, or what a stream's content throws.
  func commit() throws {
    for stream in streams { try stream.output.writeDirectly(stream.content) }
    streams = []
    for file in files {
      guard file.temporary.takeName() else { throw file.output.failure() }
    }
    files = []
  }
}
