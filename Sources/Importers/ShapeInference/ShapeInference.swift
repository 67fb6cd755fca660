// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Finds element type and shape of every value of a graph, node by node in an order of execution.
///
/// Each operator's rule is looked up once. What a rule cannot tell is taken from the file's own
/// value infos; where both speak, the rule is believed. A node with an unknown operand is not
/// inferred, so that only the nodes where knowledge is lost are reported.
struct ShapeInference {
  /// What is known of each name, by ``ONNXNameID/index``.
  private(set) var facts: [ValueFact?]
  /// The operators whose results are not known, by first node.
  private(set) var unknown: [UnknownResults] = []
  /// The tensors whose sizes data decides without a bound, in order of execution.
  private(set) var unbounded: [UnboundedTensor] = []
  /// How many results were taken from the file because no rule told them.
  private(set) var statedCount = 0

  private let model: ONNXModel
  private let dimensions: DimensionResolver
  private let bounds: SizeBounds
  /// By operator of the model: its rule, and the version of its operator set.
  private let rules: [OperatorRule?]
  private let versions: [Int]
  /// By name: the position in `stated` of what the file says, or -1.
  private var statedIndex: [Int32]
  private let stated: [ONNXValueInfo]
  private let constants: ModelConstants
  private var reported: [Int: Int] = [:]
  /// How many more elements of values, and members of sequences, may be kept.
  private var budget = 1 << 22

  /// Values up to this size are kept whatever the budget.
  private static let freeElements = 64

  /// Prepares the inference of a model's main graph.
  ///
  /// - Parameters:
  ///   - bounds: How large the caller says that tensors can be.
  ///   - usesValueInfo: Whether what the file says of values may be used.
  init(
    of model: ONNXModel, dimensions: DimensionResolver, bounds: SizeBounds, usesValueInfo: Bool
  ) {
    self.model = model
    self.dimensions = dimensions
    self.bounds = bounds
    facts = Array(repeating: nil, count: model.names.count)
    constants = ModelConstants(model: model)
    rules = model.operators.indices.map { index in
      let name = model.operators[index]
      // A function of the model stands before an operator of the same name.
      guard model.functionIndex(ofOperatorAt: index) == nil else { return nil }
      return RuleTable.standard.rule(domain: name.domain, type: name.type)
    }
    versions = model.operators.map { name in
      Int(clamping: model.opsetVersion(ofDomain: name.domain) ?? 1)
    }
    stated = usesValueInfo ? model.graph.valueInfo + model.graph.outputs : []
    statedIndex = Array(repeating: -1, count: model.names.count)
    for (index, info) in stated.enumerated() where statedIndex[Int(info.name.index)] < 0 {
      statedIndex[Int(info.name.index)] = Int32(index)
    }
  }

  subscript(name: ONNXNameID) -> ValueFact? { facts[Int(name.index)] }

  /// Sets what is known of a value that no node makes.
  mutating func define(_ name: ONNXNameID, _ fact: ValueFact) {
    facts[Int(name.index)] = fact
  }

  /// What is known of a stored tensor, with its elements if they are few.
  func fact(of tensor: ONNXTensor) throws(ImportError) -> ValueFact {
    try constants.checkedFact(of: tensor)
  }

  /// What is known of a sparse tensor stored in the model.
  func fact(ofSparse tensor: ONNXSparseTensor) throws(ImportError) -> ValueFact {
    var fact = try constants.checkedFact(of: tensor.values)
    fact.kind = .sparse
    fact.shape = tensor.dimensions
    fact.value = nil
    guard (try? fact.checkForm()) != nil else {
      throw .structure(.unsized(tensor: model.names[tensor.values.name]))
    }
    return fact
  }

  // MARK: Nodes

  /// Infers the results of a node whose operands were inferred before.
  ///
  /// - Parameters:
  ///   - node: The position of the node.
  ///   - structure: Names the node in errors.
  /// - Throws: ``ShapeFault/operatorFault(node:operator:tensor:_:)`` when its operands do not fit
  ///   its operator.
  mutating func infer(
    _ node: Int, in structure: borrowing GraphStructure
  ) throws(ImportError) {
    let record = model.graph.nodes[node]
    let outputs = model.graph.outputs(of: record)
    var inputs: [ValueFact?] = []
    inputs.reserveCapacity(Int(record.inputCount))
    var isUpperBound = false
    var isKnown = true
    for input in model.graph.inputs(of: record) {
      let fact = facts[Int(input.index)]
      if input != .absent {
        if fact == nil { isKnown = false }
        if fact?.isUpperBound == true { isUpperBound = true }
      }
      inputs.append(fact)
    }

    var reason: OperatorFault?
    var openForms: [OpenForm] = []
    if isKnown, let rule = rules[record.operatorIndex] {
      var context = OperatorContext(
        domain: model.operators[record.operatorIndex].domain, type: rule.type,
        version: versions[record.operatorIndex], inputs: inputs,
        attributes: model.graph.attributes(of: record), constants: constants,
        outputCount: outputs.count)
      do throws(OperatorFault) {
        try rule.infer(&context)
        try take(context, of: rule, outputs, isUpperBound: isUpperBound)
      } catch {
        switch error {
        case .unknownValue, .unsupported: reason = error
        case .extents where isUpperBound, .notBroadcastable where isUpperBound,
          .inputValue where isUpperBound:
          // Bounds need not fit together as the real extents do.
          reason = error
        case _ where !unbounded.isEmpty:
          // Nor do extents that only stand for those that are asked for.
          reason = error
          isKnown = false
        default:
          throw .shapes(
            .operatorFault(
              node: structure.nodeName(node), operator: text(of: record.operatorIndex),
              tensor: outputs.first.map { model.names[$0] } ?? "", error))
        }
      }
      openForms = context.openForms
    }
    if !bounds.isEmpty { try applyBounds(to: outputs, openForms) }
    complete(node, outputs, openForms, isKnown: isKnown, reason: reason, structure)
  }

