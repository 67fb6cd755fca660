// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Finds element type and shape of every value of a graph, node by node in an order of execution.
///
/// Each operator's rule is looked up once. What a rule cannot tell is taken from the file's own
/// value infos; where both speak, the rule is believed. A node with an unknown operand is not
/// inferred, so that only the nodes where knowledge is lost are reported.
struct ShapeInference {
  /// What is known of each name, by ``ONNXNameID/index``.
  var facts: [ValueFact?]
  /// The operators whose results are not known, by first node.
  var unknown: [UnknownResults] = []
  /// The tensors whose sizes data decides without a bound, in order of execution.
  var unbounded: [UnboundedTensor] = []
  /// What the file states of results that is not so.
  var wrongInfos: [WrongValueInfo] = []
  /// How many results were taken from the file because no rule told them.
  var statedCount = 0
  /// What was inferred of the bodies of the graph at hand, by node.
  var bodies: [Int: InferredBodies] = [:]
  /// How much more may be done inside bodies.
  var bodyBudget = BodyBudget()

  let model: ONNXModel
  private let dimensions: DimensionResolver
  private let bounds: SizeBounds
  /// By operator of the model: its rule, and the version of its operator set.
  private let rules: [OperatorRule?]
  let versions: [Int]
  /// By name: the position in `stated` of what the file says, or -1.
  var statedIndex: [Int32]
  var stated: [ONNXValueInfo]
  let usesValueInfo: Bool
  private let constants: ModelConstants
  /// By operator the position of what is said of it in ``unknown``.
  var reported: [Int: Int] = [:]
  /// By operator of the model: how it runs graphs of its own, if it does.
  private let bodyOperators: [BodyOperator?]
  /// How many more elements of values, and members of sequences, may be kept.
  var budget = 1 << 22

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
    versions = model.operators.indices.map { index in
      Int(clamping: model.version(ofOperatorAt: index) ?? 1)
    }
    bodyOperators = model.operators.indices.map { index in
      let name = model.operators[index]
      guard model.functionIndex(ofOperatorAt: index) == nil, name.domain.isEmpty else { return nil }
      return BodyOperator(rawValue: name.type)
    }
    self.usesValueInfo = usesValueInfo
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
    let record = structure.graph.nodes[node]
    let outputs = structure.graph.outputs(of: record)
    var inputs: [ValueFact?] = []
    inputs.reserveCapacity(Int(record.inputCount))
    var isUpperBound = false
    var isKnown = true
    for input in structure.graph.inputs(of: record) {
      let fact = facts[Int(input.index)]
      if input != .absent {
        if fact == nil { isKnown = false }
        if fact?.isUpperBound == true { isUpperBound = true }
      }
      inputs.append(fact)
    }

