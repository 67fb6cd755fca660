// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The collection of real models that some tests read, if it is there.
///
/// It is the folder that `GRAPHOPT_ZOO` names, or else `../shared/zoo` beside the package.
public enum Zoo {
  /// What a test that needs the zoo says when it is skipped.
  public static let absence = "no model zoo: set GRAPHOPT_ZOO to its folder"

  /// The package's folder.
  public static let packageRoot = String(
    #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

  /// The zoo's folder, or `nil` if there is none.
  public static let root: String? = {
    let named = ProcessInfo.processInfo.environment["GRAPHOPT_ZOO"]
    let path = named ?? packageRoot + "/../shared/zoo"
    return FileManager.default.fileExists(atPath: path + "/MANIFEST.json") ? path : nil
  }()

  /// Whether `GRAPHOPT_ZOO` asks for the tests that take minutes, too.
  public static let isNamed =
    root != nil && ProcessInfo.processInfo.environment["GRAPHOPT_ZOO"] != nil

  /// What a test that takes minutes says when it is skipped.
  public static let briefness = "takes minutes: set GRAPHOPT_ZOO to the folder of the model zoo"

  /// The models below a folder of the zoo, as sorted paths relative to the zoo; none without it.
  public static func models(under folder: String = "") -> [String] {
    guard let root, let paths = FileManager.default.enumerator(atPath: "\(root)/\(folder)") else {
      return []
    }
    let prefix = folder.isEmpty ? "" : folder + "/"
    return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".onnx") }
      .map { prefix + $0 }.sorted()
  }

  /// The full path of a file of the zoo.
  public static func path(of file: String) -> String { "\(root ?? "")/\(file)" }

  /// The bytes of a file of the zoo, or `nil` if it is not there.
  public static func bytes(of file: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path(of: file)).map { [UInt8]($0) }
  }
}
