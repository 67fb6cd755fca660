// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A model of `Fixtures/fusion`, and what `make_fusion_models.py` says is in it.
public struct FusionModel: Hashable, Sendable, CustomStringConvertible {
  /// The model's name with its exporter: `twin_rms-legacy`, `twin_rms-legacy-ort`.
  public let name: String
  /// What must be found.
  public let expected: Expected

  /// What must be found in a model.
  public struct Expected: Hashable, Sendable, Decodable {
    /// How many feed-forward blocks.
    public let blocks: Int
    /// How many attention layers.
    public let attention: Int
    /// The runs, by number of block.
    public let runs: [[Int]]
    /// Blocks that share their input, by number of block.
    public let parallel: [[Int]]
    /// The activation of every block.
    public let activation: String?
    /// The norm of every block.
    public let norm: String?
    /// How many groups of projections can be merged.
    public let merges: Int
    /// Whether gate and value are one product.
    public let packed: Bool?
    /// Whether the norms stand behind the sums.
    public let postNorm: Bool?
    /// Whether no block can be fused, for its weights are quantised.
    public let refused: Bool?
  }

  public var description: String { name }

  /// The path of the file.
  public var path: String { "\(Self.folder)/\(name).onnx" }

  /// The folder of the models.
  public static let folder = "\(Zoo.packageRoot)/Fixtures/fusion"

  /// Every model whose blocks can be fused where they stand right, by name.
  public static let all = found.filter { $0.expected.refused != true }

  /// The models whose blocks are quantised, by name.
  public static let quantized = found.filter { $0.expected.refused == true }

  private static let found: [FusionModel] = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".onnx") }.sorted().compactMap { file in
      let name = String(file.dropLast(".onnx".count))
      var base = name
      for suffix in ["-ort", "-legacy", "-dynamo"] where base.hasSuffix(suffix) {
        base = String(base.dropLast(suffix.count))
      }
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(base).json"),
        let expected = try? decoder.decode(Expected.self, from: data)
      else { return nil }
      return FusionModel(name: name, expected: expected)
    }
  }()
}