  /// Keeps what a rule found out.
  private mutating func take(
    _ context: OperatorContext, of rule: OperatorRule, _ outputs: FlatList<ONNXNameID>,
    isUpperBound: Bool
  ) throws(OperatorFault) {
    for (output, result) in zip(outputs, context.outputs) where output != .absent {
      guard var fact = result else { continue }
      if context.prefersStated, !isUpperBound, let stated = statedFact(of: output),
        stated.isWithin(fact)
      {
        facts[Int(output.index)] = stated
        statedCount += 1
        continue
      }
      if isUpperBound {
        fact.isUpperBound = true
        if !rule.isMonotone { fact.value = nil }
      }
      facts[Int(output.index)] = try checked(fact)
    }
  }

  /// Lets the caller's bounds say what data decides.
  ///
  /// - Throws: ``BoundFault``.
  private mutating func applyBounds(
    to outputs: FlatList<ONNXNameID>, _ openForms: [OpenForm]
  ) throws(ImportError) {
    for (position, output) in outputs.enumerated() where output != .absent {
      guard let bound = bounds[output] else { continue }
      if var fact = facts[Int(output.index)] {
        guard fact.isUpperBound, fact.kind == .tensor else { continue }
        guard let shape = try bounds.shape(of: output, form: fact.shape.map { _ in nil }) else {
          continue
        }
        // A bound that is derived holds, too.
        fact.shape = zip(shape, fact.shape).map { min($0, $1) }
        if fact.value?.count != fact.elementCount { fact.value = nil }
        facts[Int(output.index)] = fact
        continue
      }
      let open = openForms.first { $0.output == position }
      guard let type = open?.elementType ?? statedType(of: output), type != .undefined else {
        throw .bounds(.untyped(bound))
      }
      guard let shape = try bounds.shape(of: output, form: open?.extents) else { continue }
      var fact = ValueFact(type, shape)
      fact.isUpperBound = true
      facts[Int(output.index)] = fact
    }
  }

  /// Takes from the file what is still missing, and notes what stays unknown.
  private mutating func complete(
    _ node: Int, _ outputs: FlatList<ONNXNameID>, _ openForms: [OpenForm], isKnown: Bool,
    reason: OperatorFault?, _ structure: borrowing GraphStructure
  ) {
    for (position, output) in outputs.enumerated() where output != .absent {
      if facts[Int(output.index)] != nil,
        facts[Int(output.index)]?.elementType != .undefined
      {
        continue
      }
      if let fact = statedFact(of: output) {
        if facts[Int(output.index)] == nil {
          facts[Int(output.index)] = fact
          statedCount += 1
        } else {
          facts[Int(output.index)]?.elementType = fact.elementType
        }
      } else if isKnown, let form = openForms.first(where: { $0.output == position }),
        bindable(node, reason, structure).isEmpty
      {
        noteUnbounded(node, output, form, structure)
      } else if isKnown || rules[model.graph.nodes[node].operatorIndex] == nil {
        // What has no rule needs its shapes from the file, whatever its operands are.
        report(node, output, reason: reason, structure)
        return
      }
    }
  }

  /// Notes that a bound is needed, and goes on as with the least one, so that what else needs a
  /// bound is found, too.
  private mutating func noteUnbounded(
    _ node: Int, _ output: ONNXNameID, _ form: OpenForm, _ structure: borrowing GraphStructure
  ) {
    unbounded.append(
      UnboundedTensor(
        tensor: model.names[output], form: form.extents,
        operator: text(of: model.graph.nodes[node].operatorIndex),
        node: structure.nodeName(node)))
    guard let extents = form.extents else { return }
    var fact = ValueFact(form.elementType, extents.map { $0 ?? 1 })
    fact.isUpperBound = true
    if (try? fact.checkForm()) != nil { facts[Int(output.index)] = fact }
  }

