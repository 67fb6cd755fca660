// SPDX-License-Identifier: Apache-2.0
import GraphIR

@testable import Importers

/// What the importer makes of the models that test backends, as they stand in their files.
struct GivenModels {
  /// The models.
  private(set) var models = 0
  /// How many results of dense tensors are of the right type and shape.
  private(set) var exact = 0
  /// How many have a shape that is at least the right one in every axis.
  private(set) var bounded = 0
  /// How many models are imported only when the elements of inputs that are a few whole numbers are
  /// given, too.
  private(set) var valued = 0
  /// How many models need nothing of what their files state of results.
  private(set) var inferred = 0
  /// The names of the models that are not imported, by reason.
  private(set) var refused: [Reason: [String]] = [:]
  /// What is wrong with results.
  private(set) var wrong: [String] = []

  /// Why a model is not imported.
  enum Reason: String, CaseIterable {
    case input = "an input is of a type that has no size"
    case value = "the values of an input decide the shape of a result in between"
    case data = "data decides the size of a result, and only the caller could bound it (--bound)"
    case other = "another reason"
  }

  init() throws {
    let (cases, folder) = try OperatorCases.cases(of: "given")
    models = cases.count
    for item in cases {
      let name = String(item.file.dropFirst(6).dropLast(5))
      let bindings = item.bindings.sorted { $0.key < $1.key }
        .map { DimensionBinding($0.key, $0.value) }
      let model = try ONNXModel(path: "\(folder)/\(item.file)")
      do throws(ImportError) {
        count(item, try graph(of: model, bindings, item.values))
      } catch {
        refused[Self.reason(error, model), default: []].append(name)
        if Self.reason(error, model) == .other { wrong.append("\(name): \(error)") }
      }
      let importer = ONNXImporter(bindings: bindings, ignoresValueInfo: true)
      if (try? importer.importGraph(of: model)) != nil { inferred += 1 }
    }
  }

  private mutating func graph(
    of model: ONNXModel, _ bindings: [DimensionBinding], _ values: [String: Int]
  ) throws(ImportError) -> Graph {
    do throws(ImportError) {
      return try ONNXImporter(bindings: bindings).importGraph(of: model).graph
    } catch {
      let reason = Self.reason(error, model)
      guard reason == .value || reason == .data, !values.isEmpty else { throw error }
      let more = values.sorted { $0.key < $1.key }.map { DimensionBinding($0.key, $0.value) }
      let graph = try ONNXImporter(bindings: bindings + more).importGraph(of: model).graph
      valued += 1
      return graph
    }
  }

  private mutating func count(_ item: OperatorCases.Case, _ graph: Graph) {
    for (name, form) in item.outputs.sorted(by: { $0.key < $1.key }) where !name.isEmpty {
      guard case .tensor = form else { continue }
      guard let tensor = graph.tensor(name) else {
        wrong.append("\(item.file) \(name): not in the graph")
        continue
      }
      var fact = ValueFact(graph[tensor].elementType, Array(graph.shape(of: tensor)))
      fact.isUpperBound = graph[tensor].isUpperBound
      fact.kind = graph[tensor].kind
      if let difference = OperatorCases.difference(fact, form) {
        wrong.append("\(item.file) \(name): \(difference)")
      } else if fact.isUpperBound {
        bounded += 1
      } else {
        exact += 1
      }
    }
  }

  private static func reason(_ error: ImportError, _ model: ONNXModel) -> Reason {
    switch error {
    case .dimensions(.unsizedInput): return .input
    case .shapes(.unbounded): return .data
    case .shapes(.unknown(let results)):
      let isAboutValues = results.allSatisfy {
        if case .unknownValue = $0.reason { true } else { false }
      }
      return isAboutValues ? .value : .other
    default: return .other
    }
  }
}
