// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Gives the open dimensions of a model's inputs their numbers.
struct DimensionResolver {
  /// The dimensions that the model leaves open, bound or not, in the order of the file.
  private(set) var dynamic: [DynamicDimension] = []
  /// The shape of each graph input that is no initializer, in the order of the file.
  private(set) var inputShapes: [[Int]] = []

  private var extents: [String: DimensionBinding] = [:]
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
    for (input, name) in zip(inputs, inputNames) {
      let shape: [ONNXDimension]?
      switch input.type {
      case .tensor(_, let stated), .optional(.tensor(_, let stated)): shape = stated
      default: throw .dimensions(.unsizedInput(name: name))
      }
      shapes.append(shape ?? Self.axes(named: name, in: bindings))
    }
    for (name, shape) in zip(inputNames, shapes) {
      for (axis, dimension) in shape.enumerated() {
        switch dimension {
        case .value: continue
        case .parameter(let parameter): note(parameter, at: "\(name):\(axis)")
        case .unknown: note("\(name):\(axis)", at: "\(name):\(axis)")
        }
      }
    }
    for binding in bindings {
      try bind(binding, inputNames: inputNames, shapes: shapes, others: others)
    }
    let unbound = dynamic.filter { extents[$0.target] == nil }
    guard unbound.isEmpty else { throw .dimensions(.unbound(unbound)) }
    for (name, shape) in zip(inputNames, shapes) {
      inputShapes.append(
        shape.enumerated().map { axis, dimension in
          switch dimension {
          case .value(let extent): extent
          case .parameter(let parameter): extents[parameter]?.extent ?? 0
          case .unknown: extents["\(name):\(axis)"]?.extent ?? 0
          }
        })
    }
  }

  /// The shape that the file states for a value, if all of it is known by now.
  func shape(_ stated: [ONNXDimension]) -> [Int]? {
    var shape: [Int] = []
    for dimension in stated {
      switch dimension {
      case .value(let extent): shape.append(extent)
      case .parameter(let name):
        guard let binding = extents[name] else { return nil }
        shape.append(binding.extent)
      case .unknown: return nil
      }
    }
    return shape
  }

  /// An input of unknown rank has the axes that bindings name, from 0 on without a gap.
  private static func axes(
    named input: String, in bindings: [DimensionBinding]
  ) -> [ONNXDimension] {
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
      dynamic.append(DynamicDimension(target: target, places: [place]))
    }
  }

  private mutating func bind(
    _ binding: DimensionBinding, inputNames: [String], shapes: [[ONNXDimension]],
    others: [[ONNXValueInfo]]
  ) throws(ImportError) {
    guard binding.extent > 0, binding.extent <= OperatorContext.extentLimit else {
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
      } else if !others.joined().contains(where: { $0.type.names(binding.target) }) {
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
