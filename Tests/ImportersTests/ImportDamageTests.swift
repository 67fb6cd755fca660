import FuzzSupport
// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Damaged models must end in a valid graph or in an error, never in a trap or without end.
@Suite(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
struct `Importing damaged models` {
  /// Models with much shape arithmetic, and every kind of memory effect.
  private static let files = [
    "infer/lstm_tagger-legacy.strip.onnx", "infer/swift_f0.strip.onnx",
    "infer/ppocrv4_rec.strip.onnx", "infer/pruned_swiglu_dec-legacy.strip.onnx",
    "infer/light_squeezenet.onnx", "infer/silero_vad_half.strip.onnx",
    "infer/googlenet-legacy.strip.onnx", "train/alexnet-train-b1-adam.onnx",
    "edge/test_loop11.onnx", "edge/test_scan9_sum.onnx",
    "edge/test_sequence_map_identity_1_sequence_expanded.onnx",
  ]

  /// Imports bytes under bindings that most models take; returns whether they were a model.
  private func survives(_ bytes: [UInt8], _ bindings: [DimensionBinding]) -> Bool {
    do throws(ImportError) {
      let model = try read(bytes)
      for ignoresValueInfo in [false, true] {
        _ = try ONNXImporter(bindings: bindings, ignoresValueInfo: ignoresValueInfo)
          .importGraph(of: model)
      }
      return true
    } catch {
      #expect(!error.description.isEmpty)
      return false
    }
  }

  private static func bindings(of bytes: [UInt8]) -> [DimensionBinding] {
    guard let model = try? read(bytes) else { return [] }
    guard case .dimensions(.unbound(let open))? = fault(of: model) else { return [] }
    return open.map { DimensionBinding($0.target, 320) }
  }

  private static func fault(of model: ONNXModel) -> ImportError? {
    do throws(ImportError) {
      _ = try ONNXImporter().importGraph(of: model)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: Seeds.first(3))
  func `bytes anywhere`(seed: Int) throws {
    for (index, file) in Self.files.enumerated() {
      let bytes = try #require(Zoo.bytes(of: file))
      let bindings = Self.bindings(of: bytes)
      var random = SeededGenerator(seed: 1000 * seed + index)
      for _ in 0..<3 { _ = survives(ONNXDamage.damaged(bytes, &random), bindings) }
    }
  }

  @Test(arguments: Seeds.first(3))
  func `numbers that decide shapes`(seed: Int) throws {
    let hostile: [Int64] = [0, 1, -1, 2, -2, 7, 1 << 31, 1 << 48, 1 << 62, .max, .min]
    for (index, file) in Self.files.enumerated() {
      let bytes = try #require(Zoo.bytes(of: file))
      let bindings = Self.bindings(of: bytes)
      var random = SeededGenerator(seed: 1000 * seed + index)
      let places = try Self.numberPlaces(read(bytes))
      for _ in 0..<4 {
        var damaged = bytes
        for _ in 0..<2 {
          guard let place = places.randomElement(using: &random),
            let number = hostile.randomElement(using: &random)
          else { continue }
          damaged.replaceSubrange(place..<place + 8, with: littleEndian(number))
        }
        _ = survives(damaged, bindings)
      }
    }
  }

  /// Where stored 64-bit integers lie in a file.
  private static func numberPlaces(_ model: ONNXModel) -> [Int] {
    var tensors = model.graph.initializers
    for node in model.graph.nodes {
      for attribute in model.graph.attributes(of: node) {
        if case .tensor(let tensor) = attribute.value { tensors.append(tensor) }
      }
    }
    return tensors.flatMap { tensor -> [Int] in
      guard tensor.elementType == 7, case .raw(let range) = tensor.storage, range.count >= 8 else {
        return []
      }
      return Array(stride(from: range.lowerBound, to: range.upperBound - 7, by: 8))
    }
  }
}
