// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Testing

/// The part of the zoo's manifest that tests read.
public struct ZooManifest: Decodable, Sendable {
  struct Model: Decodable, Sendable {
    let name: String
    let kind: String
    let files: [String]
    let bind: [[String: Int]]
  }

  let models: [Model]

  /// Every file of the manifest under every binding; none without the zoo.
  public static let bindings: [ZooBinding] = {
    guard let bytes = Zoo.bytes(of: "MANIFEST.json"),
      let manifest = try? JSONDecoder().decode(ZooManifest.self, from: Data(bytes))
    else { return [] }
    return manifest.models.flatMap { model in
      (model.bind.isEmpty ? [[:]] : model.bind).flatMap { binding in
        model.files.map { file in
          ZooBinding(
            model: file, dims: binding.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        }
      }
    }
  }()
}

/// A model of the zoo with sizes for its open dimensions.
public struct ZooBinding: Hashable, Sendable, CustomTestStringConvertible {
  /// The file, from the zoo's folder.
  public let model: String
  /// Bindings as `--dim` takes them.
  public let dims: [String]

  public var testDescription: String { ([model] + dims).joined(separator: " ") }

  /// Whether the model has no If or Loop around what is worth planning.
  public var isWithoutControlFlow: Bool {
    !model.contains("silero_vad_16k") && !model.contains("silero_vad_half")
  }
}
