// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// What a training graph says of itself: roles of its inputs, and for each node its phase, views,
/// in-place updates and allocations.
///
/// Such graphs hold operators of PyTorch (domain `pkg.aten`) in the order they ran, values in SSA
/// form. Model entries `graphopt.roles`, `graphopt.updates` and `graphopt.grads` are JSON objects
/// of names; node attributes are `_phase`, and with one integer for each output `_view_of` and
/// `_inplace` (the input whose storage it shares, or -1) and `_storage_bytes`.
struct TrainingConvention {
  /// The domain of the graph's operators.
  static let domain = "pkg.aten"

  /// The roles of graph inputs, by name.
  let inputRoles: [String: TensorRole]
  /// For each output that holds the next value of an input, that input.
  let updatedInputs: [String: String]
  /// The names of gradients that are results.
  let gradients: Set<String>

  /// Reads what a model says of itself; `nil` when it follows no convention.
  ///
  /// - Throws: ``StructureFault/convention(place:entry:)`` when an entry is not what it should be.
  init?(_ model: ONNXModel) throws(ImportError) {
    func entry(_ key: String) -> String? { model.metadata.first { $0.key == key }?.value }
    guard let version = entry("graphopt.convention") else { return nil }
    guard version == "1" else {
      throw .structure(.convention(place: "the model", entry: "graphopt.convention"))
    }
    func object(_ key: String) throws(ImportError) -> [(key: String, value: String)] {
      guard let text = entry(key) else { return [] }
      guard let members = JSONStringObject.members(of: text) else {
        throw .structure(.convention(place: "the model", entry: key))
      }
      return members
    }
    var roles: [String: TensorRole] = [:]
    for (name, role) in try object("graphopt.roles") {
      switch role {
      case "param", "buffer": roles[name] = .weight
      case "optimizer_state": roles[name] = .optimizerState
      case "input", "target": roles[name] = .input
      default: throw .structure(.convention(place: "the model", entry: "graphopt.roles"))
      }
    }
    var updates: [String: String] = [:]
    for (input, output) in try object("graphopt.updates") { updates[output] = input }
    inputRoles = roles
    updatedInputs = updates
    gradients = Set(try object("graphopt.grads").map(\.value))
  }

  /// What one node says of itself.
  struct NodeRecord {
    var phase = NodePhase.unspecified
    /// For each output the input that it is a view of, or -1; empty if there are no views.
    var viewOf: [Int64] = []
    /// For each output the input that it overwrites, or -1; empty if there are none.
    var inPlace: [Int64] = []
    /// For each output the bytes that the node allocates; empty if they follow from its shape.
    var storageBytes: [Int64] = []

    /// The input whose storage an output shares, and how.
    func sharing(ofOutput index: Int) -> (kind: Effect.Kind, input: Int64)? {
      if index < inPlace.count, inPlace[index] >= 0 { return (.mustOverwrite, inPlace[index]) }
      if index < viewOf.count, viewOf[index] >= 0 { return (.alias, viewOf[index]) }
      return nil
    }
  }

  /// Reads what a node says of itself.
  ///
  /// - Throws: ``StructureFault/convention(place:entry:)`` when an attribute is of another kind, has
  ///   another length than the outputs, or names an input that is not there.
  func record(
    of node: ONNXNode, in graph: ONNXGraph, named name: @autoclosure () -> String
  ) throws(ImportError) -> NodeRecord {
    var record = NodeRecord()
    let (inputs, outputs) = (graph.inputs(of: node), graph.outputs(of: node))
    for attribute in graph.attributes(of: node) {
      switch (attribute.name, attribute.value) {
      case ("_phase", .string(let phase)):
        guard let phase = NodePhase(rawValue: phase) else { break }
        record.phase = phase
        continue
      case ("_view_of", .ints(let values)): record.viewOf = values
      case ("_inplace", .ints(let values)): record.inPlace = values
      case ("_storage_bytes", .ints(let values)):
        record.storageBytes = values
        guard values.count == outputs.count, values.allSatisfy({ $0 >= 0 }) else { break }
        continue
      case ("_phase", _), ("_view_of", _), ("_inplace", _), ("_storage_bytes", _): break
      default: continue
      }
      if case .ints(let values) = attribute.value, attribute.name != "_storage_bytes",
        values.count == outputs.count,
        values.allSatisfy({ $0 >= -1 && $0 < Int64(inputs.count) })
      {
        let isThere = zip(values, outputs).allSatisfy { index, output in
          index < 0
            || (output != .absent && inputs[inputs.startIndex + Int(index)] != .absent)
        }
        if isThere { continue }
      }
      throw .structure(.convention(place: "node \(name().quoted)", entry: attribute.name))
    }
    return record
  }

  /// The role of a value that a node makes and no one outside reads.
  static func role(of phase: NodePhase) -> TensorRole {
    switch phase {
    case .backward: .gradient
    case .optimizer: .temporary
    case .forward, .unspecified: .activation
    }
  }
}
