// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Testing

/// The part of the zoo's manifest that tests read.
public struct ZooManifest: Decodable, Sendable {
  /// One model.
  public struct Model: Decodable, Sendable {
    /// What the file order of a training graph needs, without alignment.
    public struct Check: Decodable, Sendable {
      public let residentBytes: Int
      public let programPeakTransientBytes: Int

      enum CodingKeys: String, CodingKey {
        case residentBytes = "resident_bytes"
        case programPeakTransientBytes = "program_peak_transient_bytes"
      }
    }

    public let name: String
    public let kind: String
    /// The files of the model, from the zoo's folder.
    public let files: [String]
    /// The bindings of its open dimensions.
    public let bind: [[String: Int]]
    /// For each binding the file of what onnxruntime produced, from the zoo's folder.
    public let truth: [String]?
    public let check: Check?
  }

  public let models: [Model]

  /// The manifest; `nil` without the zoo.
  public static let shared: ZooManifest? = Zoo.bytes(of: "MANIFEST.json").flatMap {
    try? JSONDecoder().decode(ZooManifest.self, from: Data($0))
  }

  /// Every file of the manifest under every binding; none without the zoo.
  public static let bindings: [ZooBinding] = {
    guard let manifest = shared else { return [] }
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
