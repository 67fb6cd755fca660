// SPDX-License-Identifier: Apache-2.0

/// The text form of graphs: one line per source tensor, node, order and output.
///
/// ```
/// graph "tiny"
/// input x : float32[1,8]
/// weight w : float32[8,4]
/// node mul = MatMul@17(x, w) -> h : float32[1,4]
/// node act = Relu@17(h) -> y : float32[1,4] as output effects [mayOverwrite 0 0 safe+ort]
/// after 0 1
/// output y
/// ```
///
/// `after` takes the positions of two nodes. A tensor is `name : type[extents]`, then, where they are
/// not the default, `as role`, `kind k`, `bytes n` and `bound`; a produced tensor's default role is
/// activation. A node may end with `workspace n`, `phase p`, `effects [...]` and `attributes {...}`;
/// an effect is its kind, output, input, and its modes or, for slices, the offset in bytes.
/// `_` stands for an absent operand. Names that are no plain word are quoted as in JSON.
/// ``init(parsing:)`` reads what ``text`` prints; sources and then the nodes' outputs get new IDs in
/// the order of the text.
extension Graph {
  /// The graph in its text form.
  ///
  /// - Complexity: O(graph).
  public var text: String {
    var lines = ["graph \(quoted(name))"]
    lines.reserveCapacity(tensors.count + nodes.count + outputs.count)
    let isInput = Set(inputs)
    // Sources keep their place among the inputs; the others follow in the order of their IDs.
    for tensor in inputs { lines.append("input \(text(of: tensor, defaultRole: .input))") }
    for tensor in tensorIDs where self[tensor].producer == nil && !isInput.contains(tensor) {
      lines.append(
        "\(self[tensor].role.rawValue) \(text(of: tensor, defaultRole: self[tensor].role))")
    }
    for node in nodeIDs { lines.append(text(of: node)) }
    for dependency in controlDependencies {
      lines.append("after \(dependency.before) \(dependency.after)")
    }
    for tensor in outputs { lines.append("output \(word(name(of: tensor)))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func text(of tensor: TensorID, defaultRole: TensorRole) -> String {
    let record = self[tensor]
    let extents = shape(of: tensor).map(String.init).joined(separator: ",")
    var text = "\(word(name(of: tensor))) : \(record.elementType.name)[\(extents)]"
    if record.role != defaultRole { text += " as \(record.role.rawValue)" }
    if record.kind != .tensor { text += " kind \(record.kind)" }
    if record.bytes != record.elementType.byteCount(of: shape(of: tensor)) {
      text += " bytes \(record.bytes.value)"
    }
    if record.isUpperBound { text += " bound" }
    return text
  }

  private func text(of node: NodeID) -> String {
    let record = self[node]
    let kind = kind(of: node)
    func operand(_ tensor: TensorID) -> String {
      tensor.isAbsent ? "_" : word(name(of: tensor))
    }
    let domain = kind.domain.isEmpty ? "" : "\(word(kind.domain))::"
    var text = "node \(word(names[record.name])) = \(domain)\(word(kind.type))@\(kind.version)"
    text += "(\(inputs(of: node).map(operand).joined(separator: ", ")))"
    text += " -> "
    text += outputs(of: node).map {
      $0.isAbsent ? "_" : self.text(of: $0, defaultRole: .activation)
    }.joined(separator: ", ")
    if record.workspace > .zero { text += " workspace \(record.workspace.value)" }
    if record.phase != .unspecified { text += " phase \(record.phase.rawValue)" }
    if record.effects.count > 0 {
      let effects = effects(of: node).map { effect in
        let modes = [(Effect.Modes.safe, "safe"), (.ort, "ort")]
          .filter { effect.modes.contains($0.0) }.map(\.1).joined(separator: "+")
        let how = effect.kind.isSlice ? "\(effect.offset)" : modes.isEmpty ? "_" : modes
        return "\(effect.kind) \(effect.output) \(effect.input) \(how)"
      }
      text += " effects [\(effects.joined(separator: ", "))]"
    }
    if record.attributes.count > 0 {
      let attributes = attributes(of: node).map { "\(word($0.name)): \($0.value.text)" }
      text += " attributes {\(attributes.joined(separator: ", "))}"
    }
    return text
  }
}

extension AttributeValue {
  /// The value with a word in front that tells its type where the value alone does not.
  fileprivate var text: String {
    func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }
    return switch self {
    case .int(let value): "int \(value)"
    case .float(let value): "float \(value)"
    case .string(let value): "string \(quoted(value))"
    case .ints(let values): "ints \(list(values.map { "\($0)" }))"
    case .floats(let values): "floats \(list(values.map { "\($0)" }))"
    case .strings(let values): "strings \(list(values.map(quoted)))"
    }
  }
}

/// A name as the text form writes it: bare if it is a plain word, else quoted.
private func word(_ name: String) -> String {
  let isPlain =
    !name.isEmpty && name != "_"
    && name.utf8.allSatisfy { TextScanner.isWordByte($0) }
  return isPlain ? name : quoted(name)
}

/// A string between quotes; quotes, backslashes and control characters escaped.
private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    default:
      if scalar.value < 0x20 {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
  return result + "\""
}
