// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// One node as its rule sees it: the operator, what is known of the inputs, the attributes, and
/// the outputs to be set.
///
/// Facts that reach a rule are checked: extents lie in `0...extentLimit`, the product of the
/// nonzero ones below 2^60, so sums of a few extents cannot overflow. What a rule sets is checked
/// the same way afterwards, so a rule guards only its own products.
struct OperatorContext {
  /// The operator's domain, "" for ONNX's own.
  let domain: String
  /// The operator's name in its domain.
  let type: String
  /// The version of the domain's operator set that the model imports.
  let version: Int
  /// What is known of each input; `nil` where an optional one is left out.
  let inputs: [ValueFact?]
  /// The node's attributes.
  let attributes: FlatList<ONNXAttribute>
  /// Reads the elements of a small tensor stored in an attribute.
  let constants: any ConstantReader
  /// What is known of each output; `nil` until a rule sets it.
  private(set) var outputs: [ValueFact?]
  /// What is known of outputs of which no bound is known.
  private(set) var openForms: [OpenForm] = []
  /// Whether the outputs are bounds for want of operands that say more, such as axes, so that what
  /// the file states of them is better if it keeps to the bounds.
  var prefersStated = false

  init(
    domain: String = "", type: String, version: Int, inputs: [ValueFact?],
    attributes: FlatList<ONNXAttribute>, constants: any ConstantReader, outputCount: Int
  ) {
    self.domain = domain
    self.type = type
    self.version = version
    self.inputs = inputs
    self.attributes = attributes
    self.constants = constants
    outputs = Array(repeating: nil, count: outputCount)
  }

  /// The largest extent of any axis: 2^48, beyond any memory.
  static let extentLimit = 1 << 48
  /// The largest product of nonzero extents: 2^60, so that bits of elements can be counted.
  static let elementLimit = 1 << 60
  /// The most axes of any tensor.
  static let rankLimit = 64
}

/// Where the elements of stored tensors come from.
protocol ConstantReader {
  /// What is known of a stored tensor, with its elements if they are few.
  func fact(of tensor: ONNXTensor) throws(OperatorFault) -> ValueFact
}

// MARK: - Inputs

extension OperatorContext {
  /// Whether an input is an upper bound, so that extents that do not agree are no error.
  var hasBounds: Bool { inputs.contains { $0?.isUpperBound == true } }

  /// Whether an input is there.
  func hasInput(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  /// What is known of an optional input.
  func optional(_ index: Int) -> ValueFact? { index < inputs.count ? inputs[index] : nil }

  /// What is known of an input that must be there and be a tensor.
  func input(_ index: Int) throws(OperatorFault) -> ValueFact {
    guard let fact = optional(index) else { throw .missingInput(index) }
    guard fact.kind == .tensor else { throw .valueKind(input: index, needed: "tensor") }
    return fact
  }

  /// What is known of an input that must have so many axes.
  func input(_ index: Int, rank: Int) throws(OperatorFault) -> ValueFact {
    let fact = try input(index)
    guard fact.rank == rank else {
      throw .rank(input: index, shape: fact.shape, needed: rank == 1 ? "one axis" : "\(rank) axes")
    }
    return fact
  }

  /// What is known of an input that must have at least so many axes.
  func input(_ index: Int, rankAtLeast rank: Int) throws(OperatorFault) -> ValueFact {
    let fact = try input(index)
    guard fact.rank >= rank else {
      throw .rank(input: index, shape: fact.shape, needed: "at least \(rank) axes")
    }
    return fact
  }

  /// What is known of an input that must be a sequence.
  func sequence(_ index: Int) throws(OperatorFault) -> ValueFact {
    guard let fact = optional(index) else { throw .missingInput(index) }
    guard fact.kind == .sequence else { throw .valueKind(input: index, needed: "sequence") }
    return fact
  }

  /// The shape of inputs stretched to each other.
  func broadcastShape(of indices: some Sequence<Int>) throws(OperatorFault) -> [Int] {
    var shapes: [[Int]] = []
    for index in indices { shapes.append(try input(index).shape) }
    return try Extents.broadcast(shapes, areBounds: hasBounds)
  }

  /// The integers that an input holds.
  ///
  /// - Throws: ``OperatorFault/unknownValue(input:)`` when they are not known before running.
  func integers(_ index: Int) throws(OperatorFault) -> [Int64] {
    let fact = try input(index)
    guard let values = fact.integers else {
      if let value = fact.value, case .reals = value {
        throw .elementType(input: index, fact.elementType.name)
      }
      throw .unknownValue(input: index)
    }
    return values
  }

  /// The one integer that an input holds, as a scalar or in a shape of one element.
  func integer(_ index: Int) throws(OperatorFault) -> Int {
    let values = try integers(index)
    guard values.count == 1 else { throw .inputValue(input: index, reason: "one is needed") }
    return Int(values[0])
  }

  /// The real numbers that an input holds.
  func reals(_ index: Int) throws(OperatorFault) -> [Double] {
    guard let values = try input(index).reals else { throw .unknownValue(input: index) }
    return values
  }
}

// MARK: - Attributes

extension OperatorContext {
  /// The value of an attribute.
  func attribute(_ name: String) -> ONNXAttribute.Value? {
    attributes.first { $0.name == name }?.value
  }