  private mutating func report(
    _ node: Int, _ output: ONNXNameID, reason: OperatorFault?,
    _ structure: borrowing GraphStructure
  ) {
    let index = model.graph.nodes[node].operatorIndex
    if let known = reported[index] {
      unknown[known].count += 1
      return
    }
    reported[index] = unknown.count
    unknown.append(
      UnknownResults(
        operator: text(of: index), count: 1, node: structure.nodeName(node),
        tensor: model.names[output],
        reason: reason, bindable: bindable(node, reason, structure)))
  }

  /// The elements of a small graph input that a rule would have to know.
  private func bindable(
    _ node: Int, _ reason: OperatorFault?, _ structure: borrowing GraphStructure
  ) -> [String] {
    guard case .unknownValue(let index) = reason else { return [] }
    let name = model.graph.input(index, of: model.graph.nodes[node])
    guard name != .absent, case .input = structure[name], let fact = self[name],
      fact.kind == .tensor, fact.elementType.isIntegral, fact.rank <= 1, fact.elementCount > 0,
      fact.elementCount <= DimensionResolver.valueLimit
    else { return [] }
    let text = model.names[name]
    return fact.elementCount == 1
      ? [text] : (0..<fact.elementCount).map { "\(text)[\($0)]" }
  }

  private func text(of index: Int) -> String {
    let name = model.operators[index]
    return name.domain.isEmpty ? name.type : "\(name.domain)::\(name.type)"
  }

  /// What the file says of a value, if that is all there is to know of a dense tensor.
  private func statedFact(of name: ONNXNameID) -> ValueFact? {
    let index = statedIndex[Int(name.index)]
    guard index >= 0, case .tensor(_, let shape?) = stated[Int(index)].type,
      let extents = dimensions.shape(shape)
    else { return nil }
    let fact = ValueFact(stated[Int(index)].type.elementType, extents)
    return fact.elementType != .undefined && (try? fact.checkForm()) != nil ? fact : nil
  }

  /// The element type that the file states of a value.
  private func statedType(of name: ONNXNameID) -> ElementType? {
    let index = statedIndex[Int(name.index)]
    return index < 0 ? nil : stated[Int(index)].type.elementType
  }

  // MARK: Limits

  /// The fact, if it keeps to the limits; without elements that are too many to keep.
  private mutating func checked(_ fact: ValueFact) throws(OperatorFault) -> ValueFact {
    try fact.checkForm()
    var fact = fact
    if let count = fact.value?.count {
      assert(count == fact.elementCount, "a value has the elements of its shape")
      if count != fact.elementCount || !take(count) { fact.value = nil }
    }
    guard take(fact.elements.count) else { throw .tooLarge }
    return fact
  }

  private mutating func take(_ count: Int) -> Bool {
    guard count > Self.freeElements else { return true }
    guard count <= budget else { return false }
    budget -= count
    return true
  }
}

extension ValueFact {
  /// Whether a tensor's type is that of a bound, and its extents are not above it.
  func isWithin(_ bound: ValueFact) -> Bool {
    kind == .tensor && bound.kind == .tensor && elementType == bound.elementType
      && rank == bound.rank && zip(shape, bound.shape).allSatisfy { $0 <= $1 }
  }

  /// Refuses shapes beyond the limits that rules rely on.
  ///
  /// - Throws: ``OperatorFault/tooLarge``.
  func checkForm() throws(OperatorFault) {
    guard rank <= OperatorContext.rankLimit,
      shape.allSatisfy({ $0 >= 0 && $0 <= OperatorContext.extentLimit })
    else { throw .tooLarge }
    try ShapeOperators.checkCount(shape)
    for element in elements { try element.checkForm() }
  }
}

/// The stored tensors of a model, as rules see them.
///
/// A class, so that handing it to every node's rule costs no copy of the model's record.
final class ModelConstants: ConstantReader {
  private let model: ONNXModel

  init(model: ONNXModel) { self.model = model }

  func fact(of tensor: ONNXTensor) throws(OperatorFault) -> ValueFact {
    do throws(ImportError) {
      return try checkedFact(of: tensor)
    } catch {
      throw .attributeValue("value")
    }
  }

  /// The fact of a tensor.
  ///
  /// - Throws: What reading its elements throws, or ``StructureFault`` when its type or size is
  ///   none.
  func checkedFact(of tensor: ONNXTensor) throws(ImportError) -> ValueFact {
    guard let type = ElementType(onnxNumber: tensor.elementType),
      type != .undefined
    else {
      throw .structure(
        .elementType(tensor: model.names[tensor.name], number: tensor.elementType))
    }
    var fact = ValueFact(type, tensor.dimensions)
    guard (try? fact.checkForm()) != nil else {
      throw .structure(.unsized(tensor: model.names[tensor.name]))
    }
    // Real numbers decide shapes only as scales and bounds, of which there are few; the elements
    // of biases and the like are not worth reading.
    if type.isIntegral {
      fact.value = try model.integers(of: tensor, limit: KnownValue.elementLimit)
        .map(KnownValue.integers)
    } else if type.isReal {
      fact.value = try model.reals(of: tensor, limit: 64).map(KnownValue.reals)
    }
    return fact
  }
}
