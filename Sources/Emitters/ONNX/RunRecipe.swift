// SPDX-License-Identifier: Apache-2.0

public import Planning

/// How ONNX Runtime is told to run a planned file as planned, for people to paste.
public struct RunRecipe: Sendable {
  private let path: String
  private let dims: [String: Int]
  private let prediction: ONNXRuntimePrediction

  /// - Parameters:
  ///   - path: The planned file.
  ///   - dims: What its dynamic dimensions are bound to, by name or by input and axis.
  ///   - prediction: What ONNX Runtime will do with it.
  public init(path: String, dims: [String: Int] = [:], prediction: ONNXRuntimePrediction) {
    self.path = path
    self.dims = dims
    self.prediction = prediction
  }

  /// The recipe in Python, which alone can set the order, and what will come of it.
  public var text: String {
    """
    run: ONNX Runtime keeps the file's order, and needs \
    \(ReportText.size(prediction.peakBytes)) (\(ReportText.grouped(prediction.peakBytes)) bytes) \
    between inputs and outputs, with
      options = onnxruntime.SessionOptions()
      options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
      options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
      options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
      options.enable_mem_reuse = False
      options.enable_mem_pattern = False
    \(sizes)\
      session = onnxruntime.InferenceSession(\(Self.quoted(path)), options)
      (Shape and Size nodes run early all the same. To have its optimizations, save what it makes \
    of the model with optimized_model_filepath, and plan that.)

    """
  }

  /// The sizes of named dimensions. What ONNX Runtime computes in place depends on what it knows of
  /// shapes; of axes without a name it cannot be told.
  private var sizes: String {
    dims.filter { !$0.key.contains(":") }.sorted { $0.key < $1.key }.map {
      "  options.add_free_dimension_override_by_name(\(Self.quoted($0.key)), \($0.value))\n"
    }.joined()
  }

  /// A text as Python writes it.
  private static func quoted(_ text: String) -> String {
    var writer = JSONWriter()
    writer.string(text)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
