// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// Reads a graph from its text form. Empty lines and lines that start with `#` are skipped.
  ///
  /// - Throws: ``GraphError/text(line:reason:)`` for what cannot be read; what can be read but breaks
  ///   an invariant is reported as ``validate()`` does.
  /// - Complexity: O(length).
  public init(parsing text: String) throws(GraphError) {
    var parser = GraphParser()
    var number = 0
    // By bytes, not characters: to Swift a carriage return and a line feed are one character.
    for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
      number += 1
      try parser.read(line, number: number)
    }
    guard parser.hasHeader else {
      throw .text(line: 1, reason: "a graph starts with 'graph NAME'")
    }
    try parser.graph.validate()
    self = parser.graph
  }
}

/// Reads the text form line by line; ``Graph/text`` describes it.
private struct GraphParser {
  var graph = Graph()
  var hasHeader = false
  /// By name ID: names are equal when their bytes are, while Swift's strings compare by character.
  private var tensorIDs: [NameID: TensorID] = [:]

  private func tensor(named name: String) -> TensorID? {
    graph.names.id(of: name).flatMap { tensorIDs[$0] }
  }

  mutating func read(_ line: Substring.UTF8View, number: Int) throws(GraphError) {
    var scanner = TextScanner(line, line: number)
    if scanner.isAtEnd || scanner.take("#") { return }
    let keyword = try scanner.word()
    guard hasHeader || keyword == "graph" else {
      throw scanner.failure("a graph starts with 'graph NAME'")
    }
    switch keyword {
    case "graph":
      guard !hasHeader else { throw scanner.failure("a second graph starts") }
      graph.name = try scanner.word()
      hasHeader = true
    case "node": try readNode(&scanner)
    case "after":
      let (before, after) = (try scanner.integer(), try scanner.integer())
      guard graph.nodes.indices.contains(before), graph.nodes.indices.contains(after) else {
        throw scanner.failure("there is no such node")
      }
      graph.addControlDependency(
        ControlDependency(before: NodeID(before), after: NodeID(after)))
    case "output":
      let name = try scanner.word()
      guard let tensor = tensor(named: name) else {
        throw scanner.failure("no tensor is '\(name)'")
      }
      graph.addOutput(tensor)
    default:
      guard let role = TensorRole(rawValue: keyword) else {
        throw scanner.failure("'\(keyword)' starts no line")
      }
      let tensor = try readTensor(&scanner, role: role)
      if role == .input { graph.addInput(tensor) }
    }
    guard scanner.isAtEnd else { throw scanner.failure("the line goes on after its end") }
  }

  private mutating func readTensor(
    _ scanner: inout TextScanner, role: TensorRole
  ) throws(GraphError) -> TensorID {
    let name = try scanner.word()
    try scanner.expect(":")
    let typeName = try scanner.word()
    guard let type = ElementType(name: typeName) else {
      throw scanner.failure("'\(typeName)' is no element type")
    }
    let shape = try scanner.list("[", "]") { scanner throws(GraphError) in
      try scanner.integer()
    }
    var role = role
    var kind = ValueKind.tensor
    var bytes: ByteCount?
    var isUpperBound = false
    if scanner.takeWord("as") {
      let word = try scanner.word()
      guard let named = TensorRole(rawValue: word) else {
        throw scanner.failure("'\(word)' is no role")
      }
      role = named
    }
    if scanner.takeWord("kind") {
      let word = try scanner.word()
      guard let named = ValueKind.allCases.first(where: { "\($0)" == word }) else {
        throw scanner.failure("'\(word)' is no kind of value")
      }
      kind = named
    }
    if scanner.takeWord("bytes") { bytes = try byteCount(&scanner) }
    if scanner.takeWord("bound") { isUpperBound = true }
    guard tensor(named: name) == nil else { throw .duplicateTensor(name) }
    let tensor = try graph.addTensor(
      name, type: type, shape: shape, role: role, kind: kind, isUpperBound: isUpperBound,
      bytes: bytes)
    tensorIDs[graph.tensors[tensor.index].name] = tensor
    return tensor
  }

