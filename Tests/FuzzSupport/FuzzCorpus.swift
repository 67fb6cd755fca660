// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Importers
import TestSupport

/// The real models that fuzzing damages: the fixtures, and the zoo where there is one.
public struct FuzzCorpus: Sendable {
  /// A model and how its open dimensions are bound.
  public struct Entry: Sendable {
    /// The path, for messages.
    public let name: String
    /// The file.
    public let bytes: [UInt8]
    /// Numbers for everything that it leaves open.
    public let bindings: [DimensionBinding]
  }

  /// Small models, which most inputs are made from.
  public let small: [Entry]
  /// Larger ones.
  public let large: [Entry]

  /// Files above this are large, in bytes.
  private static let smallLimit = 120_000
  /// Files above this are not used, in bytes.
  private static let limit = 1_400_000

  /// Reads the models.
  ///
  /// - Parameter usesZoo: Whether the zoo's are taken, too.
  public init(usesZoo: Bool = true) {
    var paths: [String] = []
    let fixtures = FileManager.default.enumerator(atPath: Fixture.folder)
    for case let path as String in fixtures ?? .init() where path.hasSuffix(".onnx") {
      paths.append("\(Fixture.folder)/\(path)")
    }
    paths.sort()
    if usesZoo { paths += Zoo.models().map(Zoo.path) }
    var entries: [Entry] = []
    for path in paths {
      guard let data = FileManager.default.contents(atPath: path), data.count <= Self.limit,
        !data.isEmpty
      else { continue }
      let bytes = [UInt8](data)
      entries.append(Entry(name: path, bytes: bytes, bindings: Self.bindings(of: bytes)))
    }
    small = entries.filter { $0.bytes.count <= Self.smallLimit }
    large = entries.filter { $0.bytes.count > Self.smallLimit }
  }

  /// Numbers for what a model leaves open, as most models take them.
  private static func bindings(of bytes: [UInt8]) -> [DimensionBinding] {
    do throws(ImportError) {
      let model = try ONNXModel(try MappedFile(bytes: bytes))
      _ = try ONNXImporter().importGraph(of: model)
      return []
    } catch {
      guard case .dimensions(.unbound(let open)) = error else { return [] }
      return open.map { DimensionBinding($0.target, $0.target.contains("batch") ? 2 : 320) }
    }
  }

  /// The model that a random generator picks: a large one now and then.
  func pick(_ random: inout SeededGenerator) -> Entry? {
    let isLarge = Int.random(in: 0..<64, using: &random) == 0
    return (isLarge && !large.isEmpty ? large : small).randomElement(using: &random)
  }
}
