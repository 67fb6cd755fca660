// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Which operands of a Concat may lie in its result, and which results of a Split in its operand.
///
/// Both put whole runs of bytes one behind the other if every extent before their axis is 1. Sizes
/// that are upper bounds give no effect, since where the next part starts depends on data then.
enum SliceEffects: Hashable, Sendable {
  /// Result 0 holds the operands, one behind the other.
  case concat
  /// Operand 0 holds the results, one behind the other.
  case split

  /// What the operator of a name does, if it is one of the two.
  init?(domain: String, type: String) {
    switch (domain, type) {
    case ("", "Concat"): self = .concat
    case ("", "Split"): self = .split
    default: return nil
    }
  }

  /// The axis where the file names none: operators of the first version did not have to.
  var defaultAxis: Int {
    switch self {
    case .concat: 1
    case .split: 0
    }
  }

  /// The effects of one node; none where the parts are no runs of bytes.
  ///
  /// - Parameters:
  ///   - inputs: What is known of the operands; `nil` where one is left out.
  ///   - outputs: What is known of the results; `nil` where one is left out.
  ///   - axis: The axis, counted from the end if negative.
  func effects(inputs: [ValueFact?], outputs: [ValueFact?], axis: Int) -> [Effect] {
    switch self {
    case .concat:
      guard let whole = outputs.first else { return [] }
      return Self.offsets(of: inputs, in: whole, axis: axis).map { input, offset in
        Effect(.mayHold, output: 0, of: input, at: offset)
      }
    case .split:
      guard let whole = inputs.first else { return [] }
      return Self.offsets(of: outputs, in: whole, axis: axis).map { output, offset in
        Effect(.maySlice, output: output, of: 0, at: offset)
      }
    }
  }

  /// Where each part that is no less and no more than a part starts, in bytes.
  private static func offsets(
    of parts: [ValueFact?], in whole: ValueFact?, axis: Int
  ) -> [(part: Int, offset: Int)] {
    guard let whole, let size = bytes(of: whole) else { return [] }
    let axis = axis < 0 ? axis + whole.rank : axis
    guard whole.shape.indices.contains(axis), whole.shape[..<axis].allSatisfy({ $0 == 1 })
    else { return [] }
    var result: [(part: Int, offset: Int)] = []
    var offset = 0
    for (index, part) in parts.enumerated() {
      // What lies behind one of unknown size is not known to lie anywhere.
      guard let part, let length = bytes(of: part), part.elementType == whole.elementType,
        length <= size - offset
      else { return result }
      if length > 0, length < size { result.append((index, offset)) }
      offset += length
    }
    return offset == size ? result : []
  }

  /// The bytes of a dense tensor of whole bytes and known size.
  private static func bytes(of fact: ValueFact) -> Int? {
    guard fact.kind == .tensor, fact.hasExactShape, fact.elementType.bits > 0,
      fact.elementType.bits % 8 == 0
    else { return nil }
    return fact.bytes?.value
  }
}
