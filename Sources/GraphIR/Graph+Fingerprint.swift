// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// A 64-bit hash of all that a graph holds: names, types, shapes, roles, operators, operands,
  /// effects, attributes, bodies and order. Weight payloads are not part of it.
  ///
  /// Graphs with equal numbering have equal fingerprints on every machine. The order of the tensors'
  /// IDs counts too, so a graph read back from its text may have another one.
  ///
  /// - Complexity: O(graph).
  public var fingerprint: UInt64 {
    var hash = StableHash()
    hash.combine(name)
    hash.combine(tensors.count)
    hash.combine(nodes.count)
    for tensor in tensorIDs {
      let record = self[tensor]
      hash.combine(names.utf8(record.name))
      hash.combine(UInt64(record.elementType.rawValue) << 8 | UInt64(record.kind.rawValue))
      hash.combine(record.role.rawValue)
      hash.combine(record.isUpperBound ? 1 : 0)
      hash.combine(record.bytes.value)
      let shape = shape(of: tensor)
      hash.combine(shape.count)
      for extent in shape { hash.combine(extent) }
    }
    for node in nodeIDs {
      let record = self[node]
      let kind = kind(of: node)
      hash.combine(names.utf8(record.name))
      hash.combine(kind.domain)
      hash.combine(kind.type)
      hash.combine(kind.version)
      hash.combine(record.phase.rawValue)
      let bodies = bodies(of: node)
      hash.combine(bodies.isEmpty ? record.workspace.value : 0)
      combine(inputs(of: node), into: &hash)
      combine(outputs(of: node), into: &hash)
      hash.combine(effects(of: node).count)
      for effect in effects(of: node) {
        hash.combine(UInt64(effect.kind.rawValue) << 8 | UInt64(effect.modes.rawValue))
        hash.combine(UInt64(effect.output) << 32 | UInt64(effect.input))
        if effect.kind.isSlice { hash.combine(effect.offset) }
      }
      hash.combine(attributes(of: node).count)
      for attribute in attributes(of: node) {
        hash.combine(attribute.name)
        attribute.value.combine(into: &hash)
      }
      for body in bodies {
        hash.combine(body.attribute)
        hash.combine(body.trips ?? -1)
        hash.combine(body.graph.fingerprint)
      }
    }
    combine(inputs[...], into: &hash)
    combine(outputs[...], into: &hash)
    hash.combine(controlDependencies.count)
    for dependency in controlDependencies {
      hash.combine(UInt64(dependency.before.rawValue) << 32 | UInt64(dependency.after.rawValue))
    }
    return hash.value
  }

  private func combine(_ tensors: ArraySlice<TensorID>, into hash: inout StableHash) {
    hash.combine(tensors.count)
    for tensor in tensors { hash.combine(UInt64(tensor.rawValue)) }
  }
}

extension AttributeValue {
  func combine(into hash: inout StableHash) {
    switch self {
    case .int(let value):
      hash.combine(1)
      hash.combine(UInt64(bitPattern: value))
    case .float(let value):
      hash.combine(2)
      hash.combine(UInt64(value.bitPattern))
    case .string(let value):
      hash.combine(3)
      hash.combine(value)
    case .ints(let values):
      hash.combine(4)
      hash.combine(values.count)
      for value in values { hash.combine(UInt64(bitPattern: value)) }
    case .floats(let values):
      hash.combine(5)
      hash.combine(values.count)
      for value in values { hash.combine(UInt64(value.bitPattern)) }
    case .strings(let values):
      hash.combine(6)
      hash.combine(values.count)
      for value in values { hash.combine(value) }
    }
  }
}
