// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators on sequences of tensors, and on optionals.
enum SequenceOperators {
  /// The most members that a sequence may have.
  static let memberLimit = 1 << 16

  static let rules: [OperatorRule] = [
    OperatorRule("SplitToSequence") { context throws(OperatorFault) in
      context.setOutput(0, try split(context))
    },
    OperatorRule("SequenceAt") { context throws(OperatorFault) in
      let sequence = try context.sequence(0)
      let position = try position(in: sequence, input: 1, context)
      guard position < sequence.elements.count else {
        throw .inputValue(input: 1, reason: "the sequence is empty")
      }
      context.setOutput(0, sequence.elements[position])
    },
    OperatorRule("SequenceConstruct") { context throws(OperatorFault) in
      var elements: [ValueFact] = []
      for index in context.inputs.indices { elements.append(try context.input(index)) }
      context.setOutput(0, .sequence(of: try context.input(0).elementType, elements))
    },
    OperatorRule("SequenceEmpty") { context throws(OperatorFault) in
      context.setOutput(0, .sequence(of: try context.elementType("dtype") ?? .float32, []))
    },
    OperatorRule("SequenceInsert") { context throws(OperatorFault) in
      var sequence = try context.sequence(0)
      let tensor = try context.input(1)
      guard sequence.elements.count < memberLimit else { throw .tooLarge }
      if context.hasInput(2) {
        let index = try context.integer(2)
        let count = sequence.elements.count
        guard index >= -count, index <= count else {
          throw .inputValue(input: 2, reason: "\(index) is outside a sequence of \(count)")
        }
        sequence.elements.insert(tensor, at: index < 0 ? index + count : index)
      } else {
        sequence.elements.append(tensor)
      }
      context.setOutput(0, sequence)
    },
    OperatorRule("SequenceErase") { context throws(OperatorFault) in
      var sequence = try context.sequence(0)
      guard !sequence.elements.isEmpty else {
        throw .inputValue(input: 0, reason: "the sequence is empty")
      }
      if context.hasInput(1) {
        sequence.elements.remove(at: try position(in: sequence, input: 1, context))
      } else {
        sequence.elements.removeLast()
      }
      context.setOutput(0, sequence)
    },
    OperatorRule("SequenceLength") { context throws(OperatorFault) in
      let count = try context.sequence(0).elements.count
      context.setOutput(0, .int64, [], value: .integers([Int64(count)]))
    },
    OperatorRule("ConcatFromSequence") { context throws(OperatorFault) in
      context.setOutput(0, try joined(try context.sequence(0), context))
    },
    OperatorRule("Optional") { context throws(OperatorFault) in
      if let content = context.optional(0) {
        guard content.kind != .optional else {
          throw .valueKind(input: 0, needed: "tensor or sequence")
        }
        context.setOutput(0, .optional(of: content.elementType, content))
        return
      }
      guard case .type(let type) = context.attribute("type") else {
        throw .missingAttribute("type")
      }
      context.setOutput(0, .optional(of: type.elementType, nil))
    },
    OperatorRule("OptionalGetElement") { context throws(OperatorFault) in
      guard let fact = context.optional(0) else { throw .missingInput(0) }
      guard fact.kind == .optional else {
        context.setOutput(0, fact)
        return
      }
      guard let content = fact.elements.first else {
        throw .inputValue(input: 0, reason: "the optional is empty")
      }
      context.setOutput(0, content)
    },
    OperatorRule("OptionalHasElement") { context throws(OperatorFault) in
      let fact = context.optional(0)
      let isThere = fact.map { $0.kind != .optional || !$0.elements.isEmpty } ?? false
      context.setOutput(0, .bool, [], value: .integers([isThere ? 1 : 0]))
    },
  ]

  /// A position that may count from the end; an unknown one will do where all members are alike.
  private static func position(
    in sequence: ValueFact, input: Int, _ context: OperatorContext
  ) throws(OperatorFault) -> Int {
    let count = sequence.elements.count
    let index: Int
    do throws(OperatorFault) {
      index = try context.integer(input)
    } catch {
      guard case .unknownValue = error, let first = sequence.elements.first,
        sequence.elements.allSatisfy({ $0.hasForm(of: first) })
      else { throw error }
      return 0
    }
    guard index >= -count, index < count else {
      throw .inputValue(input: input, reason: "\(index) is outside a sequence of \(count)")
    }
    return index < 0 ? index + count : index
  }

  private static func split(_ context: OperatorContext) throws(OperatorFault) -> ValueFact {
    let data = try context.input(0, rankAtLeast: 1)
    let axis = try Extents.axis(try context.int("axis", default: 0), rank: data.rank)
    let extent = data.shape[axis]
    var lengths: [Int] = []
    var keeps = true
    if context.hasInput(1) {
      let stated = try context.integers(1)
      if try context.input(1).rank == 0, let piece = stated.first {
        let piece = try Extents.extent(piece, input: 1)
        guard piece > 0 else { throw .inputValue(input: 1, reason: "a piece has no extent") }
        guard extent / piece < memberLimit else { throw .tooLarge }
        lengths = stride(from: 0, to: extent, by: piece).map { min(piece, extent - $0) }
      } else {
        var rest = extent
        for piece in stated {
          lengths.append(try Extents.extent(piece, input: 1))
          rest = try Extents.sum(rest, -lengths[lengths.count - 1])
        }
        guard rest == 0 else {
          throw .extents(lengths, [extent], reason: "the pieces do not add up to the whole")
        }
      }
    } else {
      guard extent <= memberLimit else { throw .tooLarge }
      lengths = Array(repeating: 1, count: extent)
      keeps = try context.flag("keepdims", default: true)
    }
    let strides = Extents.strides(of: data.shape)
    var start = 0
    var elements: [ValueFact] = []
    for length in lengths {
      var shape = data.shape
      shape[axis] = length
      let value = data.value.map { value in
        value.picking(
          Extents.positions(in: shape, strides: strides, from: start * strides[axis]))
      }
      if !keeps { shape.remove(at: axis) }
      elements.append(ValueFact(data.elementType, shape, value: value))
      start += length
    }
    return .sequence(of: data.elementType, elements)
  }

  private static func joined(
    _ sequence: ValueFact, _ context: OperatorContext
  ) throws(OperatorFault) -> ValueFact {
    guard let axis = try context.int("axis") else { throw .missingAttribute("axis") }
    guard try context.flag("new_axis") else {
      return try SlicingOperators.concatenation(of: sequence.elements, axis: axis)
    }
    guard let first = sequence.elements.first else { throw .missingInput(0) }
    let position = try Extents.axis(axis, rank: first.rank + 1)
    let parts = sequence.elements.map { element in
      var part = element
      part.shape.insert(1, at: min(position, part.rank))
      return part
    }
    return try SlicingOperators.concatenation(of: parts, axis: position)
  }
}

extension ValueFact {
  /// Whether another value has the same type, kind and shape, whatever its elements.
  func hasForm(of other: ValueFact) -> Bool {
    elementType == other.elementType && kind == other.kind && shape == other.shape
  }
}

extension ONNXType {
  /// The type of the elements, at whatever depth; ``ElementType/undefined`` where it is not stated.
  var elementType: ElementType {
    switch self {
    case .tensor(let number, _), .sparseTensor(let number, _):
      ElementType(onnxNumber: number) ?? .undefined
    case .sequence(let type), .optional(let type), .map(_, let type): type.elementType
    case .unknown, .opaque: .undefined
    }
  }
}
