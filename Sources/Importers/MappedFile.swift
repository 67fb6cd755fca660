// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file's bytes, mapped read-only into memory for as long as the value lives.
///
/// Nothing is read before it is asked for, so mapping costs no memory whatever the file's size.
/// The bytes are those of the file: truncating it while it is mapped makes later reads of the
/// lost part end the process, as with every mapping.
public final class MappedFile: Sendable {
  /// The size in bytes.
  public let size: Int

  /// The folder that the file is in, if it was opened by a path.
  public let folder: String?

  /// The first byte; the mapping belongs to this object alone and is never written.
  private nonisolated(unsafe) let base: UnsafeRawPointer

  /// Whether dropped pages can be had again from the file.
  private let isBacked: Bool

  private init(base: UnsafeRawPointer, size: Int, isBacked: Bool, folder: String? = nil) {
    self.base = base
    self.size = size
    self.folder = folder
    self.isBacked = isBacked
  }

  /// Maps a regular file.
  ///
  /// Devices, sockets and FIFOs are refused without waiting on them.
  ///
  /// - Parameter path: the file's path, absolute or relative to the working directory.
  /// - Throws: ``ImportError/cannotRead(_:)`` if there is no such file, it may not be read, or it
  ///   is a directory or a device; ``ImportError/notONNX(_:)`` if it is empty.
  public convenience init(path: String) throws(ImportError) {
    guard !path.utf8.contains(0) else { throw .cannotRead(.system(code: ENOENT)) }
    // Without O_NONBLOCK, opening a FIFO waits for a writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotRead(.system(code: errno)) }
    defer { close(descriptor) }

    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotRead(.system(code: errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .cannotRead(.directory)
    default: throw .cannotRead(.notRegular)
    }
    guard status.st_size > 0 else { throw .notONNX(.empty) }
    let size = Int(status.st_size)
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else { throw .cannotRead(.system(code: errno)) }
    // Only the reader knows where it goes on and where it jumps: see `ReadAhead`.
    madvise(address, size, MADV_RANDOM)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    self.init(base: UnsafeRawPointer(address), size: size, isBacked: true, folder: folder)
  }

  /// Maps a copy of bytes in memory, as if they had been a file.
  ///
  /// - Throws: ``ImportError/notONNX(_:)`` if there are none, ``ImportError/cannotRead(_:)`` if
  ///   there is no memory for them.
  public convenience init(bytes: [UInt8]) throws(ImportError) {
    guard !bytes.isEmpty else { throw .notONNX(.empty) }
    guard
      let address = mmap(
        nil, bytes.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      address != MAP_FAILED
    else { throw .cannotRead(.system(code: errno)) }
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: address, count: bytes.count).copyMemory(from: source)
    }
    self.init(base: UnsafeRawPointer(address), size: bytes.count, isBacked: false)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), size) }

  /// Calls a closure with all bytes, which are valid only until it returns.
  public func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(self) { () throws(Failure) in
      try body(UnsafeRawBufferPointer(start: base, count: size))
    }
  }

  /// Calls a closure with some of the bytes, piece by piece from first to last, in the memory of
  /// one piece however long the range is.
  ///
  /// - Parameters:
  ///   - range: Which bytes.
  ///   - body: Called with each piece, which is valid only until it returns.
  ///   - pieceSize: The most bytes of a piece.
  /// - Precondition: The range lies within the file.
  /// - Complexity: O(n), where n is the length of the range.
  public func forEachPiece<Failure>(
    of range: Range<Int>, upTo pieceSize: Int = 4 << 20,
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(range.lowerBound >= 0 && range.upperBound <= size, "the range is of the file")
    try withBytes { (bytes) throws(Failure) in
      var start = range.lowerBound
      while start < range.upperBound {
        let end = min(start + pieceSize, range.upperBound)
        let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        // Small pieces lie among others that are wanted too.
        let isLarge = isBacked && piece.count >= 1 << 20
        if isLarge { advise(MADV_WILLNEED, start..<end) }
        try body(piece)
        if isLarge { advise(MADV_DONTNEED, start..<end) }
        start = end
      }
    }
  }

  /// Lets the system drop pages that lie wholly within a range: they come back from the file when they
  /// are read again.
  ///
  /// - Precondition: The range lies within the file.
  public func release(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= size, "the range is of the file")
    if isBacked { advise(MADV_DONTNEED, range) }
  }

  /// Tells the system that a range is about to be read.
  ///
  /// - Precondition: The range lies within the file.
  public func prefetch(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= size, "the range is of the file")
    if isBacked { advise(MADV_WILLNEED, range) }
  }

  /// Gives the system a hint on the pages that lie wholly within a range. If it is not taken, this
  /// takes more time or memory and is as right.
  private func advise(_ advice: Int32, _ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + first), end - first, advice)
  }

  /// A copy of some of the bytes; `nil` if the range does not lie within the file.
  ///
  /// - Complexity: O(n), where n is the length of the range.
  public func bytes(in range: Range<Int>) -> [UInt8]? {
    guard range.lowerBound >= 0, range.upperBound <= size else { return nil }
    return withBytes { Array($0[range]) }
  }
}
