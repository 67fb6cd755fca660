// SPDX-License-Identifier: Apache-2.0

/// An array of real numbers as NumPy stores it.
public struct NPYArray: Hashable, Sendable {
  /// The extents, outermost first.
  public let shape: [Int]
  /// The elements, row-major.
  public let elements: [Float]

  /// The length of a row.
  public var width: Int { shape.last ?? 1 }

  /// Reads a `.npy` file.
  ///
  /// - Parameter name: What errors call it.
  init(_ reader: ByteReader, _ name: String) throws(ArchiveError) {
    guard reader.count >= 10, try reader.number(at: 0, bytes: 6) == 0x59_504D_554E_93 else {
      throw .broken("'\(name)' is no array")
    }
    let version = try reader.number(at: 6, bytes: 1)
    let wide = version >= 2
    let length = try reader.number(at: 8, bytes: wide ? 4 : 2)
    let start = (wide ? 12 : 10)
    let header = try reader.text(at: start, count: length)
    guard let descriptor = Self.value("descr", in: header),
      header.contains("'fortran_order': False"),
      let extents = Self.shape(in: header)
    else { throw .broken("the header of '\(name)' is not understood, or it is in Fortran order") }
    let size: Int
    switch descriptor {
    case "<f2": size = 2
    case "<f4": size = 4
    case "<f8": size = 8
    default: throw .broken("'\(name)' is of type '\(descriptor)'; only <f2, <f4 and <f8 are read")
    }
    var count = 1
    for extent in extents {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= reader.count else {
        throw .broken("'\(name)' has fewer bytes than its shape needs")
      }
      count = product
    }
    let content = start + length
    guard count * size == reader.count - content else {
      throw .broken("'\(name)' has not as many bytes as its shape needs")
    }
    shape = extents
    elements = (0..<count).map { index in
      let offset = content + index * size
      return switch size {
      case 2: Float(reader.bytes.loadUnaligned(fromByteOffset: offset, as: Float16.self))
      case 4: reader.bytes.loadUnaligned(fromByteOffset: offset, as: Float.self)
      default: Float(reader.bytes.loadUnaligned(fromByteOffset: offset, as: Double.self))
      }
    }
  }

  /// The text behind a key of the header, which is a Python dictionary.
  private static func value(_ key: String, in header: String) -> String? {
    guard let range = Self.range(of: "'\(key)': '", in: header) else { return nil }
    return String(header[range.upperBound...].prefix { $0 != "'" })
  }

  private static func shape(in header: String) -> [Int]? {
    guard let range = range(of: "'shape': (", in: header) else { return nil }
    let text = header[range.upperBound...].prefix { $0 != ")" }
    let parts = text.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    let extents = parts.compactMap { Int($0) }
    return extents.count == parts.count && extents.allSatisfy { $0 >= 0 } ? extents : nil
  }

  private static func range(of text: String, in header: String) -> Range<String.Index>? {
    var start = header.startIndex
    while start < header.endIndex {
      if header[start...].hasPrefix(text) {
        return start..<header.index(start, offsetBy: text.count)
      }
      start = header.index(after: start)
    }
    return nil
  }
}