  /// An integer attribute, if the node has it.
  func int(_ name: String) throws(OperatorFault) -> Int? {
    switch attribute(name) {
    case nil: nil
    case .int(let value): Int(value)
    default: throw .attributeKind(name)
    }
  }

  /// An integer attribute, or what stands for it.
  func int(_ name: String, default standard: Int) throws(OperatorFault) -> Int {
    try int(name) ?? standard
  }

  /// An integer attribute that is true or false.
  func flag(_ name: String, default standard: Bool = false) throws(OperatorFault) -> Bool {
    try int(name).map { $0 != 0 } ?? standard
  }

  /// A list of integers, if the node has it.
  func ints(_ name: String) throws(OperatorFault) -> [Int]? {
    switch attribute(name) {
    case nil: nil
    case .ints(let values): values.map { Int($0) }
    // Writers leave the kind of an empty list open.
    case .floats(let values) where values.isEmpty: []
    default: throw .attributeKind(name)
    }
  }

  /// A list of sizes, none beyond 2^31, so that products of two fit.
  func sizes(
    _ name: String, count: Int, least: Int, default standard: Int
  ) throws(OperatorFault) -> [Int] {
    guard let values = try ints(name), !values.isEmpty else {
      return Array(repeating: standard, count: count)
    }
    guard values.count == count, values.allSatisfy({ $0 >= least && $0 <= 1 << 31 }) else {
      throw .attributeValue(name)
    }
    return values
  }

  /// A real attribute, or what stands for it.
  func float(_ name: String, default standard: Float) throws(OperatorFault) -> Float {
    switch attribute(name) {
    case nil: standard
    case .float(let value): value
    default: throw .attributeKind(name)
    }
  }

  /// A text attribute, or what stands for it.
  func string(_ name: String, default standard: String) throws(OperatorFault) -> String {
    switch attribute(name) {
    case nil: standard
    case .string(let value): value
    default: throw .attributeKind(name)
    }
  }

  /// An attribute that names an element type by ONNX's number, if the node has it.
  func elementType(_ name: String) throws(OperatorFault) -> ElementType? {
    guard let number = try int(name) else { return nil }
    guard let type = ElementType(onnxNumber: number),
      type != .undefined
    else { throw .attributeValue(name) }
    return type
  }
}

// MARK: - What moved from attributes to inputs

extension OperatorContext {
  /// The integers that older versions of an operator take as an attribute and newer ones as an
  /// input; `nil` if the node has neither.
  func integers(attribute name: String, input index: Int) throws(OperatorFault) -> [Int64]? {
    if let values = try ints(name) { return values.map(Int64.init) }
    return hasInput(index) ? try integers(index) : nil
  }

