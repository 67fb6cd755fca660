// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Gives the open dimensions of a model's inputs their numbers.
struct DimensionResolver {
  /// The dimensions that the model leaves open, bound or not, in the order of the file.
  private(set) var dynamic: [DynamicDimension] = []
  /// The shape of each graph input that is no initializer, in the order of the file.
  private(set) var inputShapes: [[Int]] = []

  /// The elements of each graph input that bindings give them to, `nil` for all others.
  private(set) var inputValues: [[Int64]?] = []

  /// The members of each graph input that is a sequence or a map, or may be one, `nil` for all others:
  /// the shape of each member of a sequence of tensors, or as many empty ones as there are entries.
  private(set) var inputMembers: [[[Int]]?] = []

  private var extents: [String: DimensionBinding] = [:]
  /// The formulas in place of names, parsed; `nil` for what is a name after all.
  private var formulas: [String: DimensionExpression?] = [:]
  /// What stands alone for a dimension somewhere, or is bound by name.
  private var plainNames: Set<String> = []
  /// The bindings that give elements of inputs, by `input[position]`.
  private var elements: [String: DimensionBinding] = [:]
  private var slots: [String: Int] = [:]

  /// Matches bindings with the dimensions of `inputs`.
  ///
  /// - Parameters:
  ///   - inputs: The graph inputs that are no initializers.
  ///   - others: Values whose dimensions may be named by a binding, too.
  /// - Throws: ``DimensionFault`` when a dimension stays open or a binding fits none.
  init(
    inputs: [ONNXValueInfo], others: [[ONNXValueInfo]], names: ONNXNameTable,
    bindings: [DimensionBinding]
  ) throws(ImportError) {
    let inputNames = inputs.map { names[$0.name] }
    var shapes: [[ONNXDimension]] = []
    let containers = inputs.map { ContainerInput($0.type) }
    for ((input, container), name) in zip(zip(inputs, containers), inputNames) {
      let shape: [ONNXDimension]?
      switch input.type {
      case .tensor(_, let stated), .optional(.tensor(_, let stated)): shape = stated
      default:
        guard let container else { throw .dimensions(.unsizedInput(name: name)) }
        shape = container.memberShape
      }
      shapes.append(shape ?? Self.axes(named: name, in: bindings))
    }
    plainNames = Set(bindings.map(\.target))
    for case .parameter(let parameter) in shapes.joined()
    where DimensionExpression(parameter) == nil {
      plainNames.insert(parameter)
    }
    for ((name, container), shape) in zip(zip(inputNames, containers), shapes) {
      if container != nil { note(name, at: name) }
      for (axis, dimension) in shape.enumerated() {
        switch dimension {
        case .value: continue
        case .parameter(let parameter): note(parameter, at: "\(name):\(axis)")
        case .unknown: note("\(name):\(axis)", at: "\(name):\(axis)")
        }
      }
    }
    for binding in bindings {
      if let element = element(binding.target, of: inputs, named: inputNames) {
        try bind(element, binding)
      } else if let member = member(binding.target, containers, named: inputNames, shapes) {
        guard ContainerInput.extents.contains(binding.extent) else {
          throw .dimensions(.outOfRange(binding))
        }
        if let other = members[member], other.extent != binding.extent {
          throw .dimensions(.conflict(binding, with: other))
        }
        members[member] = binding
      } else if isRank(binding, of: inputs, named: inputNames) {
        continue
      } else {
        try bind(binding, inputNames: inputNames, shapes: shapes, others: others)
      }
    }
    try solve()
    let unbound = dynamic.filter { extent(of: $0.target) == nil && !isGiven($0, inputNames) }
    guard unbound.isEmpty else { throw .dimensions(.unbound(missing(unbound))) }
    for index in dynamic.indices { dynamic[index].extent = extent(of: dynamic[index].target) }
    for (name, shape) in zip(inputNames, shapes) {
      inputShapes.append(
        shape.enumerated().map { axis, dimension in
          switch dimension {
          case .value(let extent): extent
          case .parameter(let parameter): extent(of: parameter) ?? 0
          case .unknown: extents["\(name):\(axis)"]?.extent ?? 0
          }
        })
    }
    for (name, shape) in zip(inputNames, inputShapes) {
      inputValues.append(try values(of: name, shape: shape))
    }
    for (index, container) in containers.enumerated() {
      let (name, isStated) = (inputNames[index], container?.memberShape != nil)
      inputMembers.append(
        try container.map { _ throws(ImportError) in
          try membersOf(name, shape: inputShapes[index], isStated: isStated)
        })
    }
  }