    var reason: OperatorFault?
    var openForms: [OpenForm] = []
    if let kind = bodyOperators[record.operatorIndex] {
      for name in structure.captures[node] ?? [] where facts[Int(name.index)] == nil {
        isKnown = false
      }
      if isKnown {
        let outcome = try inferBodies(of: node, kind, inputs, in: structure)
        (reason, openForms) = (outcome.reason, outcome.openForms)
        if outcome.isReported { isKnown = false }
      }
    } else if isKnown, let rule = rules[record.operatorIndex] {
      var context = OperatorContext(
        domain: model.operators[record.operatorIndex].domain, type: rule.type,
        version: versions[record.operatorIndex], inputs: inputs,
        attributes: structure.graph.attributes(of: record), constants: constants,
        outputCount: outputs.count)
      do throws(OperatorFault) {
        try rule.infer(&context)
        let least = isUpperBound ? leastOutputs(context, of: rule) : []
        try take(context, of: rule, outputs, least: least, isUpperBound: isUpperBound)
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
    guard !structure.isBody else { return }
    for output in outputs where output != .absent { compareWithFile(output) }
  }

  /// Notes what the file states of a value where it cannot be so. What is inferred is believed.
  private mutating func compareWithFile(_ name: ONNXNameID) {
    let index = statedIndex[Int(name.index)]
    guard index >= 0, let fact = facts[Int(name.index)], fact.kind == .tensor,
      case .tensor(let number, let shape) = stated[Int(index)].type, unbounded.isEmpty
    else { return }
    let type = ElementType(onnxNumber: number)
    var isRight = type == fact.elementType || number == 0
    if let shape, shape.count == fact.rank {
      for (axis, dimension) in shape.enumerated() {
        guard let extent = dimensions.extent(dimension) else { continue }
        let least = fact.isUpperBound ? fact.leastShape?[axis] ?? 0 : fact.shape[axis]
        if extent < least || extent > fact.shape[axis] { isRight = false }
      }
    } else if shape != nil {
      isRight = false
    }
    guard !isRight else { return }
    wrongInfos.append(
      WrongValueInfo(
        tensor: model.names[name], elementType: type?.name ?? "type \(number)",
        shape: (shape ?? []).map { dimensions.extent($0) },
        inferred: "\(fact.elementType.name)\(fact.shape)", isBound: !fact.hasExactShape))
  }

  /// Keeps what a rule found out.
  private mutating func take(
    _ context: OperatorContext, of rule: OperatorRule, _ outputs: FlatList<ONNXNameID>,
    least: [ValueFact?], isUpperBound: Bool
  ) throws(OperatorFault) {
    for (position, output) in outputs.enumerated() where output != .absent {
      guard var fact = context.outputs[position] else { continue }
      if context.prefersStated, !isUpperBound, let stated = statedFact(of: output),
        stated.isWithin(fact)
      {
        facts[Int(output.index)] = stated
        statedCount += 1
        continue
      }
      if isUpperBound {
        fact.isUpperBound = true
        if !rule.isMonotone, !rule.hasRanges { fact.value = nil }
        if fact.kind == .tensor, position < least.count, let low = least[position],
          low.rank == fact.rank
        {
          fact.leastShape =
            fact.leastShape
            ?? (low.isUpperBound
              ? low.leastShape : zip(low.shape, fact.shape).map { min($0, $1) })
          if rule.isMonotone, !rule.hasRanges, !low.isUpperBound { fact.leastValue = low.value }
        }
      }
      fact.settle()
      fact.spreadSpan()
      facts[Int(output.index)] = try checked(fact)
    }
  }

  /// What a rule makes of the least that is known of its operands; empty if it makes nothing.
  ///
  /// Extents of results never shrink when those of operands, or the elements that decide them, grow.
  private func leastOutputs(_ context: OperatorContext, of rule: OperatorRule) -> [ValueFact?] {
    var least = OperatorContext(
      domain: context.domain, type: context.type, version: context.version,
      inputs: context.inputs.map { $0?.lowered }, attributes: context.attributes,
      constants: context.constants, outputCount: context.outputs.count)
    do throws(OperatorFault) {
      try rule.infer(&least)
      return least.outputs
    } catch {
      return []
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
        guard !fact.hasExactShape,
          let shape = try bounds.shape(of: output, between: fact.leastShape, and: fact.shape)
        else { continue }
        fact.shape = shape
        fact.settle()
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
      } else if isKnown || !hasRule(structure.graph.nodes[node].operatorIndex) {
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
        operator: text(of: structure.graph.nodes[node].operatorIndex),
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
    let index = structure.graph.nodes[node].operatorIndex
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

  /// The elements of the small inputs of whole numbers whose elements are not known.
  func smallInputs(of model: ONNXModel, _ inputs: [Int]) -> [String] {
    inputs.flatMap { elements(ofInput: model.graph.inputs[$0].name) }
  }

  /// What bindings call the elements of a small graph input; none if it is not small.
  private func elements(ofInput name: ONNXNameID) -> [String] {
    guard let fact = self[name], fact.kind == .tensor, fact.elementType.isIntegral,
      fact.elementType != .bool, fact.rank <= 1, fact.elementCount > 0, fact.value == nil,
      fact.elementCount <= DimensionResolver.valueLimit
    else { return [] }
    let text = model.names[name]
    return fact.elementCount == 1
      ? [text] : (0..<fact.elementCount).map { "\(text)[\($0)]" }
  }

  /// The elements of a small graph input that a rule would have to know.
  private func bindable(
    _ node: Int, _ reason: OperatorFault?, _ structure: borrowing GraphStructure
  ) -> [String] {
    guard case .unknownValue(let index) = reason else { return [] }
    let name = structure.graph.input(index, of: structure.graph.nodes[node])
    guard !structure.isBody, name != .absent, case .input = structure[name] else { return [] }
    return elements(ofInput: name)
  }

  private func hasRule(_ index: Int) -> Bool {
    rules[index] != nil || bodyOperators[index] != nil
  }

  func text(of index: Int) -> String {
    let name = model.operators[index]
    return name.domain.isEmpty ? name.type : "\(name.domain)::\(name.type)"
  }

  /// What the file says of a value, if that is all there is to know of a dense tensor.
  func statedFact(of name: ONNXNameID) -> ValueFact? {
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
  mutating func checked(_ fact: ValueFact) throws(OperatorFault) -> ValueFact {
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
  /// Whether a tensor's type is that of a bound, and its extents keep to it.
  func isWithin(_ bound: ValueFact) -> Bool {
    kind == .tensor && bound.kind == .tensor && elementType == bound.elementType
      && rank == bound.rank && zip(shape, bound.shape).allSatisfy { $0 <= $1 }
      && (bound.leastShape.map { zip($0, shape).allSatisfy { $0 <= $1 } } ?? true)
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
