// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Finds the models below a folder.
enum ModelSearch {
  /// How deep folders may lie in each other.
  private static let depthLimit = 64

  /// The `.onnx` files below a folder, by their paths from it, in the order of those paths' bytes.
  ///
  /// - Throws: ``GateError/cannotRead(path:reason:)``, also for a folder below.
  static func models(in folder: String) throws(GateError) -> [String] {
    var models: [String] = []
    var folders = [(path: "", depth: 0)]
    while let (inner, depth) = folders.popLast() {
      let path = inner.isEmpty ? folder : "\(folder)/\(inner)"
      for entry in try entries(of: path) {
        let relative = inner.isEmpty ? entry : "\(inner)/\(entry)"
        var status = stat()
        guard lstat("\(folder)/\(relative)", &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR {
          guard depth < depthLimit else {
            throw .cannotRead(path: path, reason: "folders lie more than 64 deep")
          }
          folders.append((relative, depth + 1))
        } else if entry.hasSuffix(".onnx") {
          // A link to a folder is no model and is not followed.
          guard stat("\(folder)/\(relative)", &status) != 0 || status.st_mode & S_IFMT != S_IFDIR
          else { continue }
          models.append(relative)
        }
      }
    }
    return models.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The names in a folder that do not start with a point.
  private static func entries(of path: String) throws(GateError) -> [String] {
    guard let stream = opendir(path) else {
      throw .cannotRead(path: path, reason: InputFile.reason(errno))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