  // MARK: Members of inputs

  /// The bindings that give extents of single members of sequences, by `input[position]:axis`.
  private var members: [String: DimensionBinding] = [:]

  /// What `input[position]:axis` names, if the input is a sequence.
  private func member(
    _ target: String, _ containers: [ContainerInput?], named names: [String],
    _ shapes: [[ONNXDimension]]
  ) -> String? {
    guard slots[target] == nil, let colon = target.lastIndex(of: ":"),
      let axis = Int(target[target.index(after: colon)...]), axis >= 0,
      axis < OperatorContext.rankLimit
    else { return nil }
    let head = target[..<colon]
    guard head.last == "]", let bracket = head.lastIndex(of: "["),
      let position = Int(head[head.index(after: bracket)...].dropLast()),
      (0..<SequenceOperators.memberLimit).contains(position),
      let index = names.firstIndex(of: String(head[..<bracket])),
      let container = containers[index]
    else { return nil }
    if let shape = container.memberShape {
      guard axis < shape.count else { return nil }
      if case .value = shape[axis] { return nil }
    }
    return "\(names[index])[\(position)]:\(axis)"
  }

  /// Whether a binding gives the number of axes of an input of unknown rank.
  private func isRank(
    _ binding: DimensionBinding, of inputs: [ONNXValueInfo], named names: [String]
  ) -> Bool {
    guard slots[binding.target] == nil, binding.target.hasSuffix(":rank"),
      let index = names.firstIndex(of: String(binding.target.dropLast(5))),
      (0...OperatorContext.rankLimit).contains(binding.extent)
    else { return false }
    return inputs[index].type.hasUnknownRank
  }

  /// Whether a dimension of the members of an input is given for each of them, or there are none.
  private func isGiven(_ dimension: DynamicDimension, _ names: [String]) -> Bool {
    dimension.places.allSatisfy { text in
      guard let (input, axis) = place(text, inputNames: names),
        let length = extents[names[input]]?.extent
      else { return false }
      return (0..<length).allSatisfy { position in
        members["\(names[input])[\(position)]:\(axis)"] != nil
          // A member of fewer axes has others of its own.
          || axis > 0 && members["\(names[input])[\(position)]:0"] != nil
      }
    }
  }

  /// The shapes of the members of a sequence.
  ///
  /// - Parameter isStated: Whether the file says how many axes they have.
  private func membersOf(
    _ name: String, shape: [Int], isStated: Bool
  ) throws(ImportError) -> [[Int]] {
    let length = extents[name]?.extent ?? 0
    guard length <= SequenceOperators.memberLimit else {
      throw .dimensions(.outOfRange(DimensionBinding(name, length)))
    }
    if members.isEmpty { return Array(repeating: shape, count: length) }
    return (0..<length).map { position in
      func given(_ axis: Int) -> Int? { members["\(name)[\(position)]:\(axis)"]?.extent }
      if !isStated, given(0) != nil {
        return Array(
          (0..<OperatorContext.rankLimit).lazy.map(given).prefix { $0 != nil }
            .compactMap { $0 })
      }
      return shape.indices.map { given($0) ?? shape[$0] }
    }
  }

  /// The shape that the file states for a value, if all of it is known by now.
  func shape(_ stated: [ONNXDimension]) -> [Int]? {
    var shape: [Int] = []
    for dimension in stated {
      guard let extent = extent(dimension) else { return nil }
      shape.append(extent)
    }
    return shape
  }

  /// The number of a dimension, if it is known by now.
  func extent(_ stated: ONNXDimension) -> Int? {
    switch stated {
    case .value(let extent): extent
    case .parameter(let name): extent(of: name)
    case .unknown: nil
    }
  }

