// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Records in files: one a line.
public enum RecordFile {
  /// The records of a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - isTorn: Whether lines may end in the middle, as in the file of a run that was cut short:
  ///     what cannot be read is then passed over.
  /// - Throws: ``GateError``.
  public static func records(of path: String, isTorn: Bool = false) throws(GateError) -> [ZooRecord]
  {
    let bytes = try InputFile.bytes(of: path)
    var records: [ZooRecord] = []
    for (number, line) in bytes.split(separator: 0x0A).enumerated() {
      do throws(GateError) {
        records.append(
          try InputFile.decoded(
            ZooRecord.self, from: Array(line), path: path,
            as: "a record of a zoo in line \(number + 1)"))
      } catch {
        guard isTorn else { throw error }
      }
    }
    return records
  }

  /// The records of several files, each of a part of one zoo, in the order of the zoo.
  ///
  /// - Throws: ``GateError`` when a record is missing, is there twice with different content, or is of
  ///   another zoo.
  public static func merged(_ paths: [String]) throws(GateError) -> [ZooRecord] {
    var merged: [ZooRecord?] = []
    for (number, path) in paths.enumerated() {
      for record in try records(of: path) {
        if merged.isEmpty {
          guard record.runs <= 1 << 24 else {
            throw .badFile(path: path, reason: "a zoo of \(record.runs) runs is beyond reason")
          }
          merged = Array(repeating: nil, count: record.runs)
        }
        guard record.runs == merged.count else {
          throw .badFile(
            path: path,
            reason: "its records are of a zoo of \(record.runs) runs, those before of one of "
              + "\(merged.count)")
        }
        if let other = merged[record.index], other != record {
          throw .badFile(
            path: path,
            reason: "run \(record.index) ('\(record.run.name)') is in two files, and not the same")
        }
        merged[record.index] = record
      }
      if number == paths.count - 1, let missing = merged.firstIndex(of: nil) {
        throw .badFile(
          path: path,
          reason: "run \(missing) of \(merged.count) is in none of the files; is a part missing?")
      }
    }
    guard !merged.isEmpty else {
      throw .badFile(path: paths.first ?? "", reason: "there is no record in these files")
    }
    return merged.compactMap { $0 }
  }
}

/// Records as they come, in a file beside the one that will hold them in order: what a run that is
/// cut short can be resumed from.
public final class Journal {
  /// The file.
  public let path: String
  private let descriptor: Int32

  /// The journal of an output file.
  public static func path(for output: String) -> String { "\(output).partial" }

  /// Opens the journal of an output file and locks it.
  ///
  /// - Parameters:
  ///   - output: The file that the journal lies beside.
  ///   - keeps: Whether what is in it stays, to be resumed from.
  /// - Throws: ``GateError/cannotWrite(path:reason:)``, also when another run has it open.
  public init(for output: String, keeps: Bool) throws(GateError) {
    path = Self.path(for: output)
    let opened = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard opened >= 0 else { throw .cannotWrite(path: path, reason: InputFile.reason(errno)) }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      close(opened)
      throw .cannotWrite(path: path, reason: "another run is writing to it")
    }
    descriptor = opened
    if !keeps { ftruncate(opened, 0) }
  }

  deinit { close(descriptor) }

  /// Adds a record.
  ///
  /// - Throws: ``GateError/cannotWrite(path:reason:)``.
  public func append(_ record: ZooRecord) throws(GateError) {
    // A torn line that an earlier run left must not swallow this one.
    let line = [0x0A] + record.line()
    var done = 0
    while done < line.count {
      let count = line[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .cannotWrite(path: path, reason: InputFile.reason(errno)) }
      done += count
    }
  }

  /// Removes the file: its records are where they belong.
  public func remove() { unlink(path) }
}
