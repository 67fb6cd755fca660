// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// The zoo's models with odd parts (bodies, sequences, strings, what only data decide), and what
/// onnxruntime's training tools write: every file of both sets.
@Suite(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
struct ZooFlowTests {
  // MARK: The edge set

  /// A model of the edge set.
  struct Edge: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let file: String
    let outputs: [String: Form]

    var testDescription: String { name }

    /// A type and a shape; lists and what numpy has no type for have none.
    struct Form: Decodable, Sendable {
      let type: String
      let shape: [Int]?

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        type = try container.decode(String.self)
        shape = try container.decodeIfPresent([Int].self)
      }
    }

    static let all: [Edge] =
      Zoo.bytes(of: "edge/EDGE.json").flatMap {
        try? JSONDecoder().decode([Edge].self, from: Data($0))
      } ?? []
  }

  /// What the inputs of these are that the files leave open: those of the data they come with.
  static let bindings: [String: [DimensionBinding]] = [
    "test_identity_opt": [DimensionBinding("opt_in", 1)],
    "test_loop11": [DimensionBinding("trip_count", 5)],
    "test_loop13_seq": [DimensionBinding("seq_empty", 0), DimensionBinding("trip_count", 5)],
    "test_sequence_map_identity_1_sequence_expanded": [
      DimensionBinding("x", 3), DimensionBinding("N", 10),
    ],
    "test_split_to_sequence_1": [DimensionBinding("split", 2)],
  ]

  /// Models whose shapes are decided by inputs that only the file's own statements give; with these
  /// passed over they are refused.
  static let stated: Set = [
    "test_constantofshape_float_ones", "test_expand_shape_model1", "test_expand_shape_model3",
    "test_range_float_type_positive_delta_expanded", "test_resize_upsample_scales_nearest",
  ]

  @Test func `the edge set is there`() {
    #expect(Edge.all.count >= 24)
  }

  @Test(arguments: Edge.all)
  func `models with odd parts have the types and shapes of their results, or bounds`(
    edge: Edge
  ) throws {
    let model = try ONNXModel(path: Zoo.path(of: edge.file))
    let given = Self.bindings[edge.name] ?? []
    for ignoresValueInfo in [false, true] {
      let importer = ONNXImporter(bindings: given, ignoresValueInfo: ignoresValueInfo)
      if ignoresValueInfo, Self.stated.contains(edge.name) {
        #expect(throws: ImportError.self) { try importer.importGraph(of: model) }
        continue
      }
      let graph = try importer.importGraph(of: model).graph
      for (name, form) in edge.outputs.sorted(by: { $0.key < $1.key }) {
        let tensor = try #require(graph.tensor(name))
        guard form.type != "list" else {
          #expect(graph[tensor].kind != .tensor)
          continue
        }
        guard let shape = form.shape else { continue }
        // Strings have another name in numpy.
        if !["object", "str"].contains(form.type) {
          #expect(graph[tensor].elementType.name == form.type)
        }
        let found = Array(graph.shape(of: tensor))
        if graph[tensor].isUpperBound {
          #expect(found.count == shape.count && zip(found, shape).allSatisfy { $0 >= $1 })
        } else {
          #expect(found == shape)
        }
      }
    }
  }

  // MARK: Training by onnxruntime

  /// What onnxruntime produced in training.
  struct TrainingTruth: Decodable {
    let inputs: [String: Truth.Form]
    let tensors: [String: Truth.Form]
  }

  static let trained = ["mlp", "resnet18", "squeezenet1_1", "tiny_encoder"]

  private func truth(of name: String) throws -> TrainingTruth {
    let bytes = try #require(Zoo.bytes(of: "ort-train/\(name)/truth.json"))
    return try JSONDecoder().decode(TrainingTruth.self, from: Data(bytes))
  }

  /// The bindings of all that a model leaves open, by the shapes of the inputs it was run with.
  private func bindings(of model: ONNXModel, _ truth: TrainingTruth) -> [DimensionBinding] {
    do throws(ImportError) {
      _ = try ONNXImporter().importGraph(of: model)
      return []
    } catch {
      guard case .dimensions(.unbound(let dimensions)) = error else { return [] }
      return dimensions.compactMap { dimension in
        for place in dimension.places {
          guard let colon = place.lastIndex(of: ":"),
            let axis = Int(place[place.index(after: colon)...]),
            let form = truth.inputs[String(place[..<colon])], axis < form.shape.count
          else { continue }
          return DimensionBinding(dimension.target, form.shape[axis])
        }
        return nil
      }
    }
  }

  @Test(arguments: trained)
  func `gradient graphs have the shapes that onnxruntime produced`(name: String) throws {
    let truth = try truth(of: name)
    let model = try ONNXModel(path: Zoo.path(of: "ort-train/\(name)/training_model.onnx"))
    let given = bindings(of: model, truth)
    for ignoresValueInfo in [false, true] {
      let importer = ONNXImporter(bindings: given, ignoresValueInfo: ignoresValueInfo)
      let graph = try importer.importGraph(of: model).graph
      var differences: [String] = []
      for (tensor, expected) in truth.tensors.sorted(by: { $0.key < $1.key }) {
        guard let id = graph.tensor(tensor) else {
          differences.append("\(tensor) is not there")
          continue
        }
        let found = Truth.Form(
          type: graph[id].elementType.name, shape: Array(graph.shape(of: id)))
        if found != expected || graph[id].isUpperBound {
          differences.append("\(tensor): \(found), really \(expected)")
        }
      }
      #expect(differences == [])
    }
  }

  @Test(arguments: trained)
  func `evaluation graphs are imported`(name: String) throws {
    let model = try ONNXModel(path: Zoo.path(of: "ort-train/\(name)/eval_model.onnx"))
    let given = bindings(of: model, try truth(of: name))
    let graph = try ONNXImporter(bindings: given, ignoresValueInfo: true).importGraph(of: model)
      .graph
    #expect(graph.nodes.count > 0)
  }

  @Test(arguments: trained)
  func `optimizers take sequences of parameters, each of its own shape`(name: String) throws {
    let truth = try truth(of: name)
    let model = try ONNXModel(path: Zoo.path(of: "ort-train/\(name)/optimizer_model.onnx"))
    // What has a gradient is trained.
    let shapes = truth.inputs.filter { $0.key.hasSuffix("_grad.accumulation.buffer") }
      .sorted { $0.key < $1.key }.map(\.value.shape)
    let sequences = ["params", "gradients", "first_order_moments", "second_order_moments"]
    var given: [DimensionBinding] = []
    for sequence in sequences {
      given.append(DimensionBinding(sequence, shapes.count))
      for (index, shape) in shapes.enumerated() {
        for (axis, extent) in shape.enumerated() {
          given.append(DimensionBinding("\(sequence)[\(index)]:\(axis)", extent))
        }
      }
    }
    for ignoresValueInfo in [false, true] {
      let graph = try ONNXImporter(bindings: given, ignoresValueInfo: ignoresValueInfo)
        .importGraph(of: model).graph
      let bytes = shapes.reduce(0) { $0 + 4 * $1.reduce(1, *) }
      for sequence in sequences {
        let tensor = try #require(graph.tensor(sequence))
        #expect(graph[tensor].kind == .sequence)
        #expect(graph[tensor].bytes.value == bytes)
      }
      for output in graph.outputs { #expect(graph[output].elementType == .bool) }
    }
  }
}
