// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators that files keep in ONNX's own domain and ONNX does not have: experimental ones of its
/// first version, what ONNX Runtime adds for devices, and TensorRT's plugins.
enum ExperimentalOperators {
  static let rules: [OperatorRule] =
    [
      "Affine", "DisentangledAttention_TRT", "GRUUnit", "ImageScaler", "MemcpyFromHost",
      "MemcpyToHost", "ParametricSoftplus", "Scale", "ScaledTanh",
    ].map { ElementwiseOperators.sameShape($0) } + [
      SlicingOperators.slicing("DynamicSlice"),
      OperatorRule("Crop") { context throws(OperatorFault) in
        let x = try context.input(0, rank: 4)
        guard let border = try context.ints("border"), border.count >= 2,
          border.allSatisfy({ $0 >= 0 })
        else { throw .attributeValue("border") }
        var shape = x.shape
        if let scale = try context.ints("scale"), !scale.isEmpty {
          guard scale.count == 2, scale.allSatisfy({ $0 >= 0 }) else {
            throw .attributeValue("scale")
          }
          shape.replaceSubrange(2..., with: scale)
        } else {
          // Left, top, right, bottom.
          guard border.count == 4 else { throw .attributeValue("border") }
          shape[3] = try Extents.sum(shape[3], -(try Extents.sum(border[0], border[2])))
          shape[2] = try Extents.sum(shape[2], -(try Extents.sum(border[1], border[3])))
          guard shape[2] >= 0, shape[3] >= 0 else { throw .attributeValue("border") }
        }
        context.setOutput(0, x.elementType, shape)
      },
      OperatorRule("GivenTensorFill") { context throws(OperatorFault) in
        let like = context.optional(0)
        var shape: [Int]
        if try context.flag("input_as_shape") {
          shape = try ShapeOperators.extents(of: 0, context)
        } else if let stated = try context.ints("shape") {
          shape = stated
        } else {
          shape = like?.shape ?? []
        }
        shape += try context.ints("extra_shape") ?? []
        guard shape.allSatisfy({ $0 >= 0 }) else { throw .attributeValue("shape") }
        context.setOutput(0, .float32, shape)
      },
      OperatorRule("EfficientNMS_TRT") { context throws(OperatorFault) in
        let boxes = try context.input(0, rankAtLeast: 2)
        let most = try context.int("max_output_boxes", default: -1)
        guard most >= 0 else { throw .attributeValue("max_output_boxes") }
        let batch = boxes.shape[0]
        context.setOutput(0, .int32, [batch, 1])
        context.setOutput(1, boxes.elementType, [batch, most, 4])
        context.setOutput(2, boxes.elementType, [batch, most])
        context.setOutput(3, .int32, [batch, most])
      },
      regions("MultilevelCropAndResize_TRT"), regions("PyramidROIAlign_TRT"),
    ]

  /// The rule of cutting regions (batch, count, 4) out of feature maps (batch, channels, space).
  private static func regions(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let (boxes, map) = (try context.input(0, rank: 3), try context.input(1, rankAtLeast: 3))
      guard let size = try context.int("pooled_size"), size >= 0 else {
        throw .attributeValue("pooled_size")
      }
      context.setOutput(
        0, boxes.elementType, [boxes.shape[0], boxes.shape[1], map.shape[1], size, size])
    }
  }
}
