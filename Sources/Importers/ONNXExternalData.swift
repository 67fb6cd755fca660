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
    try Self.contained(location)
  }

  /// A path, if it stays within the folder that it is relative to; see ``containedLocation()``.
  public static func contained(_ location: String) throws(ImportError) -> String {
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

extension ONNXModel {
  /// The paths of the other files in which tensors lie, as the model states them, each once, in
  /// ascending order; those of bodies and functions too.
  ///
  /// - Complexity: O(nodes + attributes + tensors).
  public var externalLocations: [String] {
    var found: Set<String> = []
    graph.collectLocations(into: &found)
    for function in functions {
      function.body.collectLocations(into: &found)
      for attribute in function.attributeDefaults { attribute.collectLocations(into: &found) }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

extension ONNXGraph {
  /// The depth is that of the file's nesting, which the reader limits.
  fileprivate func collectLocations(into found: inout Set<String>) {
    for tensor in initializers { tensor.collectLocations(into: &found) }
    for tensor in sparseInitializers { tensor.collectLocations(into: &found) }
    for attribute in attributes { attribute.collectLocations(into: &found) }
  }
}

extension ONNXAttribute {
  fileprivate func collectLocations(into found: inout Set<String>) {
    switch value {
    case .tensor(let tensor): tensor.collectLocations(into: &found)
    case .tensors(let tensors): for tensor in tensors { tensor.collectLocations(into: &found) }
    case .sparseTensor(let tensor): tensor.collectLocations(into: &found)
    case .sparseTensors(let tensors):
      for tensor in tensors { tensor.collectLocations(into: &found) }
    case .graph(let body): body.collectLocations(into: &found)
    case .graphs(let bodies): for body in bodies { body.collectLocations(into: &found) }
    default: break
    }
  }
}

extension ONNXTensor {
  fileprivate func collectLocations(into found: inout Set<String>) {
    if case .external(let data) = storage { found.insert(data.location) }
  }
}

extension ONNXSparseTensor {
  fileprivate func collectLocations(into found: inout Set<String>) {
    values.collectLocations(into: &found)
    indices.collectLocations(into: &found)
  }
}
