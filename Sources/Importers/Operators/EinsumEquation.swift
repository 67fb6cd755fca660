// SPDX-License-Identifier: Apache-2.0

/// An equation of Einstein's summation: one term of axis labels per operand, and one for the result.
struct EinsumEquation {
  /// A letter names an axis; dots stand for the axes that broadcast.
  private enum Label: Hashable {
    case letter(UInt8)
    case dots
  }

  private let operands: [[Label]]
  private let result: [Label]

  /// Parses `ij,jk->ik`, also without the arrow.
  init(_ text: String) throws(OperatorFault) {
    let bytes = text.utf8.filter { $0 != UInt8(ascii: " ") }
    var terms: [[Label]] = [[]]
    var arrow: Int?
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: ",") where arrow == nil: terms.append([])
      case UInt8(ascii: "-")
      where arrow == nil && index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: ">"):
        arrow = terms.count
        terms.append([])
        index += 1
      case UInt8(ascii: ".")
      where index + 2 < bytes.count && bytes[index + 1] == bytes[index]
        && bytes[index + 2] == bytes[index]:
        guard !terms[terms.count - 1].contains(.dots) else { throw .attributeValue("equation") }
        terms[terms.count - 1].append(.dots)
        index += 2
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
        terms[terms.count - 1].append(.letter(bytes[index]))
      default: throw .attributeValue("equation")
      }
      index += 1
    }
    if let arrow {
      operands = Array(terms[..<arrow])
      result = terms[arrow]
    } else {
      operands = terms
      result = Self.implied(by: terms)
    }
  }

  /// Without an arrow the result has the broadcast axes, then the letters that occur once, sorted.
  private static func implied(by terms: [[Label]]) -> [Label] {
    var counts = [Int](repeating: 0, count: 256)
    var hasDots = false
    for label in terms.joined() {
      switch label {
      case .letter(let letter): counts[Int(letter)] += 1
      case .dots: hasDots = true
      }
    }
    let letters = (0..<256).filter { counts[$0] == 1 }.map { Label.letter(UInt8($0)) }
    return (hasDots ? [.dots] : []) + letters
  }

  /// The result's shape.
  func shape(of shapes: [[Int]]) throws(OperatorFault) -> [Int] {
    guard shapes.count == operands.count else { throw .attributeValue("equation") }
    var extents = [Int?](repeating: nil, count: 256)
    var stretched: [Int] = []
    for (index, (labels, shape)) in zip(operands, shapes).enumerated() {
      let dots = labels.contains(.dots) ? shape.count - (labels.count - 1) : 0
      guard dots >= 0, labels.contains(.dots) || labels.count == shape.count else {
        throw .rank(input: index, shape: shape, needed: "one axis for each letter")
      }
      var axis = 0
      for label in labels {
        switch label {
        case .dots:
          stretched = try Extents.broadcast(stretched, Array(shape[axis..<axis + dots]))
          axis += dots
        case .letter(let letter):
          let known = extents[Int(letter)] ?? 1
          guard known == 1 || shape[axis] == 1 || known == shape[axis] else {
            throw .extents([known], [shape[axis]], reason: "they have one letter")
          }
          extents[Int(letter)] = known == 1 ? shape[axis] : known
          axis += 1
        }
      }
    }
    var shape: [Int] = []
    for label in result {
      switch label {
      case .dots: shape += stretched
      case .letter(let letter):
        guard let extent = extents[Int(letter)] else { throw .attributeValue("equation") }
        shape.append(extent)
      }
    }
    return shape
  }
}
