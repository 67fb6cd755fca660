// SPDX-License-Identifier: Apache-2.0

public import Fusion
import Glibc
public import Importers

/// Activations that `scripts/record_calibration.py` recorded of a model, one archive a sample.
///
/// Arrays of an archive: `ffn.J.contribution` is what block J adds to the stream, row by row;
/// `ffn.J.without.I` the same with block I taken out; `attention.K.input` and `attention.K.output` the
/// stream before and behind layer K. Numbers are those of `graphopt fuse`.
public struct CalibrationFolder: Sendable {
  /// How blocks depend on each other.
  public private(set) var dependencies: DependencyMatrix
  /// How much attention layers change.
  public private(set) var attention: AttentionRanking
  /// How many samples there were.
  public private(set) var samples = 0

  /// Reads all archives of a folder, by name.
  ///
  /// - Parameters:
  ///   - path: The folder.
  ///   - survey: What the numbers speak of.
  /// - Throws: ``CalibrationError``.
  /// - Complexity: O(elements); one archive is looked at at a time.
  public init(path: String, for survey: FusionSurvey) throws(CalibrationError) {
    dependencies = DependencyMatrix(count: survey.blocks.count)
    attention = AttentionRanking(count: survey.attention.count)
    for name in try Self.archives(in: path) {
      do throws(ArchiveError) {
        try add(NPZArchive(path: "\(path)/\(name)"), survey)
      } catch { throw .archive(name: "\(path)/\(name)", error) }
      samples += 1
    }
    guard samples > 0 else { throw .empty(path) }
  }

  private mutating func add(
    _ archive: NPZArchive, _ survey: FusionSurvey
  ) throws(ArchiveError) {
    for run in survey.runs {
      for later in run {
        guard let plain = try archive.array("ffn.\(later).contribution") else { continue }
        guard plain.width == survey.blocks[later].width else {
          throw .broken(
            "rows of 'ffn.\(later).contribution' have \(plain.width) elements, those of the block "
              + "\(survey.blocks[later].width); is it of another model?")
        }
        for earlier in run.lowerBound..<later {
          guard let without = try archive.array("ffn.\(later).without.\(earlier)") else { continue }
          guard without.shape == plain.shape else {
            throw .broken("'ffn.\(later).without.\(earlier)' has another shape than without it")
          }
          dependencies.add(
            earlier, later, contribution: plain.elements, without: without.elements,
            width: plain.width)
        }
      }
    }
    for layer in survey.attention.indices {
      guard let input = try archive.array("attention.\(layer).input"),
        let output = try archive.array("attention.\(layer).output")
      else { continue }
      guard input.shape == output.shape else {
        throw .broken("'attention.\(layer).output' has another shape than the input")
      }
      attention.add(layer, input: input.elements, output: output.elements, width: input.width)
    }
  }

  /// The archives of a folder, in the order of their names' bytes.
  private static func archives(in path: String) throws(CalibrationError) -> [String] {
    guard let folder = opendir(path) else {
      throw .cannotRead(path, String(cString: strerror(errno)).lowercased())
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".npz") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// Why calibration activations cannot be used.
@nonexhaustive public enum CalibrationError: Error, Hashable, Sendable {
  /// The folder cannot be read.
  case cannotRead(String, String)
  /// There is no archive in it.
  case empty(String)
  /// An archive cannot be read.
  case archive(name: String, ArchiveError)
}

extension CalibrationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
    case .empty(let path):
      "\(path): there is no .npz file in it; scripts/record_calibration.py makes them"
    case .archive(let name, let error): "\(name): \(error)"
    }
  }
}
