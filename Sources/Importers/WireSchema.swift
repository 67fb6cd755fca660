// SPDX-License-Identifier: Apache-2.0

/// The messages of the ONNX format that the reader knows, with the names of their fields.
enum WireSchema {
  case model, opset, entry, graph, function, node, attribute, tensor, sparseTensor
  case valueInfo, type, tensorType, elementType, mapType, opaqueType, shape, dimension

  /// What is known of a field.
  struct Field {
    let name: String
    let isRepeated: Bool
    let message: WireSchema?

    init(_ name: String, _ message: WireSchema? = nil, repeated: Bool = false) {
      self.name = name
      isRepeated = repeated
      self.message = message
    }

    static func list(_ name: String, _ message: WireSchema? = nil) -> Field {
      Field(name, message, repeated: true)
    }
  }

  /// The field of a number, if it is known.
  func field(_ number: Int) -> Field? {
    switch self {
    case .model: Self.modelField(number)
    case .graph: Self.graphField(number)
    case .function: Self.functionField(number)
    case .node: Self.nodeField(number)
    case .attribute: Self.attributeField(number)
    case .tensor: Self.tensorField(number)
    default: smallField(number)
    }
  }

  private static func modelField(_ number: Int) -> Field? {
    switch number {
    case 1: Field("ir_version")
    case 2: Field("producer_name")
    case 3: Field("producer_version")
    case 4: Field("domain")
    case 5: Field("model_version")
    case 6: Field("doc_string")
    case 7: Field("graph", .graph)
    case 8: .list("opset_import", .opset)
    case 14: .list("metadata_props", .entry)
    case 20: .list("training_info")
    case 25: .list("functions", .function)
    case 26: .list("configuration")
    default: nil
    }
  }

  private static func graphField(_ number: Int) -> Field? {
    switch number {
    case 1: .list("node", .node)
    case 2: Field("name")
    case 5: .list("initializer", .tensor)
    case 10: Field("doc_string")
    case 11: .list("input", .valueInfo)
    case 12: .list("output", .valueInfo)
    case 13: .list("value_info", .valueInfo)
    case 14: .list("quantization_annotation")
    case 15: .list("sparse_initializer", .sparseTensor)
    case 16: .list("metadata_props", .entry)
    default: nil
    }
  }

  private static func functionField(_ number: Int) -> Field? {
    switch number {
    case 1: Field("name")
    case 4: .list("input")
    case 5: .list("output")
    case 6: .list("attribute")
    case 7: .list("node", .node)
    case 8: Field("doc_string")
    case 9: .list("opset_import", .opset)
    case 10: Field("domain")
    case 11: .list("attribute_proto", .attribute)
    case 12: .list("value_info", .valueInfo)
    case 13: Field("overload")
    case 14: .list("metadata_props", .entry)
    default: nil
    }
  }

  private static func nodeField(_ number: Int) -> Field? {
    switch number {
    case 1: .list("input")
    case 2: .list("output")
    case 3: Field("name")
    case 4: Field("op_type")
    case 5: .list("attribute", .attribute)
    case 6: Field("doc_string")
    case 7: Field("domain")
    case 8: Field("overload")
    case 9: .list("metadata_props", .entry)
    case 10: .list("device_configurations")
    default: nil
    }
  }

  private static func attributeField(_ number: Int) -> Field? {
    switch number {
    case 1: Field("name")
    case 2: Field("f")
    case 3: Field("i")
    case 4: Field("s")
    case 5: Field("t", .tensor)
    case 6: Field("g", .graph)
    case 7: .list("floats")
    case 8: .list("ints")
    case 9: .list("strings")
    case 10: .list("tensors", .tensor)
    case 11: .list("graphs", .graph)
    case 13: Field("doc_string")
    case 14: Field("tp", .type)
    case 15: .list("type_protos", .type)
    case 20: Field("type")
    case 21: Field("ref_attr_name")
    case 22: Field("sparse_tensor", .sparseTensor)
    case 23: .list("sparse_tensors", .sparseTensor)
    default: nil
    }
  }

  private static func tensorField(_ number: Int) -> Field? {
    switch number {
    case 1: .list("dims")
    case 2: Field("data_type")
    case 3: Field("segment")
    case 4: .list("float_data")
    case 5: .list("int32_data")
    case 6: .list("string_data")
    case 7: .list("int64_data")
    case 8: Field("name")
    case 9: Field("raw_data")
    case 10: .list("double_data")
    case 11: .list("uint64_data")
    case 12: Field("doc_string")
    case 13: .list("external_data", .entry)
    case 14: Field("data_location")
    case 16: .list("metadata_props", .entry)
    default: nil
    }
  }

  private func smallField(_ number: Int) -> Field? {
    switch (self, number) {
    case (.opset, 1): Field("domain")
    case (.opset, 2): Field("version")
    case (.entry, 1): Field("key")
    case (.entry, 2): Field("value")
    case (.sparseTensor, 1): Field("values", .tensor)
    case (.sparseTensor, 2): Field("indices", .tensor)
    case (.sparseTensor, 3): .list("dims")
    case (.valueInfo, 1): Field("name")
    case (.valueInfo, 2): Field("type", .type)
    case (.valueInfo, 3): Field("doc_string")
    case (.valueInfo, 4): .list("metadata_props", .entry)
    case (.type, 1): Field("tensor_type", .tensorType)
    case (.type, 4): Field("sequence_type", .elementType)
    case (.type, 5): Field("map_type", .mapType)
    case (.type, 6): Field("denotation")
    case (.type, 7): Field("opaque_type", .opaqueType)
    case (.type, 8): Field("sparse_tensor_type", .tensorType)
    case (.type, 9): Field("optional_type", .elementType)
    case (.tensorType, 1): Field("elem_type")
    case (.tensorType, 2): Field("shape", .shape)
    case (.elementType, 1): Field("elem_type", .type)
    case (.mapType, 1): Field("key_type")
    case (.mapType, 2): Field("value_type", .type)
    case (.opaqueType, 1): Field("domain")
    case (.opaqueType, 2): Field("name")
    case (.shape, 1): .list("dim", .dimension)
    case (.dimension, 1): Field("dim_value")
    case (.dimension, 2): Field("dim_param")
    case (.dimension, 3): Field("denotation")
    default: nil
    }
  }
}
