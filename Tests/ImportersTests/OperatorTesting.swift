// SPDX-License-Identifier: Apache-2.0
import GraphIR

@testable import Importers

/// What one use of an operator gives.
///
/// - Throws: What its rule throws.
func inferred(
  _ type: String, version: Int = 21, domain: String = "", _ inputs: [ValueFact?],
  _ attributes: [String: ONNXAttribute.Value] = [:], outputs: Int = 1,
  constant: ValueFact = ValueFact(.float32, [1], value: .reals([0]))
) throws(OperatorFault) -> [ValueFact?] {
  guard let rule = RuleTable.standard.rule(domain: domain, type: type) else {
    throw .unsupported(type)
  }
  let list = attributes.sorted { $0.key < $1.key }
    .map { ONNXAttribute(name: $0.key, value: $0.value) }
  var context = OperatorContext(
    domain: domain, type: type, version: version, inputs: inputs,
    attributes: FlatList(list, start: 0, count: list.count),
    constants: FixedConstant(value: constant), outputCount: outputs)
  try rule.infer(&context)
  return context.outputs
}

/// The shapes that one use of an operator gives; `nil` where its rule refuses.
func shapes(
  _ type: String, version: Int = 21, domain: String = "", _ inputs: [ValueFact?],
  _ attributes: [String: ONNXAttribute.Value] = [:], outputs: Int = 1
) -> [[Int]?]? {
  guard
    let facts = try? inferred(
      type, version: version, domain: domain, inputs, attributes, outputs: outputs)
  else { return nil }
  return facts.map { $0?.shape }
}

/// The elements of the one result of an operator; `nil` where they are not known.
func value(
  _ type: String, version: Int = 21, _ inputs: [ValueFact?],
  _ attributes: [String: ONNXAttribute.Value] = [:]
) -> KnownValue? {
  guard let facts = try? inferred(type, version: version, inputs, attributes) else { return nil }
  return facts[0]?.value
}

/// Why an operator is refused; `nil` where it is not.
func refusal(
  _ type: String, version: Int = 21, _ inputs: [ValueFact?],
  _ attributes: [String: ONNXAttribute.Value] = [:], outputs: Int = 1
) -> OperatorFault? {
  do throws(OperatorFault) {
    _ = try inferred(type, version: version, inputs, attributes, outputs: outputs)
    return nil
  } catch {
    return error
  }
}

/// A tensor of floats of a shape.
func floats(_ shape: Int...) -> ValueFact { ValueFact(.float32, shape) }

/// A vector of known 64-bit integers.
func known(_ values: Int64...) -> ValueFact {
  ValueFact(.int64, [values.count], value: .integers(values))
}

/// A known 64-bit scalar.
func scalar(_ value: Int64) -> ValueFact { ValueFact(.int64, [], value: .integers([value])) }

/// A vector of known floats.
func reals(_ values: Double...) -> ValueFact {
  ValueFact(.float32, [values.count], value: .reals(values))
}

/// A fact whose extents or elements are upper bounds.
func bounded(_ fact: ValueFact) -> ValueFact {
  var fact = fact
  fact.isUpperBound = true
  return fact
}

/// A vector of one 64-bit integer that data decides between two.
func ranged(_ low: Int64, _ high: Int64) -> ValueFact {
  var fact = bounded(known(high))
  fact.leastShape = [1]
  fact.leastValue = .integers([low])
  return fact
}
