// SPDX-License-Identifier: Apache-2.0

/// An archive of arrays as `numpy.savez` writes it: a ZIP file of stored `.npy` files.
///
/// Arrays are read where they lie in the mapped file. Compressed archives are refused.
///
/// Source: PKWARE, "APPNOTE.TXT, .ZIP File Format Specification", sections 4.3 and 4.4; NumPy
/// Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
public struct NPZArchive: Sendable {
  /// The names of the arrays, without `.npy`, in the order of the archive.
  public private(set) var names: [String] = []
  private var ranges: [String: Range<Int>] = [:]
  private let file: MappedFile

  /// Opens an archive.
  ///
  /// - Throws: ``ArchiveError``.
  /// - Complexity: O(entries).
  public init(path: String) throws(ArchiveError) {
    let file: MappedFile
    do throws(ImportError) {
      file = try MappedFile(path: path)
    } catch {
      if case .cannotRead(let failure) = error { throw .cannotRead(failure) }
      throw .notAnArchive
    }
    try self.init(file)
  }

  /// Opens an archive in a mapped file, as ``init(path:)`` does.
  public init(_ file: MappedFile) throws(ArchiveError) {
    self.file = file
    let entries = try file.withBytes { (bytes) throws(ArchiveError) in
      try ZIPDirectory(ByteReader(bytes)).entries
    }
    for entry in entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      guard ranges.updateValue(entry.range, forKey: name) == nil else {
        throw .broken("array '\(name)' is in it twice")
      }
      names.append(name)
    }
  }

  /// An array as rows of reals; `nil` if there is none of that name.
  ///
  /// - Throws: ``ArchiveError`` where it is of another type than float16, float32 or float64, or
  ///   its bytes are not as many as its shape needs.
  /// - Complexity: O(elements).
  public func array(_ name: String) throws(ArchiveError) -> NPYArray? {
    guard let range = ranges[name] else { return nil }
    return try file.withBytes { (bytes) throws(ArchiveError) in
      try NPYArray(ByteReader(UnsafeRawBufferPointer(rebasing: bytes[range])), name)
    }
  }
}

/// Why an archive of arrays cannot be read.
@nonexhaustive public enum ArchiveError: Error, Hashable, Sendable {
  /// The file's bytes cannot be had.
  case cannotRead(ReadFailure)
  /// The file is no ZIP archive.
  case notAnArchive
  /// An entry is compressed.
  case compressed(String)
  /// The archive, or an array in it, breaks its format.
  case broken(String)
}

extension ArchiveError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let failure): "cannot read: \(failure)"
    case .notAnArchive: "not an .npz archive: it does not end in a ZIP directory"
    case .compressed(let name):
      "'\(name)' is compressed; write the archive with numpy.savez, not savez_compressed"
    case .broken(let what): "a broken .npz archive: \(what)"
    }
  }
}

/// Reads little-endian numbers from bytes, never past their end.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  /// The number of so many bytes at an offset.
  func number(at offset: Int, bytes count: Int) throws(ArchiveError) -> Int {
    guard offset >= 0, count <= 8, offset <= bytes.count - count else {
      throw .broken("it ends too early")
    }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    guard let result = Int(exactly: value) else { throw .broken("a number in it is too large") }
    return result
  }

  func text(at offset: Int, count: Int) throws(ArchiveError) -> String {
    guard offset >= 0, count >= 0, offset <= bytes.count - count else {
      throw .broken("it ends too early")
    }
    return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
  }
}

/// The directory at the end of a ZIP archive.
private struct ZIPDirectory {
  struct Entry {
    var name: String
    var range: Range<Int>
  }

  private(set) var entries: [Entry] = []

  private static let endLength = 22
  private static let entryLimit = 1 << 20

  init(_ reader: ByteReader) throws(ArchiveError) {
    guard let end = Self.end(in: reader) else { throw .notAnArchive }
    var count = try reader.number(at: end + 10, bytes: 2)
    var start = try reader.number(at: end + 16, bytes: 4)
    if count == 0xFFFF || start == 0xFFFF_FFFF, end >= 20,
      try reader.number(at: end - 20, bytes: 4) == 0x0706_4B50
    {
      let record = try reader.number(at: end - 12, bytes: 8)
      guard record <= reader.count, try reader.number(at: record, bytes: 4) == 0x0606_4B50 else {
        throw .broken("its directory is not where it says")
      }
      count = try reader.number(at: record + 32, bytes: 8)
      start = try reader.number(at: record + 48, bytes: 8)
    }
    guard count <= Self.entryLimit else { throw .broken("it has more than a million entries") }
    var offset = start
    for _ in 0..<count {
      guard try reader.number(at: offset, bytes: 4) == 0x0201_4B50 else {
        throw .broken("its directory is not where it says")
      }
      let nameLength = try reader.number(at: offset + 28, bytes: 2)
      let extraLength = try reader.number(at: offset + 30, bytes: 2)
      let commentLength = try reader.number(at: offset + 32, bytes: 2)
      let name = try reader.text(at: offset + 46, count: nameLength)
      guard try reader.number(at: offset + 10, bytes: 2) == 0 else { throw .compressed(name) }
      var size = try reader.number(at: offset + 24, bytes: 4)
      var place = try reader.number(at: offset + 42, bytes: 4)
      try Self.widen(
        &size, &place, reader, offset + 46 + nameLength..<offset + 46 + nameLength + extraLength)
      entries.append(Entry(name: name, range: try Self.content(at: place, size, name, reader)))
      offset += 46 + nameLength + extraLength + commentLength
    }
  }

  /// Where the record at the end starts; behind it may be a comment.
  private static func end(in reader: ByteReader) -> Int? {
    var offset = reader.count - endLength
    let first = max(0, offset - 0xFFFF)
    while offset >= first {
      if (try? reader.number(at: offset, bytes: 4)) == 0x0605_4B50 { return offset }
      offset -= 1
    }
    return nil
  }

  /// Takes numbers of 64 bits from the extra fields of an entry.
  private static func widen(
    _ size: inout Int, _ place: inout Int, _ reader: ByteReader, _ extra: Range<Int>
  ) throws(ArchiveError) {
    guard size == 0xFFFF_FFFF || place == 0xFFFF_FFFF else { return }
    var offset = extra.lowerBound
    while offset + 4 <= extra.upperBound {
      let length = try reader.number(at: offset + 2, bytes: 2)
      if try reader.number(at: offset, bytes: 2) == 1 {
        var field = offset + 4
        if size == 0xFFFF_FFFF {
          size = try reader.number(at: field, bytes: 8)
          // The compressed size is the same.
          field += 16
        }
        if place == 0xFFFF_FFFF { place = try reader.number(at: field, bytes: 8) }
        return
      }
      offset += 4 + length
    }
  }

  /// The bytes of an entry, behind a header of its own.
  private static func content(
    at place: Int, _ size: Int, _ name: String, _ reader: ByteReader
  ) throws(ArchiveError) -> Range<Int> {
    guard place < reader.count, try reader.number(at: place, bytes: 4) == 0x0403_4B50 else {
      throw .broken("'\(name)' is not where its directory says")
    }
    let start =
      try place + 30 + reader.number(at: place + 26, bytes: 2)
      + reader.number(at: place + 28, bytes: 2)
    guard size >= 0, start <= reader.count, size <= reader.count - start else {
      throw .broken("'\(name)' reaches past its end")
    }
    return start..<start + size
  }
}
