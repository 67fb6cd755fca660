// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// One-operator models with known results, made by `Tests/Peers/operator_cases.py`.
struct OperatorCases {
  struct Case: Decodable {
    let file: String
    let outputs: [String: Form]
  }

  /// What a result is: a tensor's type, shape and elements (`nil` where not compared), or a sequence.
  enum Form: Decodable {
    case tensor(type: String, shape: [Int], values: [Double?]?)
    case sequence([Form])
    case other

    init(from decoder: any Decoder) throws {
      if var list = try? decoder.unkeyedContainer() {
        self = .tensor(
          type: try list.decode(String.self), shape: try list.decode([Int].self),
          values: try list.decodeIfPresent([Double?].self))
      } else {
        let members = try decoder.singleValueContainer().decode([String: [Form]?].self)
        self = members["sequence"].flatMap { $0 }.map(Form.sequence) ?? .other
      }
    }
  }

  /// What is wrong with an inferred fact; `nil` if nothing is.
  static func difference(_ fact: ValueFact, _ form: Form) -> String? {
    switch form {
    case .other: return nil
    case .sequence(let members):
      guard fact.kind == .sequence, fact.elements.count == members.count else {
        return "\(fact.kind) of \(fact.elements.count), really a sequence of \(members.count)"
      }
      return zip(fact.elements, members).lazy.compactMap { difference($0, $1) }.first
    case .tensor(let type, let shape, let values):
      guard fact.elementType.name == type else { return "\(fact.elementType), really \(type)" }
      if fact.isUpperBound {
        let fits = fact.shape.count == shape.count && zip(fact.shape, shape).allSatisfy(>=)
        return fits ? nil : "at most \(fact.shape), really \(shape)"
      }
      guard fact.shape == shape else { return "\(fact.shape), really \(shape)" }
      guard let found = fact.value?.reals, let values else { return nil }
      let isEqual = zip(found, values).allSatisfy { a, b in
        guard let b else { return !a.isFinite }
        // Functions such as exp may differ in the last bit from the library that made the case.
        return a == b || abs(a - b) <= max(abs(b), 1) * 2e-6
      }
      return isEqual ? nil : "\(found), really \(values)"
    }
  }

  /// The differences of all cases of a set, one line each.
  static func differences(
    in set: String, of folder: String
  ) throws -> (lines: [String], count: Int, values: Int) {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(set)/cases.json"))
    let cases = try JSONDecoder().decode([Case].self, from: data)
    var lines: [String] = []
    var values = 0
    for item in cases {
      do {
        let facts = try Self.facts(path: "\(folder)/\(set)/\(item.file)")
        for (name, form) in item.outputs.sorted(by: { $0.key < $1.key }) where !name.isEmpty {
          guard let fact = facts.fact(name) else {
            if !facts.isCovered { continue }
            lines.append("\(item.file) \(name): unknown")
            continue
          }
          if fact.value != nil { values += 1 }
          if let difference = difference(fact, form) {
            lines.append("\(item.file) \(name): \(difference)")
          }
        }
      } catch {
        lines.append("\(item.file): \(error)")
      }
    }
    return (lines, cases.count, values)
  }

  /// Operators with bodies, and results that only data decide without any bound.
  private static let uncovered: Set<String> = [
    "If", "Loop", "Scan", "SequenceMap", "ImageDecoder", "StringSplit", "TreeEnsemble",
  ]

  private static func facts(
    path: String
  ) throws -> (fact: (String) -> ValueFact?, isCovered: Bool) {
    let model = try ONNXModel(path: path)
    let structure = try GraphStructure(of: model)
    let inference = try ONNXImporter(ignoresValueInfo: true).inference(of: model, structure).0
    return (
      { name in model.names.id(of: name).flatMap { inference[$0] } },
      !model.operators.contains { uncovered.contains($0.type) }
    )
  }
}

@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct OperatorCaseTests {
  @Test func `single operators give the types, shapes and elements that were computed`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "graphopt-operator-cases-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let made = Peer.run("operator_cases.py", [folder])
    try #require(made.status == 0, "\(made.errors)")
    for set in ["node", "ort"] {
      let (lines, count, values) = try OperatorCases.differences(in: set, of: folder)
      #expect(lines == [])
      #expect(count > 1500)
      #expect(values > 500)
    }
  }
}
