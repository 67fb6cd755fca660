// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Reads plans from the JSON that ``JSONEmitter`` writes.
public struct PlanReader: Sendable {
  public init() {}

  /// The plan in a file's bytes. Members that this version does not know are skipped; whether what
  /// it says is true, ``Planning/PlanChecker`` decides.
  ///
  /// - Throws: ``PlanReadingError`` when the bytes are no JSON, or not of a plan.
  /// - Complexity: O(length).
  public func plan(from bytes: [UInt8]) throws(PlanReadingError) -> ExecutionPlan {
    do {
      return try TapeDecoder().decode(Versioned.self, from: bytes).plan
    } catch let error as PlanReadingError {
      throw error
    } catch {
      throw .notAPlan(Self.sentence(for: error))
    }
  }

  /// A plan whose format is looked at before anything else is.
  private struct Versioned: Decodable {
    let plan: ExecutionPlan

    private enum Keys: String, CodingKey {
      case format
      case version
    }

    init(from decoder: any Decoder) throws {
      let header = try decoder.container(keyedBy: Keys.self)
      let format = try header.decodeIfPresent(String.self, forKey: .format)
      let version = try header.decodeIfPresent(Int.self, forKey: .version)
      guard format == ExecutionPlan.formatName else {
        throw PlanReadingError.notAPlan("it has no \"format\": \"\(ExecutionPlan.formatName)\"")
      }
      guard version == ExecutionPlan.currentVersion else {
        throw PlanReadingError.unknownVersion(version ?? 0)
      }
      plan = try ExecutionPlan(from: decoder)
    }
  }

  /// What is wrong with a JSON text, and where.
  package static func sentence(for error: any Error) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map { key in
        key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)"
      }.joined()
      return path.isEmpty ? "the top level" : String(path.trimmingPrefix("."))
    }
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      return "\"\(key.stringValue)\" is missing at \(place(context))"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      return "the value at \(place(context)) is of the wrong type"
    case DecodingError.dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "it is no valid JSON" : "the value at \(place(context)) cannot be used"
    default: return "it is no valid JSON"
    }
  }
}

/// Why bytes are no plan.
@nonexhaustive public enum PlanReadingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// They are not JSON, or not the JSON of a plan; with the reason.
  case notAPlan(String)
  /// The plan is of a version that this code does not read.
  case unknownVersion(Int)

  public var description: String {
    switch self {
    case .notAPlan(let reason): "not a plan: \(reason)"
    case .unknownVersion(let version):
      "the plan is of version \(version) of the format; this reads version "
        + "\(ExecutionPlan.currentVersion)"
    }
  }
}
