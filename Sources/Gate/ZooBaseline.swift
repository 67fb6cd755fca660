// SPDX-License-Identifier: Apache-2.0

import Emitters
public import Planning

/// What the models of a zoo needed, and how much more they may need
/// (`Schemas/zoo-baseline-1.schema.json`).
///
/// Files of it are committed, so they are the same bytes for the same content, models and members in
/// the order of their names, each member on a line of its own, and nothing is in them that changes
/// from run to run.
public struct ZooBaseline: Hashable, Sendable {
  /// The name of the format.
  public static let formatName = "graphopt-zoo-baseline"

  /// What a model came to.
  public struct Entry: Hashable, Sendable {
    /// How it was planned.
    public var options: RunOptions
    /// What came of it.
    public var outcome: ZooOutcome
    /// How much more it may need; `nil` for what holds for all.
    public var tolerance: Tolerance?

    public init(options: RunOptions, outcome: ZooOutcome, tolerance: Tolerance? = nil) {
      self.options = options
      self.outcome = outcome
      self.tolerance = tolerance
    }
  }

  /// How much more a model may need that has no tolerance of its own.
  public var tolerance: Tolerance
  /// The models, by their names in the zoo.
  public var models: [String: Entry]

  public init(tolerance: Tolerance = .none, models: [String: Entry] = [:]) {
    self.tolerance = tolerance
    self.models = models
  }

  /// Reads a baseline.
  ///
  /// - Throws: ``GateError``.
  public init(path: String) throws(GateError) {
    self = try InputFile.decoded(ZooBaseline.self, from: path, as: "a baseline of a zoo")
  }

  /// The baseline as JSON.
  public var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.newLine()
      writer.member("format", Self.formatName)
      writer.newLine()
      writer.key("models")
      writer.object { writer in
        let sorted = models.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (name, entry) in sorted {
          writer.newLine()
          writer.key(name)
          entry.write(to: &writer)
        }
        writer.newLine()
      }
      writer.newLine()
      writer.member("tolerance", tolerance.description)
      writer.newLine()
      writer.member("version", 1)
      writer.newLine()
    }
    writer.newLine()
    return writer.bytes
  }
}

extension ZooBaseline.Entry {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      func line(_ key: String, _ body: (inout JSONWriter) -> Void) {
        writer.newLine()
        writer.key(key)
        body(&writer)
      }
      func number(_ key: String, _ value: Int) {
        writer.newLine()
        writer.member(key, value)
      }
      func text(_ key: String, _ value: String?) {
        writer.newLine()
        writer.member(key, value)
      }
      switch outcome {
      case .failed(let failure):
        line("failure", failure.write)
        line("options", options.write)
      case .planned(let plan):
        number("arenaBytes", plan.profile.arenaBytes)
        text("fingerprint", plan.fingerprint)
        line("highest") { writer in
          if let highest = plan.profile.highest {
            highest.write(to: &writer)
          } else {
            writer.null()
          }
        }
        number("lowerBoundBytes", plan.profile.lowerBoundBytes)
        number("nodes", plan.nodes)
        line("options", options.write)
        number("peakBytes", plan.profile.peakBytes)
        line("peakTensors", plan.profile.atPeak.write)
        number("residentBytes", plan.profile.residentBytes)
        line("residentTensors", plan.profile.resident.write)
      }
      text("tolerance", tolerance?.description)
      writer.newLine()
    }
  }
}

// MARK: - Reading

extension ZooBaseline: Decodable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case format
    case models
    case tolerance
    case version
  }

  public init(from decoder: any Decoder) throws {
    try decoder.refuseFormat(otherThan: Self.formatName)
    try decoder.refuseMembers(otherThan: CodingKeys.allCases.map(\.rawValue))
    let members = try decoder.container(keyedBy: CodingKeys.self)
    let tolerance = try members.decodeIfPresent(String.self, forKey: .tolerance)
    self.init(
      tolerance: try tolerance.map(Self.tolerance) ?? .none,
      models: try members.decode([String: Entry].self, forKey: .models))
  }

  fileprivate static func tolerance(_ text: String) throws -> Tolerance {
    do throws(ToleranceError) {
      return try Tolerance(parsing: text)
    } catch { throw ContentFault(sentence: "a tolerance: \(error)") }
  }
}

extension ZooBaseline.Entry: Decodable {
  private enum OwnKeys: String, CodingKey {
    case failure
    case options
    case tolerance
  }

  public init(from decoder: any Decoder) throws {
    let own = try decoder.container(keyedBy: OwnKeys.self)
    let tolerance = try own.decodeIfPresent(String.self, forKey: .tolerance)
    let outcome: ZooOutcome
    if let failure = try own.decodeIfPresent(RunFailure.self, forKey: .failure) {
      outcome = .failed(failure)
    } else {
      let members = try decoder.container(keyedBy: PlannedRun.Keys.self)
      outcome = .planned(
        PlannedRun(
          fingerprint: try members.decode(String.self, forKey: .fingerprint),
          nodes: try members.decode(Int.self, forKey: .nodes), fits: nil, provenOptimal: false,
          peakNode: nil, profile: try MemoryProfile(from: members)))
    }
    self.init(
      options: try own.decode(RunOptions.self, forKey: .options), outcome: outcome,
      tolerance: try tolerance.map(ZooBaseline.tolerance))
  }
}
