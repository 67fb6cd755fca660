// SPDX-License-Identifier: Apache-2.0

public import Testing

/// A model of the folder `Fixtures`, with the sizes that tests give its open dimensions.
public struct Fixture: Hashable, Sendable, CustomTestStringConvertible {
  /// The file's name without its extension.
  public let name: String
  /// Bindings as `--dim` takes them.
  public let dims: [String]
  /// Whether onnxruntime has kernels for all of its operators.
  public let runs: Bool

  init(_ name: String, dims: [String] = [], runs: Bool = true) {
    self.name = name
    self.dims = dims
    self.runs = runs
  }

  public var testDescription: String { name }

  /// Every valid model.
  public static let all = [
    Fixture("bert_block", dims: ["batch=2", "seq=7"]),
    Fixture("dense_block"),
    Fixture("fan"),
    Fixture("mixed_types", dims: ["batch=3"]),
    Fixture("mlp_train", runs: false),
    Fixture("old_style"),
    Fixture("passthrough"),
    Fixture("recall"),
    Fixture("resnet50", dims: ["batch=1"]),
    Fixture("squeezenet_like", dims: ["batch=2"]),
  ]

  /// A model whose nodes run graphs of their own, which only some of the peers can follow.
  public static let nested = Fixture("nested_flow")

  /// A model that calls local functions, in its main graph and in bodies.
  public static let functions = Fixture("local_functions")

  /// The folder of the fixtures.
  public static let folder = "\(Zoo.packageRoot)/Fixtures"

  /// The path of a broken model from the package's folder.
  public static func invalid(_ name: String) -> String { "Fixtures/invalid/\(name).onnx" }

  /// The path of the model.
  public var path: String { "\(Self.folder)/\(name).onnx" }

  /// The path from the package's folder, in which ``CommandRunner`` runs everything.
  public var relativePath: String { "Fixtures/\(name).onnx" }

  /// The bindings as arguments of the command.
  public var dimArguments: [String] { dims.flatMap { ["--dim", $0] } }
}