  /// The axes that older versions of an operator take as an attribute and newer ones as an input,
  /// counted from the front; `nil` if the node has neither.
  func axes(
    attribute name: String = "axes", input index: Int, rank: Int
  ) throws(OperatorFault) -> [Int]? {
    guard let values = try integers(attribute: name, input: index) else { return nil }
    // A bound of an axis is none.
    if try ints(name) == nil, optional(index)?.isUpperBound == true {
      throw .unknownValue(input: index)
    }
    return try Extents.axes(values.lazy.map { Int($0) }, rank: rank)
  }
}

// MARK: - Outputs

/// The element type of an output, and of its shape what data does not decide.
struct OpenForm {
  let output: Int
  let elementType: ElementType
  /// The extents, `nil` where data decides without a bound; `nil` for any number of axes.
  let extents: [Int?]?
}

extension OperatorContext {
  /// Says of an output what holds whatever decides its size. It counts for an output that the rule
  /// leaves unset, also by throwing ``OperatorFault/unknownValue(input:)`` later: `--bound` may
  /// give the rest.
  mutating func setOpen(_ index: Int, _ type: ElementType, _ extents: [Int?]? = nil) {
    openForms.append(OpenForm(output: index, elementType: type, extents: extents))
  }

  /// Says of output 0 that it has as many axes as an input has elements, whatever they are.
  mutating func setOpen(_ type: ElementType, axesOfInput index: Int) {
    guard let list = optional(index), list.rank == 1, !list.isUpperBound,
      list.shape[0] <= Self.rankLimit
    else { return setOpen(0, type) }
    setOpen(0, type, Array(repeating: nil, count: list.shape[0]))
  }

  /// Says of output 0 that it has the element type and the number of axes of an input.
  mutating func setOpen(like fact: ValueFact) {
    setOpen(0, fact.elementType, Array(repeating: nil, count: fact.rank))
  }

  /// Says what every element of an output that is set lies within.
  mutating func setSpan(_ index: Int, _ span: ClosedRange<Int64>?) {
    guard index < outputs.count else { return }
    outputs[index]?.span = span
  }

  /// Sets what is known of an output; one that the node does not have is passed over.
  mutating func setOutput(_ index: Int, _ fact: ValueFact?) {
    guard index < outputs.count else { return }
    outputs[index] = fact
  }

  /// Sets the element type of a dense output and bounds of its shape.
  ///
  /// - Parameter least: What every run has at least along each axis; 0 if it is `nil`.
  mutating func setBound(
    _ index: Int, _ type: ElementType, _ shape: [Int], least: [Int]? = nil
  ) {
    var fact = ValueFact(type, shape)
    fact.isUpperBound = true
    fact.leastShape = least
    setOutput(index, fact)
  }

  /// Sets a dense output whose elements lie in a range.
  mutating func setOutput(
    _ index: Int, _ type: ElementType, _ shape: [Int],
    range: (low: KnownValue?, high: KnownValue?)
  ) {
    var fact = ValueFact(type, shape, value: range.high)
    if range.high != range.low {
      fact.isUpperBound = true
      fact.leastValue = range.low
      // Where extents of operands are bounds, the driver finds out the least ones.
      if !hasBounds { fact.leastShape = shape }
    } else if hasBounds {
      fact.isUpperBound = true
      fact.leastValue = range.low
    }
    setOutput(index, fact)
  }

  /// Sets the element type, shape and elements of a dense output.
  mutating func setOutput(
    _ index: Int, _ type: ElementType, _ shape: [Int], value: KnownValue? = nil
  ) {
    setOutput(index, ValueFact(type, shape, value: value))
  }
}
