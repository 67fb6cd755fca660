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
    /// The operators of its nodes, as `domain::type`.
    let operators: [String]
    /// What binds the dimensions that the model leaves open.
    let bindings: [String: Int]
    /// What binds the elements of inputs that are a few whole numbers.
    let values: [String: Int]
  }

  /// What a result is: a tensor's type, shape and elements (`nil` where not known), or a sequence.
  enum Form: Decodable {
    case tensor(type: String, shape: [Int?]?, values: [Double?]?)
    case sequence([Form])
    /// A map of so many entries.
    case map(Int)
    case other

    init(from decoder: any Decoder) throws {
      if var list = try? decoder.unkeyedContainer() {
        self = .tensor(
          type: try list.decode(String.self), shape: try list.decodeIfPresent([Int?].self),
          values: try list.decodeIfPresent([Double?].self))
      } else if let map = try? decoder.singleValueContainer().decode([String: Int].self) {
        self = map["map"].map(Form.map) ?? .other
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
      if fact.kind == .optional, let content = fact.elements.first {
        return difference(content, form)
      }
      guard fact.kind == .sequence, fact.elements.count == members.count else {
        return "\(fact.kind) of \(fact.elements.count), really a sequence of \(members.count)"
      }
      return zip(fact.elements, members).lazy.compactMap { difference($0, $1) }.first
    case .map(let count):
      let isAlike = fact.kind == .map && fact.elements.allSatisfy { $0.shape == [count] }
      return isAlike ? nil : "\(fact), really a map of \(count)"
    case .tensor(let type, let shape, let values):
      guard fact.elementType.name == type else { return "\(fact.elementType), really \(type)" }
      guard let shape else { return nil }
      let fits =
        fact.shape.count == shape.count
        && zip(fact.shape, shape).allSatisfy { extent, real in
          extent == (real ?? extent) || (fact.isUpperBound && extent > (real ?? extent))
        }
      guard fits else {
        return "\(fact.isUpperBound ? "at most " : "")\(fact.shape), really \(shape)"
      }
      if fact.isUpperBound { return nil }
      guard let found = fact.value?.reals, let values else { return nil }
      let isEqual = zip(found, values).allSatisfy { a, b in
        guard let b else { return !a.isFinite }
        // Functions such as exp may differ in the last bit from the library that made the case.
        return a == b || abs(a - b) <= max(abs(b), 1) * 2e-6
      }
      return isEqual ? nil : "\(found), really \(values)"
    }
  }

  /// The folder of the cases: `GRAPHOPT_OPERATOR_CASES`, or one that is made now; `nil` if it cannot
  /// be made.
  static let folder: String? = {
    if let made = ProcessInfo.processInfo.environment["GRAPHOPT_OPERATOR_CASES"] { return made }
    let folder = "\(Zoo.packageRoot)/.build/operator-cases-of-tests"
    try? FileManager.default.removeItem(atPath: folder)
    let result = Peer.run("operator_cases.py", [folder])
    return result.status == 0 ? folder : nil
  }()

  /// The cases of a set, and the folder that they lie in.
  static func cases(of set: String) throws -> (cases: [Case], folder: String) {
    let folder = "\(try #require(folder))/\(set)"
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/cases.json"))
    return (try JSONDecoder().decode([Case].self, from: data), folder)
  }

  /// The differences of all cases of a set, one line each.
  static func differences(
    in set: String
  ) throws -> (lines: [String], count: Int, values: Int) {
    let (cases, folder) = try cases(of: set)
    var lines: [String] = []
    var values = 0
    for item in cases {
      do {
        let model = try ONNXModel(path: "\(folder)/\(item.file)")
        let structure = try GraphStructure(of: model)
        let inference = try ONNXImporter(ignoresValueInfo: true)
          .inference(of: model, structure).0
        for (name, form) in item.outputs.sorted(by: { $0.key < $1.key }) where !name.isEmpty {
          // Results that only data decide, without any bound.
          if inference.unbounded.contains(where: { $0.tensor == name }),
            model.operators.contains(where: { unbounded.contains($0.type) })
          {
            continue
          }
          guard let fact = model.names.id(of: name).flatMap({ inference[$0] }) else {
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

  /// The operators of such.
  private static let unbounded: Set<String> = ["ImageDecoder", "StringSplit"]
}
