// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Importers

extension ONNXModel {
  /// The files with weights that a copy of the model refers to and that do not exist, if a copy may
  /// lie at a path at all.
  ///
  /// References are relative to the model's folder. They hold in a copy that lies in the same folder,
  /// and in one that finds the same files at the same places. What does not exist can be referred to
  /// from anywhere.
  ///
  /// - Parameters:
  ///   - path: Where the model was read.
  ///   - copyPath: Where the copy is to lie.
  /// - Throws: `EmissionError.unreachableWeights` when the copy would not find
  ///   weights that are there; `EmissionError.model` when a reference leads out of the folder.
  public func absentWeights(
    forCopyAt copyPath: String, of path: String
  ) throws(EmissionError) -> [String] {
    let (folder, copyFolder) = (Self.folder(of: path), Self.folder(of: copyPath))
    var absent: [String] = []
    for stated in externalLocations {
      let location: String
      do throws(ImportError) {
        location = try ONNXExternalData.contained(stated)
      } catch { throw .model(error) }
      guard let file = FileIdentity("\(folder)/\(location)") else {
        absent.append(location)
        continue
      }
      guard FileIdentity("\(copyFolder)/\(location)") == file else {
        throw .unreachableWeights(location: location, folder: folder)
      }
    }
    return absent
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// What tells a file from all others, however it is named.
private struct FileIdentity: Equatable {
  private let device: dev_t
  private let number: ino_t

  /// The file at a path, if there is one.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, number) = (status.st_dev, status.st_ino)
  }
}
