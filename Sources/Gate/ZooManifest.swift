// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GraphIR

/// Which models of a folder are planned, at which sizes and how (`Schemas/zoo-1.schema.json`).
public struct ZooManifest: Sendable {
  /// The name of the format.
  public static let formatName = "graphopt-zoo"
  /// The file that is read where none is named, if it is there.
  public static let fileName = "graphopt-zoo.json"

  /// What is planned, in the order of the manifest.
  public let runs: [ZooRun]

  /// Reads a zoo's manifest; without one, every `.onnx` file below the folder is a model, in the
  /// order of their paths' bytes. Folders and files whose names start with a point are passed over,
  /// and so are links to folders.
  ///
  /// - Parameters:
  ///   - folder: The zoo.
  ///   - path: The manifest; `nil` for ``fileName`` in the folder, if there is one.
  ///   - options: How models are planned where the manifest does not say.
  ///   - budgetBytes: Their budget where the manifest does not say.
  ///   - dims: Numbers for open dimensions that the manifest does not bind.
  /// - Throws: ``GateError``.
  public init(
    folder: String, path: String? = nil, options: RunOptions = RunOptions(),
    budgetBytes: Int? = nil, dims: [String: Int] = [:]
  ) throws(GateError) {
    let standard = "\(folder)/\(Self.fileName)"
    guard let file = path ?? (access(standard, F_OK) == 0 ? standard : nil) else {
      let models = try ModelSearch.models(in: folder)
      guard !models.isEmpty else {
        throw .badFile(path: folder, reason: "there is no .onnx file in this folder")
      }
      runs = models.map {
        ZooRun(model: $0, defaultDims: dims, options: options, budgetBytes: budgetBytes)
      }
      return
    }
    // Whether the folder is one shows before a thousand models are said to be missing.
    guard access(folder, R_OK) == 0 else {
      throw .cannotRead(path: folder, reason: InputFile.reason(errno))
    }
    let content = try InputFile.decoded(Content.self, from: file, as: "a manifest of a zoo")
    do {
      runs = try content.runs(options: options, budgetBytes: budgetBytes, dims: dims)
    } catch let fault as ContentFault {
      throw .badFile(path: file, reason: fault.sentence)
    } catch { throw .badFile(path: file, reason: "\(error)") }
  }

  // MARK: The file

  private struct Content: Decodable {
    let defaults: PartialOptions?
    let models: [Entry]

    private enum CodingKeys: String, CodingKey, CaseIterable {
      case defaults
      case format
      case models
      case version
    }

    init(from decoder: any Decoder) throws {
      try decoder.refuseFormat(otherThan: ZooManifest.formatName)
      try decoder.refuseMembers(otherThan: CodingKeys.allCases.map(\.rawValue))
      let members = try decoder.container(keyedBy: CodingKeys.self)
      defaults = try members.decodeIfPresent(PartialOptions.self, forKey: .defaults)
      models = try members.decode([Entry].self, forKey: .models)
    }

    func runs(
      options: RunOptions, budgetBytes: Int?, dims: [String: Int]
    ) throws -> [ZooRun] {
      let base = defaults?.over(options) ?? options
      var runs: [ZooRun] = []
      for entry in models {
        let options = entry.options?.over(base) ?? base
        do throws(OptionFault) {
          _ = try options.planner(budget: nil)
        } catch { throw ContentFault(sentence: "'\(entry.model)': \(error.sentence)") }
        for binding in entry.bindings ?? [entry.dims ?? [:]] {
          let name = entry.name.map { entry.bindings == nil ? $0 : ZooRun.name(of: $0, binding) }
          runs.append(
            ZooRun(
              model: entry.model, name: name, dims: binding, defaultDims: dims,
              bounds: entry.bounds ?? [:], options: options,
              budgetBytes: entry.budgetBytes ?? budgetBytes))
        }
      }
      var names: Set<String> = []
      for run in runs where !names.insert(run.name).inserted {
        throw ContentFault(
          sentence: "two models are called '\(run.name)'; give one of them a \"name\"")
      }
      guard !runs.isEmpty else { throw ContentFault(sentence: "it lists no model") }
      return runs
    }
  }

  private struct Entry: Decodable {
    let model: String
    let name: String?
    let dims: [String: Int]?
    let bindings: [[String: Int]]?
    let bounds: [String: [Int]]?
    let options: PartialOptions?
    let budgetBytes: Int?

    private enum CodingKeys: String, CodingKey, CaseIterable {
      case bindings
      case bounds
      case budget
      case dims
      case model
      case name
      case options
    }

    init(from decoder: any Decoder) throws {
      try decoder.refuseMembers(otherThan: CodingKeys.allCases.map(\.rawValue))
      let members = try decoder.container(keyedBy: CodingKeys.self)
      model = try members.decode(String.self, forKey: .model)
      name = try members.decodeIfPresent(String.self, forKey: .name)
      dims = try members.decodeIfPresent([String: Int].self, forKey: .dims)
      bindings = try members.decodeIfPresent([[String: Int]].self, forKey: .bindings)
      bounds = try members.decodeIfPresent([String: [Int]].self, forKey: .bounds)
      options = try members.decodeIfPresent(PartialOptions.self, forKey: .options)
      guard dims == nil || bindings == nil else {
        throw ContentFault(sentence: "'\(model)' has both \"dims\" and \"bindings\"")
      }
      guard let text = try members.decodeIfPresent(String.self, forKey: .budget) else {
        budgetBytes = nil
        return
      }
      do throws(ByteCountError) {
        budgetBytes = try ByteCount(parsing: text).value
      } catch { throw ContentFault(sentence: "the budget of '\(model)': \(error)") }
    }
  }
}