  private mutating func readNode(_ scanner: inout TextScanner) throws(GraphError) {
    let name = try scanner.word()
    try scanner.expect("=")
    var type = try scanner.word()
    var domain = ""
    if scanner.take("::") {
      domain = type
      type = try scanner.word()
    }
    try scanner.expect("@")
    let version = try scanner.integer()
    let inputs = try scanner.list("(", ")") { scanner throws(GraphError) -> TensorID in
      if scanner.takeWord("_") { return .absent }
      let name = try scanner.word()
      guard let tensor = tensor(named: name) else {
        throw scanner.failure("no tensor is '\(name)' yet")
      }
      return tensor
    }
    try scanner.expect("->")
    var outputs: [TensorID] = []
    repeat {
      if scanner.takeWord("_") {
        outputs.append(.absent)
      } else {
        outputs.append(try readTensor(&scanner, role: .activation))
      }
    } while scanner.take(",")
    var workspace = ByteCount.zero
    var phase = NodePhase.unspecified
    var effects: [Effect] = []
    var attributes: [Attribute] = []
    if scanner.takeWord("workspace") { workspace = try byteCount(&scanner) }
    if scanner.takeWord("phase") {
      let word = try scanner.word()
      guard let named = NodePhase(rawValue: word) else {
        throw scanner.failure("'\(word)' is no phase")
      }
      phase = named
    }
    if scanner.takeWord("effects") {
      effects = try scanner.list("[", "]") { scanner throws(GraphError) in
        try Self.effect(&scanner)
      }
    }
    if scanner.takeWord("attributes") {
      attributes = try scanner.list("{", "}") { scanner throws(GraphError) in
        try Self.attribute(&scanner)
      }
    }
    try graph.addNode(
      name, kind: OperatorKind(domain: domain, type: type, version: version), inputs: inputs,
      outputs: outputs, effects: effects, attributes: attributes, phase: phase,
      workspace: workspace)
  }

  private func byteCount(_ scanner: inout TextScanner) throws(GraphError) -> ByteCount {
    let value = try scanner.integer()
    guard value >= 0 else { throw scanner.failure("a number of bytes is never negative") }
    return ByteCount(value)
  }

  private static func effect(_ scanner: inout TextScanner) throws(GraphError) -> Effect {
    let word = try scanner.word()
    guard let kind = Effect.Kind.allCases.first(where: { "\($0)" == word }) else {
      throw scanner.failure("'\(word)' is no effect")
    }
    let (output, input) = (try scanner.integer(), try scanner.integer())
    guard UInt32(exactly: output) != nil, UInt32(exactly: input) != nil else {
      throw scanner.failure("an operand's position is out of range")
    }
    if kind.isSlice { return Effect(kind, output: output, of: input, at: try scanner.integer()) }
    var modes: Effect.Modes = []
    for mode in try scanner.word().split(separator: "+") {
      switch mode {
      case "safe": modes.insert(.safe)
      case "ort": modes.insert(.ort)
      case "_": continue
      default: throw scanner.failure("'\(mode)' is no mode")
      }
    }
    return Effect(kind, output: output, of: input, modes: modes)
  }

  private static func attribute(_ scanner: inout TextScanner) throws(GraphError) -> Attribute {
    let name = try scanner.word()
    try scanner.expect(":")
    let type = try scanner.word()
    let value: AttributeValue
    switch type {
    case "int": value = .int(Int64(try scanner.integer()))
    case "float": value = .float(try scanner.float())
    case "string": value = .string(try scanner.word())
    case "ints":
      value = .ints(
        try scanner.list("[", "]") { scanner throws(GraphError) in Int64(try scanner.integer()) })
    case "floats":
      value = .floats(
        try scanner.list("[", "]") { scanner throws(GraphError) in try scanner.float() })
    case "strings":
      value = .strings(
        try scanner.list("[", "]") { scanner throws(GraphError) in try scanner.word() })
    default: throw scanner.failure("'\(type)' is no type of attribute")
    }
    return Attribute(name, value)
  }
}