  // MARK: Formulas

  /// The formula that a name is, if all that stands in it are names of dimensions.
  private func formula(_ parameter: String) -> DimensionExpression? {
    if let known = formulas[parameter] { return known }
    guard let formula = DimensionExpression(parameter), !formula.names.isEmpty,
      formula.names.allSatisfy(plainNames.contains)
    else { return nil }
    return formula
  }

  /// The number of a name or a formula, if there is one.
  private func extent(of parameter: String) -> Int? {
    if let binding = extents[parameter] { return binding.extent }
    guard
      let extent = formula(parameter)?.value({ extents[$0]?.extent }), extent >= 0,
      extent <= OperatorContext.extentLimit
    else { return nil }
    return extent
  }

  /// Finds the numbers of names from those of formulas, and compares both.
  ///
  /// - Throws: ``DimensionFault/contradiction(formula:places:given:follows:)``.
  private mutating func solve() throws(ImportError) {
    for dimension in dynamic { formulas[dimension.target] = .some(formula(dimension.target)) }
    // Each round gives a name its number, or is the last.
    for _ in 0...dynamic.count {
      var isDone = true
      for dimension in dynamic {
        guard let formula = formulas[dimension.target] ?? nil,
          let given = extents[dimension.target]
        else { continue }
        if let (name, number) = formula.solved(for: given.extent, { extents[$0]?.extent }) {
          extents[name] = DimensionBinding(name, number)
          isDone = false
        }
      }
      if isDone { break }
    }
    for dimension in dynamic {
      guard let formula = formulas[dimension.target] ?? nil,
        formula.names.allSatisfy({ extents[$0] != nil })
      else { continue }
      let follows = formula.value { extents[$0]?.extent }
      let names = formula.names.compactMap { extents[$0] }
      if let given = extents[dimension.target]?.extent, follows != given {
        throw .dimensions(
          .contradiction(
            formula: dimension.target, places: dimension.places, given: given, by: names))
      }
      guard let follows, follows >= 0, follows <= OperatorContext.extentLimit else {
        throw .dimensions(
          .noExtent(formula: dimension.target, places: dimension.places, by: names))
      }
    }
  }

  /// What has to be bound so that all of `unbound` have numbers: of formulas, the names in them.
  private func missing(_ unbound: [DynamicDimension]) -> [DynamicDimension] {
    var list: [DynamicDimension] = []
    for dimension in unbound {
      let formula = formulas[dimension.target] ?? nil
      for name in formula?.names ?? [dimension.target] where extents[name] == nil {
        if let index = list.firstIndex(where: { $0.target == name }) {
          list[index].places += dimension.places
        } else {
          list.append(DynamicDimension(target: name, places: dimension.places))
        }
      }
    }
    return list
  }

  // MARK: Elements of inputs

  /// The most elements of an input that bindings may give.
  static let valueLimit = 16

  /// The element that `input`, of one, or `input[position]` names, if it is a whole number.
  private func element(
    _ target: String, of inputs: [ONNXValueInfo], named names: [String]
  ) -> String? {
    guard slots[target] == nil else { return nil }
    var (name, position) = (target, 0)
    if target.last == "]", let bracket = target.lastIndex(of: "["),
      let number = Int(target[target.index(after: bracket)...].dropLast())
    {
      (name, position) = (String(target[..<bracket]), number)
    }
    guard let index = names.firstIndex(of: name), inputs[index].type.elementType.isIntegral,
      ContainerInput(inputs[index].type) == nil,
      (0..<Self.valueLimit).contains(position)
    else { return nil }
    return "\(name)[\(position)]"
  }

  private mutating func bind(
    _ element: String, _ binding: DimensionBinding
  ) throws(ImportError) {
    if let other = elements[element], other.extent != binding.extent {
      throw .dimensions(.conflict(binding, with: other))
    }
    elements[element] = binding
  }

