// SPDX-License-Identifier: Apache-2.0
import Glibc
import GraphIR

/// Why a tensor's data in another file is not as the model says, or must not be read.
@nonexhaustive
public enum ExternalDataFault: Hashable, Sendable {
  /// The path leads out of the model's folder.
  case escapes(location: String)
  /// The path is within the folder by its letters, but a symbolic link leads out of it.
  case linkEscapes(location: String)
  /// What is at the path is no regular file.
  case notRegular(location: String)
  /// The file ends before the data does.
  case tooShort(tensor: String, location: String, end: Int, size: Int)
  /// The stated number of bytes is not what the type and the shape need.
  case length(tensor: String, stated: Int, needed: Int)
}

extension ExternalDataFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .escapes(let location): "\(location.quoted) is outside the model's folder"
    case .linkEscapes(let location): "\(location.quoted) is a link out of the model's folder"
    case .notRegular(let location): "\(location.quoted) is not a regular file"
    case .tooShort(let tensor, let location, let end, let size):
      "\(tensor.quoted) ends at byte \(end) of \(location.quoted), which has \(size)"
    case .length(let tensor, let stated, let needed):
      "\(tensor.quoted) is said to take \(stated) bytes and needs \(needed)"
    }
  }
}

extension ONNXModel {
  /// What is wrong with the places in other files where initializers are said to lie.
  ///
  /// Files are asked for their size and kind only, never opened. One that is not there is no fault:
  /// planning does not need it.
  ///
  /// - Complexity: O(tensors), and two questions to the system for each other file.
  public func externalDataFaults() -> [ExternalDataFault] {
    var faults: [ExternalDataFault] = []
    // By location: its size; `nil` if it is not there or must not be read.
    var sizes: [String: Int?] = [:]
    for tensor in graph.initializers {
      guard case .external(let data) = tensor.storage else { continue }
      let needed = ElementType(onnxNumber: tensor.elementType)?.byteCount(of: tensor.dimensions)
      if let stated = data.length, let needed, stated != needed.value {
        faults.append(
          .length(tensor: names[tensor.name], stated: stated, needed: needed.value))
      }
      let size: Int?
      if let known = sizes[data.location] {
        size = known
      } else {
        let (found, fault) = Self.size(of: data.location, in: file.folder)
        if let fault { faults.append(fault) }
        sizes[data.location] = .some(found)
        size = found
      }
      guard let size, let bytes = data.length ?? needed?.value else { continue }
      let (end, overflow) = data.offset.addingReportingOverflow(bytes)
      if overflow || end > size {
        faults.append(
          .tooShort(
            tensor: names[tensor.name], location: data.location, end: overflow ? .max : end,
            size: size))
      }
    }
    return faults
  }

  private static func size(
    of location: String, in folder: String?
  ) -> (size: Int?, fault: ExternalDataFault?) {
    guard (try? ONNXExternalData.contained(location)) != nil else {
      return (nil, .escapes(location: location))
    }
    guard let folder else { return (nil, nil) }
    let path = "\(folder)/\(location)"
    guard let real = realpath(path, nil) else { return (nil, nil) }
    defer { free(real) }
    guard let home = realpath(folder, nil) else { return (nil, nil) }
    defer { free(home) }
    let (target, root) = (String(cString: real), String(cString: home))
    guard target.hasPrefix(root == "/" ? root : root + "/") else {
      return (nil, .linkEscapes(location: location))
    }
    var status = stat()
    guard stat(path, &status) == 0 else { return (nil, nil) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      return (nil, .notRegular(location: location))
    }
    return (Int(status.st_size), nil)
  }
}
