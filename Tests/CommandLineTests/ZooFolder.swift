// SPDX-License-Identifier: Apache-2.0
import TestSupport

/// A folder of small models, made here.
struct ZooFolder {
  let folder = TemporaryFolder()
  var path: String { folder.path }

  /// Writes a model: `y` is the sum of functions of `x`, which all live at once.
  ///
  /// - Parameter wide: Whether one of them, `wide`, is over twice as long as `x`.
  func write(_ name: String, terms: [String], extent: TensorDimension = 1024, weight: Int64 = 0) {
    let bytes = ProtobufWriter.model { graph in
      for term in terms { graph.node("Tanh", ["x"], [term], name: "make \(term)") }
      graph.node("Sum", terms + (weight > 0 ? ["w"] : []), ["y"], name: "sum")
      graph.string(2, name)
      if weight > 0 {
        graph.tensor(5, "w", type: 1, dims: [weight]) { tensor in
          tensor.bytes(9, [UInt8](repeating: 0, count: Int(weight) * 4))
        }
      }
      graph.value(11, "x", shape: [extent])
      graph.value(12, "y", shape: [extent])
    }
    folder.write(bytes, to: "\(name).onnx")
  }

  /// Writes what is no model.
  func writeBroken(_ name: String) { folder.write(Array("no model".utf8), to: "\(name).onnx") }

  /// Writes a manifest of these entries.
  func writeManifest(_ models: String) {
    let text = #"{"format":"graphopt-zoo","version":1,"models":[\#(models)]}"#
    folder.write(Array(text.utf8), to: "graphopt-zoo.json")
  }

  /// Runs `graphopt zoo` on the folder.
  func gate(_ options: String...) -> CommandRunner.Result {
    CommandRunner.graphopt(["zoo", path] + options)
  }

  func bytes(of file: String) -> [UInt8]? { folder.bytes(of: file) }
}