  /// The elements of an input, if bindings give them: then all.
  private func values(of name: String, shape: [Int]) throws(ImportError) -> [Int64]? {
    let given = (0..<Self.valueLimit).filter { elements["\(name)[\($0)]"] != nil }
    guard let last = given.last, let binding = elements["\(name)[\(last)]"] else { return nil }
    let count = shape.count <= 1 ? shape.first ?? 1 : 0
    guard last < count else {
      throw .dimensions(.unmatched(binding, existing: dynamic.map(\.target)))
    }
    let missing = (0..<min(count, Self.valueLimit + 1)).filter { !given.contains($0) }
      .map { DynamicDimension(target: "\(name)[\($0)]", places: ["\(name)[\($0)]"]) }
    guard missing.isEmpty else { throw .dimensions(.unbound(missing)) }
    return given.compactMap { elements["\(name)[\($0)]"].map { Int64($0.extent) } }
  }

  // MARK: Extents

  /// An input of unknown rank has as many axes as `input:rank` says, or else those that bindings name,
  /// from 0 on without a gap.
  private static func axes(
    named input: String, in bindings: [DimensionBinding]
  ) -> [ONNXDimension] {
    if let stated = bindings.first(where: { $0.target == "\(input):rank" })?.extent,
      (0...OperatorContext.rankLimit).contains(stated)
    {
      return Array(repeating: .unknown, count: stated)
    }
    var rank = 0
    while rank < OperatorContext.rankLimit,
      bindings.contains(where: { $0.target == "\(input):\(rank)" })
    {
      rank += 1
    }
    return Array(repeating: .unknown, count: max(rank, 1))
  }

  private mutating func note(_ target: String, at place: String) {
    if let slot = slots[target] {
      dynamic[slot].places.append(place)
    } else {
      slots[target] = dynamic.count
      var dimension = DynamicDimension(target: target, places: [place])
      dimension.names = formula(target)?.names ?? []
      dynamic.append(dimension)
    }
  }

  private mutating func bind(
    _ binding: DimensionBinding, inputNames: [String], shapes: [[ONNXDimension]],
    others: [[ONNXValueInfo]]
  ) throws(ImportError) {
    guard ContainerInput.extents.contains(binding.extent) else {
      throw .dimensions(.outOfRange(binding))
    }
    var key = binding.target
    if slots[key] == nil {
      if let (input, axis) = place(binding.target, inputNames: inputNames),
        axis < shapes[input].count
      {
        // The axis may have a name or a number after all.
        switch shapes[input][axis] {
        case .value(let extent):
          guard extent == binding.extent else {
            throw .dimensions(.fixed(binding, extent: extent))
          }
          return
        case .parameter(let name): key = name
        case .unknown: break
        }
      } else if !dynamic.contains(where: { $0.names.contains(binding.target) }),
        !others.joined().contains(where: { $0.type.names(binding.target) })
      {
        throw .dimensions(.unmatched(binding, existing: dynamic.map(\.target)))
      }
    }
    if let other = extents[key], other.extent != binding.extent {
      throw .dimensions(.conflict(binding, with: other))
    }
    extents[key] = binding
  }

  /// The input and the axis that `input:axis` names.
  private func place(_ target: String, inputNames: [String]) -> (input: Int, axis: Int)? {
    guard let colon = target.lastIndex(of: ":"),
      let axis = Int(target[target.index(after: colon)...]), axis >= 0,
      let input = inputNames.firstIndex(of: String(target[..<colon]))
    else { return nil }
    return (input, axis)
  }
}

extension ONNXType {
  /// Whether nothing says how many axes a tensor of the type, or its members, have.
  fileprivate var hasUnknownRank: Bool {
    switch self {
    case .tensor(_, let shape): shape == nil
    case .sequence(let type), .optional(let type): type.hasUnknownRank
    default: false
    }
  }

  /// Whether a dimension of the type has a name.
  fileprivate func names(_ parameter: String) -> Bool {
    switch self {
    case .tensor(_, let shape?), .sparseTensor(_, let shape?):
      shape.contains(.parameter(parameter))
    case .sequence(let type), .optional(let type): type.names(parameter)
    default: false
    }
  }
}
