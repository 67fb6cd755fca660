// SPDX-License-Identifier: Apache-2.0

/// Where in another file a tensor's bytes lie, as the model says; nothing of it is checked
/// against that file.
public struct ONNXExternalData: Hashable, Sendable {
  /// The other file's path, relative to the model's folder.
  public let location: String

  /// The offset in bytes from that file's start.
  public let offset: Int

  /// The number of bytes, if stated; otherwise all that the tensor's type and shape need.
  public let length: Int?

  /// The path, if it stays within the model's folder by its letters alone.
  ///
  /// A symbolic link may still lead out of the folder; that shows only when the file is opened.
  ///
  /// - Throws: ``ImportError/externalDataEscapes(location:)`` if the path is empty or absolute,
  ///   has a part `..`, or has what other systems take for a separator or a drive.
  public func containedLocation() throws(ImportError) -> String {
    let parts = location.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isContained =
      location.utf8.first != UInt8(ascii: "/")
      && !location.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "\\") }
      && location.utf8.dropFirst().first != UInt8(ascii: ":")
      && !parts.contains { $0.elementsEqual("..".utf8) }
      && parts.contains { !$0.isEmpty && !$0.elementsEqual(".".utf8) }
    guard isContained else { throw .externalDataEscapes(location: location) }
    return location
  }
}
