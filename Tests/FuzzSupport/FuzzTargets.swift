// SPDX-License-Identifier: Apache-2.0
import GraphIR
public import Importers

/// What fuzzing calls: each function must end for whatever bytes it is given, and without a trap.
public enum FuzzTargets {
  /// What became of an input.
  public enum Outcome: Sendable {
    /// It was refused, in a sentence.
    case refused
    /// It was taken.
    case accepted
  }

  /// Reads bytes as a model, and everything that the model tells of itself.
  public static func reader(_ bytes: [UInt8]) -> Outcome {
    do throws(ImportError) {
      let model = try ONNXModel(try MappedFile(bytes: bytes))
      return try visit(model) >= 0 ? .accepted : .refused
    } catch {
      precondition(!error.description.isEmpty, "an error says what it is")
      return .refused
    }
  }

  /// Infers every shape of a model, with and without what the file states of them, and builds the
  /// graph.
  public static func inference(
    _ bytes: [UInt8], bindings: [DimensionBinding] = []
  ) -> Outcome {
    do throws(ImportError) {
      let model = try ONNXModel(try MappedFile(bytes: bytes))
      for ignoresValueInfo in [true, false] {
        let graph = try ONNXImporter(bindings: bindings, ignoresValueInfo: ignoresValueInfo)
          .importGraph(of: model).graph
        // A graph that is imported is a valid one.
        do throws(GraphError) {
          try graph.validate()
        } catch {
          preconditionFailure("an imported graph is invalid: \(error)")
        }
      }
      return .accepted
    } catch {
      precondition(!error.description.isEmpty, "an error says what it is")
      return .refused
    }
  }

  private static func visit(_ model: ONNXModel) throws(ImportError) -> Int {
    var count = model.externalLocations.count + model.metadata.count
    count += try visit(model.graph, of: model)
    for function in model.functions { count += try visit(function.body, of: model) }
    return count
  }

  private static func visit(
    _ graph: ONNXGraph, of model: ONNXModel
  ) throws(ImportError) -> Int {
    var count = 0
    for value in graph.inputs + graph.outputs + graph.valueInfo {
      count += try model.metadata(of: value).count
    }
    for tensor in graph.initializers { count += try visit(tensor, of: model) }
    for node in graph.nodes {
      for name in graph.inputs(of: node) { count += model.names[name].utf8.count }
      for name in graph.outputs(of: node) { count += model.names[name].utf8.count }
      count += try model.metadata(of: node).count
      for attribute in graph.attributes(of: node) {
        switch attribute.value {
        case .tensor(let tensor): count += try visit(tensor, of: model)
        case .graph(let body): count += try visit(body, of: model)
        case .graphs(let bodies): for body in bodies { count += try visit(body, of: model) }
        default: count += 1
        }
      }
    }
    return count
  }

  private static func visit(
    _ tensor: ONNXTensor, of model: ONNXModel
  ) throws(ImportError) -> Int {
    var count = try model.metadata(of: tensor).count
    do throws(ImportError) {
      count += try model.integers(of: tensor, limit: 1000)?.count ?? 0
      count += try model.reals(of: tensor, limit: 1000)?.count ?? 0
      count += try model.strings(of: tensor, limit: 1000)?.count ?? 0
    } catch {
      // A wrong shape is no fault of the rest.
      guard case .payloadMismatch = error else { throw error }
    }
    return count
  }
}
