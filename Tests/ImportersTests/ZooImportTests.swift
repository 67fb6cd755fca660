// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// What the zoo's manifest says of one model, and what onnxruntime really produced.
struct ZooCase: CustomTestStringConvertible, Sendable {
  let model: String
  let bindings: [DimensionBinding]
  let truth: String?
  var check: ZooManifest.Model.Check?

  var testDescription: String {
    "\(model) \(bindings.map(\.description).joined(separator: " "))"
  }

  /// Every inference model, under every binding of the manifest.
  static let inference: [ZooCase] = cases(kind: "infer")

  static let training: [ZooCase] = cases(kind: "train")

  /// The graphs that onnxruntime's training tools make, with the truth of each.
  static let ortTraining: [ZooCase] = Zoo.models(under: "ort-train")
    .filter { !$0.contains("optimizer_model") }
    .map { file in
      ZooCase(
        model: file, bindings: [],
        truth: "\(file[..<(file.lastIndex(of: "/") ?? file.startIndex)])/truth.json")
    }

  private static func cases(kind: String) -> [ZooCase] {
    guard let manifest = ZooManifest.shared else { return [] }
    return manifest.models.filter { $0.kind == kind }.flatMap { model in
      let bindings = model.bind.isEmpty ? [[:]] : model.bind
      return model.files.flatMap { file in
        bindings.enumerated().map { index, binding in
          ZooCase(
            model: file,
            bindings: binding.sorted { $0.key < $1.key }
              .map { DimensionBinding($0.key, $0.value) },
            truth: model.truth.map { $0[index] }, check: model.check)
        }
      }
    }
  }
}

/// The shapes that onnxruntime really produced.
struct Truth: Decodable {
  struct Form: Decodable, Equatable, CustomStringConvertible {
    let type: String
    let shape: [Int]

    init(type: String, shape: [Int]) {
      self.type = type
      self.shape = shape
    }

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      type = try container.decode(String.self)
      shape = try container.decode([Int].self)
    }

    var description: String { "\(type)\(shape)" }
  }

  let tensors: [String: Form]
  /// What the inputs were.
  let inputs: [String: Form]
}

@Suite(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
struct ZooImportTests {
  @Test(arguments: ZooCase.inference)
  func `every inferred shape is the one that onnxruntime produced`(zooCase: ZooCase) throws {
    let truthPath = try #require(zooCase.truth)
    let bytes = try #require(Zoo.bytes(of: truthPath))
    let truth = try JSONDecoder().decode(Truth.self, from: Data(bytes))
    let model = try ONNXModel(path: Zoo.path(of: zooCase.model))
    for ignoresValueInfo in [false, true] {
      let importer = ONNXImporter(
        bindings: zooCase.bindings, ignoresValueInfo: ignoresValueInfo)
      let graph = try importer.importGraph(of: model).graph
      var differences: [String] = []
      var seen = 0
      for tensor in graph.tensorIDs {
        guard let expected = truth.tensors[graph.name(of: tensor)] else { continue }
        seen += 1
        let found = Truth.Form(
          type: graph[tensor].elementType.name, shape: Array(graph.shape(of: tensor)))
        // The sampling rate is a scalar by the file, and was fed with one axis.
        let isRate = zooCase.model.contains("silero_vad_16k") && found.shape.isEmpty
        if isRate, found.type == expected.type, expected.shape == [1] { continue }
        if found != expected || graph[tensor].isUpperBound {
          differences.append("\(graph.name(of: tensor)): \(found), really \(expected)")
        }
      }
      #expect(differences.isEmpty)
      #expect(seen == truth.tensors.count, "every tensor of the truth is in the graph")
    }
  }

  /// The sizes of what a model leaves open, from the inputs that it was run with.
  private func openDimensions(of model: ONNXModel, _ truth: Truth) throws -> [DimensionBinding] {
    do throws(ImportError) {
      _ = try ONNXImporter().importGraph(of: model)
      return []
    } catch {
      guard case .dimensions(.unbound(let open)) = error else { throw error }
      return try open.map { dimension in
        let place = try #require(dimension.places.first)
        let colon = try #require(place.lastIndex(of: ":"))
        let form = try #require(truth.inputs[String(place[..<colon])])
        let axis = try #require(Int(place[place.index(after: colon)...]))
        return DimensionBinding(dimension.target, form.shape[axis])
      }
    }
  }

  /// One file of truth has the tensors of the training graph, of which the other is a part.
  @Test(arguments: ZooCase.ortTraining)
  func `every shape of a training graph of onnxruntime is right`(zooCase: ZooCase) throws {
    let truthPath = try #require(zooCase.truth)
    let bytes = try #require(Zoo.bytes(of: truthPath))
    let truth = try JSONDecoder().decode(Truth.self, from: Data(bytes))
    let model = try ONNXModel(path: Zoo.path(of: zooCase.model))
    let bindings = try openDimensions(of: model, truth)
    for ignoresValueInfo in [false, true] {
      let imported = try ONNXImporter(bindings: bindings, ignoresValueInfo: ignoresValueInfo)
        .importGraph(of: model)
      let graph = imported.graph
      var differences: [String] = []
      var seen = 0
      for tensor in graph.tensorIDs {
        guard let expected = truth.tensors[graph.name(of: tensor)] else { continue }
        seen += 1
        let found = Truth.Form(
          type: graph[tensor].elementType.name, shape: Array(graph.shape(of: tensor)))
        if found != expected || graph[tensor].isUpperBound {
          differences.append("\(graph.name(of: tensor)): \(found), really \(expected)")
        }
      }
      #expect(differences.isEmpty)
      let isWhole = zooCase.model.hasSuffix("training_model.onnx")
      #expect(isWhole ? seen == truth.tensors.count : seen > 0)
    }
  }

  @Test(arguments: ZooCase.training)
  func `training graphs count as the convention counts`(zooCase: ZooCase) throws {
    let check = try #require(zooCase.check)
    var graph = try ONNXImporter().importGraph(path: Zoo.path(of: zooCase.model)).graph
    // The convention keeps the batch resident, too.
    for input in graph.inputs { graph.setRole(.weight, of: input) }
    let storages = StorageMap(of: graph, model: MemoryModel(alignment: 1))
    #expect(storages.totalBytes(in: .resident) == check.residentBytes)
    var simulator = LivenessSimulator(map: storages)
    let peak = simulator.peak(of: Schedule.fileOrder(of: graph).order)
    #expect(peak == check.programPeakTransientBytes)
  }
}
