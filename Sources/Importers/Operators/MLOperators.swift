// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators of the classical machine-learning domain. Rows are samples, columns features; a single
/// axis is one sample.
enum MLOperators {
  static let rules: [OperatorRule] = features + regressors + classifiers + maps

  // MARK: Features

  private static let features: [OperatorRule] = [
    ElementwiseOperators.sameShape("Binarizer"), ElementwiseOperators.sameShape("Imputer"),
    real("Normalizer"), real("Scaler"),
    OperatorRule("ArrayFeatureExtractor") { context throws(OperatorFault) in
      let (data, indices) = (try context.input(0, rankAtLeast: 1), try context.input(1))
      let rows = data.rank == 1 ? [1] : Array(data.shape.dropLast())
      context.setOutput(0, data.elementType, rows + [indices.elementCount])
    },
    OperatorRule("FeatureVectorizer") { context throws(OperatorFault) in
      var width = 0
      for index in context.inputs.indices {
        let part = try context.input(index, rankAtLeast: 1)
        width = try Extents.sum(width, part.rank == 1 ? part.shape[0] : columns(of: part))
      }
      context.setOutput(0, .float32, [try rows(of: context.input(0)), width])
    },
    OperatorRule("OneHotEncoder") { context throws(OperatorFault) in
      guard let count = count(of: "cats_int64s", context) ?? count(of: "cats_strings", context)
      else { throw .missingAttribute("cats_int64s") }
      context.setOutput(0, .float32, try context.input(0).shape + [count])
    },
    OperatorRule("CategoryMapper") { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(0, x.elementType == .string ? .int64 : .string, x.shape)
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

  private static func real(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      context.setOutput(0, .float32, try context.input(0).shape)
    }
  }

  /// The number of samples.
  private static func rows(of x: ValueFact) throws(OperatorFault) -> Int {
    guard x.rank > 0 else { throw .rank(input: 0, shape: x.shape, needed: "at least 1 axis") }
    return x.rank == 1 ? 1 : x.shape[0]
  }

  /// The number of features of each sample.
  private static func columns(of x: ValueFact) throws(OperatorFault) -> Int {
    try Extents.product(x.shape.dropFirst())
  }

  /// How many entries a list has, if the node has it and it is not empty.
  private static func count(of name: String, _ context: OperatorContext) -> Int? {
    let count =
      switch context.attribute(name) {
      case .ints(let values): values.count
      case .floats(let values): values.count
      case .strings(let values): values.count
      default: 0
      }
    return count > 0 ? count : nil
  }

  // MARK: Regression

  private static let regressors: [OperatorRule] = [
    regression("LinearRegressor", targets: "targets"),
    regression("TreeEnsembleRegressor", targets: "n_targets"),
    OperatorRule("SVMRegressor") { context throws(OperatorFault) in
      context.setOutput(0, .float32, [try rows(of: context.input(0)), 1])
    },
    OperatorRule("TreeEnsemble") { context throws(OperatorFault) in
      let x = try context.input(0)
      context.setOutput(
        0, x.elementType, [try rows(of: x), try targets("n_targets", context)])
    },
  ]

  private static func regression(_ type: String, targets name: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      context.setOutput(
        0, .float32, [try rows(of: context.input(0)), try targets(name, context)])
    }
  }

  private static func targets(
    _ name: String, _ context: OperatorContext
  ) throws(OperatorFault) -> Int {
    let count = try context.int(name, default: 1)
    guard count >= 0 else { throw .attributeValue(name) }
    return count
  }

  // MARK: Classification

  private static let classifiers: [OperatorRule] = [
    OperatorRule("LinearClassifier") { context throws(OperatorFault) in
      let (type, labels) = labels("classlabels_ints", "classlabels_strings", context)
      // One row of coefficients for each class, or one for both of two.
      let rows = count(of: "intercepts", context) ?? labels
      try setClasses(type, rows == 1 ? max(labels, 1) : rows, &context)
    },
    OperatorRule("SVMClassifier") { context throws(OperatorFault) in
      let (type, labels) = labels("classlabels_ints", "classlabels_strings", context)
      var columns = labels
      let isProbability = count(of: "prob_a", context) != nil
      if count(of: "vectors_per_class", context) != nil, !isProbability, labels > 2 {
        // One score for each pair of classes.
        columns = try Extents.product(labels, labels - 1) / 2
      }
      try setClasses(type, columns, &context)
    },
    OperatorRule("TreeEnsembleClassifier") { context throws(OperatorFault) in
      let (type, labels) = labels("classlabels_int64s", "classlabels_strings", context)
      try setClasses(type, labels, &context)
    },
  ]

  /// The type and number of the classes that a node lists.
  private static func labels(
    _ integers: String, _ strings: String, _ context: OperatorContext
  ) -> (type: ElementType, count: Int) {
    if let count = count(of: strings, context) { return (.string, count) }
    return (.int64, count(of: integers, context) ?? 0)
  }

  /// Sets the class of each sample, and the scores of all classes.
  private static func setClasses(
    _ type: ElementType, _ columns: Int, _ context: inout OperatorContext
  ) throws(OperatorFault) {
    let rows = try rows(of: context.input(0))
    context.setOutput(0, type, [rows])
    context.setOutput(1, .float32, [rows, columns])
  }

  // MARK: Maps

  /// The most maps of a sequence that are counted one by one.
  private static let mapLimit = SequenceOperators.memberLimit

  private static let maps: [OperatorRule] = [
    OperatorRule("ZipMap") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 1)
      let (type, labels) = labels("classlabels_int64s", "classlabels_strings", context)
      let rows = try rows(of: x)
      guard rows <= mapLimit else { throw .tooLarge }
      let map = ValueFact.map(
        keys: ValueFact(type, [labels]), values: ValueFact(x.elementType, [labels]))
      context.setOutput(
        0, .sequence(of: x.elementType, Array(repeating: map, count: rows)))
    },
    OperatorRule("DictVectorizer") { context throws(OperatorFault) in
      guard
        let count = count(of: "int64_vocabulary", context)
          ?? count(of: "string_vocabulary", context)
      else { throw .missingAttribute("string_vocabulary") }
      context.setOutput(0, try map(context).elementType, [1, count])
    },
    OperatorRule("CastMap") { context throws(OperatorFault) in
      let map = try map(context)
      let type: ElementType
      switch try context.string("cast_to", default: "TO_FLOAT") {
      case "TO_FLOAT": type = .float32
      case "TO_STRING": type = .string
      case "TO_INT64": type = .int64
      default: throw .attributeValue("cast_to")
      }
      var width = map.elements.first?.shape.first
      if try context.string("map_form", default: "DENSE") == "SPARSE" {
        width = try context.int("max_map", default: 1)
      }
      guard let width, width >= 0 else { throw .unknownValue(input: 0) }
      context.setOutput(0, type, [1, width])
    },
  ]

  private static func map(_ context: OperatorContext) throws(OperatorFault) -> ValueFact {
    guard let fact = context.optional(0) else { throw .missingInput(0) }
    guard fact.kind == .map else { throw .valueKind(input: 0, needed: "map") }
    return fact
  }
}
