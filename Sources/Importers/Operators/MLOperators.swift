// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators of the classical machine-learning domain whose results follow from shapes alone.
enum MLOperators {
  static let rules: [OperatorRule] = [
    ElementwiseOperators.sameShape("Binarizer"), ElementwiseOperators.sameShape("Imputer"),
    OperatorRule("Normalizer") { context throws(OperatorFault) in
      context.setOutput(0, .float32, try context.input(0).shape)
    },
    OperatorRule("Scaler") { context throws(OperatorFault) in
      context.setOutput(0, .float32, try context.input(0).shape)
    },
    OperatorRule("ArrayFeatureExtractor") { context throws(OperatorFault) in
      let (data, indices) = (try context.input(0, rankAtLeast: 1), try context.input(1))
      let rows = data.rank == 1 ? [1] : Array(data.shape.dropLast())
      context.setOutput(0, data.elementType, rows + [indices.elementCount])
    },
    OperatorRule("LabelEncoder") { context throws(OperatorFault) in
      let shape = try context.input(0).shape
      for (name, type) in [
        ("values_strings", ElementType.string), ("values_int64s", .int64),
        ("values_floats", .float32), ("classes_strings", .undefined),
      ] where context.attribute(name) != nil {
        // Version 1 maps strings to integers and back by one list.
        let from = try context.input(0).elementType
        context.setOutput(
          0, type == .undefined ? (from == .string ? .int64 : .string) : type, shape)
        return
      }
      guard case .tensor(let values)? = context.attribute("values_tensor") else {
        throw .missingAttribute("values_tensor")
      }
      context.setOutput(0, try context.constants.fact(of: values).elementType, shape)
    },
  ]
}
