// SPDX-License-Identifier: Apache-2.0

public import Importers

/// A file that is to be written: stretches of another one and new bytes between them.
///
/// Neither is copied before it is written, so a changed copy of a file of any size costs the memory
/// of the changes.
public struct SplicedFile: Sendable {
  /// Where some of the bytes come from; a stretch of the source, of ``added``, or one of ``made``.
  private struct Stretch {
    enum Place { case source, added, made }
    var start: Int
    var count: Int
    var place: Place
  }

  private let source: MappedFile
  private var stretches: [Stretch] = []
  private var added: [UInt8] = []
  private var made: [any MadeBytes] = []

  /// How many bytes there are.
  public private(set) var byteCount = 0

  /// An empty file that takes stretches of a source.
  public init(source: MappedFile) { self.source = source }

  /// Appends bytes of the source.
  ///
  /// - Precondition: The range lies within the source.
  public mutating func append(sourceRange range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= source.size, "the range is of the source")
    append(Stretch(start: range.lowerBound, count: range.count, place: .source))
  }

  /// Appends new bytes.
  public mutating func append(_ bytes: some Collection<UInt8>) {
    append(Stretch(start: added.count, count: bytes.count, place: .added))
    added.append(contentsOf: bytes)
  }

  /// Appends bytes that are made when the file is written.
  mutating func append(made bytes: any MadeBytes) {
    append(Stretch(start: made.count, count: bytes.byteCount, place: .made))
    made.append(bytes)
  }

  /// Appends a length-delimited field whose content is another file of the same source.
  ///
  /// - Complexity: O(stretches and new bytes of the content).
  mutating func append(field number: Int, _ content: SplicedFile) {
    append(WireBytes.head(ofField: number, byteCount: content.byteCount))
    let (shift, madeShift) = (added.count, made.count)
    added.append(contentsOf: content.added)
    made.append(contentsOf: content.made)
    for var stretch in content.stretches {
      switch stretch.place {
      case .source: break
      case .added: stretch.start += shift
      case .made: stretch.start += madeShift
      }
      append(stretch)
    }
  }

  private mutating func append(_ stretch: Stretch) {
    guard stretch.count > 0 else { return }
    byteCount += stretch.count
    if let last = stretches.last, last.place == stretch.place,
      stretch.place != .made, last.start + last.count == stretch.start
    {
      stretches[stretches.count - 1].count += stretch.count
    } else {
      stretches.append(stretch)
    }
  }

  /// Hands out all bytes from first to last, piece by piece.
  ///
  /// - Complexity: O(n) time for n bytes, in the memory of one piece.
  public func write<Failure>(
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    for stretch in stretches {
      let range = stretch.start..<stretch.start + stretch.count
      switch stretch.place {
      case .made: try made[stretch.start].write(to: sink)
      case .added:
        try added.span.bytes.extracting(range).withUnsafeBytes { (bytes) throws(Failure) in
          try sink(bytes)
        }
      case .source: try source.forEachPiece(of: range, sink)
      }
    }
  }
}

/// Bytes that are computed when they are written, so many as is known before.
protocol MadeBytes: Sendable {
  /// How many bytes there are.
  var byteCount: Int { get }

  /// Hands out all bytes from first to last, piece by piece.
  func write<Failure>(
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure)
}
