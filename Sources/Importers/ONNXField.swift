// SPDX-License-Identifier: Apache-2.0

/// Where one field of a message lies in the file, for those who write changed files from it.
public struct ONNXField: Hashable, Sendable {
  /// The field's number.
  public let number: Int

  /// The whole field with its tag, in bytes of the file, half-open.
  public let range: Range<Int>

  /// What follows the tag and, where there is one, the length.
  public let content: Range<Int>
}

extension ONNXModel {
  /// The whole file: the message that everything else lies in.
  public var message: Range<Int> { 0..<file.size }

  /// The fields of a message of the file, known or not, in the file's order.
  ///
  /// - Parameter message: ``message``, a node's or value's, or the content of a field that holds a
  ///   message.
  /// - Throws: ``ImportError/malformed(at:_:)`` if the bytes are no message.
  /// - Precondition: The range lies within the file.
  /// - Complexity: O(n), where n is the number of fields.
  public func fields(of message: Range<Int>) throws(ImportError) -> [ONNXField] {
    try file.withBytes { (bytes) throws(ImportError) in
      var fields: [ONNXField] = []
      do throws(WireFault) {
        var skimmer = WireSkimmer(bytes, message)
        while let field = try skimmer.next() {
          fields.append(
            ONNXField(
              number: field.number, range: field.start..<field.payload.upperBound,
              content: field.payload))
        }
      } catch {
        throw ImportError(error, in: bytes)
      }
      return fields
    }
  }

  /// The key-value pair that the content of a `metadata_props` field is.
  ///
  /// - Throws: ``ImportError/malformed(at:_:)`` if the bytes are no such pair.
  public func metadataEntry(
    at content: Range<Int>
  ) throws(ImportError) -> ONNXMetadataEntry {
    try file.withBytes { (bytes) throws(ImportError) in
      do throws(WireFault) {
        return try WireSkimmer.entry(bytes, content)
      } catch {
        throw ImportError(error, in: bytes)
      }
    }
  }
}
