// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Importers
import TestSupport
import Testing

@testable import Emitters
@testable import Fusion

/// New weights against what their recipes say, element by element.
struct MadeWeightTests {
  /// A stored matrix or vector of small whole numbers, whose products are exact in every type.
  private struct Stored {
    var name: String
    var shape: [Int]
    var values: [Double]

    init(_ name: String, _ shape: [Int], _ random: inout SeededGenerator) {
      self.name = name
      self.shape = shape
      values = (0..<shape.reduce(1, *)).map { _ in Double(Int.random(in: -4...4, using: &random)) }
    }
  }

  private static let types: [ElementType] = [.float32, .float64, .float16, .bfloat16]

  private func weights(_ stored: [Stored], _ type: ElementType) throws -> StoredWeights {
    let elements = try #require(FloatElements(type))
    let bytes = ProtobufWriter.model { graph in
      for tensor in stored {
        graph.message(5) {
          for extent in tensor.shape { $0.varint(1, Int64(extent)) }
          $0.varint(2, Int64(type.rawValue))
          $0.string(8, tensor.name)
          $0.bytes(9, elements.bytes(of: tensor.values))
        }
      }
    }
    return StoredWeights(of: try ONNXModel(MappedFile(bytes: bytes)), in: ".")
  }

  private func elements(_ recipe: WeightRecipe, _ weights: inout StoredWeights) throws -> [Double] {
    let made = try MadeWeight(recipe, from: &weights)
    var bytes: [UInt8] = []
    made.write { bytes += Array($0) }
    #expect(bytes.count == made.byteCount)
    return bytes.withUnsafeBytes { FloatElements(recipe.elementType)?.values(in: $0) ?? [] }
  }

  @Test(arguments: Seeds.first(60))
  func `matrices are put together as their recipe says`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let type = Self.types[Int.random(in: 0..<4, using: &random)]
    let axis: WeightRecipe.Axis = Bool.random(using: &random) ? .rows : .columns
    let isTransposed = Bool.random(using: &random)
    let common = Int.random(in: 1...9, using: &random)
    var stored: [Stored] = []
    var parts: [WeightRecipe.MatrixPart] = []
    // By part, its elements by row and column, scaled.
    var expected: [[[Double]]] = []
    for index in 0..<Int.random(in: 1...4, using: &random) {
      let own = Int.random(in: 1...9, using: &random)
      let width = axis == .rows ? common : own
      let first = Int.random(in: 0...3, using: &random)
      // Of some matrices some rows are taken.
      let taken = axis == .rows ? own : common
      let firstRow = Int.random(in: 0...2, using: &random)
      let (rows, columns) = (
        firstRow + taken + Int.random(in: 0...2, using: &random),
        first + width + Int.random(in: 0...3, using: &random)
      )
      let isStoredTransposed = Bool.random(using: &random)
      let matrix = Stored(
        "m\(index)", isStoredTransposed ? [columns, rows] : [rows, columns], &random)
      let rowScale = Stored("r\(index)", [rows], &random)
      let columnScale = Stored("c\(index)", [columns], &random)
      stored += [matrix, rowScale, columnScale]
      let scalesRows = Bool.random(using: &random)
      let scale: WeightRecipe.Scale? = [nil, .number(2), .vector("c\(index)")].randomElement(
        using: &random)!
      let factor = Bool.random(using: &random) ? 1 : 0.5
      parts.append(
        WeightRecipe.MatrixPart(
          source: matrix.name, rows: rows, columns: columns, isTransposed: isStoredTransposed,
          range: first..<first + width,
          rowRange: taken == rows ? nil : firstRow..<firstRow + taken, factor: factor,
          rowScale: scalesRows ? rowScale.name : nil,
          columnScale: scale))
      expected.append(
        (firstRow..<firstRow + taken).map { row in
          (first..<first + width).map { column in
            let place = isStoredTransposed ? column * rows + row : row * columns + column
            let byColumn: Double =
              switch scale {
              case nil: 1
              case .number(let value): value
              case .vector: columnScale.values[column]
              }
            return matrix.values[place] * (scalesRows ? rowScale.values[row] : 1) * byColumn
              * factor
          }
        })
    }
    var whole: [[Double]] = []
    if axis == .rows {
      whole = expected.flatMap { $0 }
    } else {
      whole = (0..<common).map { row in expected.flatMap { $0[row] } }
    }
    let (rows, columns) = (whole.count, whole[0].count)
    let recipe = WeightRecipe(
      name: "new", elementType: type, shape: isTransposed ? [columns, rows] : [rows, columns],
      content: .matrix(parts: parts, along: axis, isTransposed: isTransposed))
    var weights = try weights(stored, type)
    let flat =
      isTransposed
      ? (0..<columns).flatMap { column in whole.map { $0[column] } } : whole.flatMap { $0 }
    #expect(try elements(recipe, &weights) == flat)
  }

  @Test(arguments: Self.types)
  func `vectors are sums of stored ones and of products`(_ type: ElementType) throws {
    var random = SeededGenerator(seed: 3)
    let matrix = Stored("m", [3, 4], &random)
    let turned = Stored("t", [4, 3], &random)
    let (bias, scale, norm) = (
      Stored("b", [4], &random), Stored("s", [4], &random), Stored("n", [3], &random)
    )
    func part(_ name: String, _ isTransposed: Bool) -> WeightRecipe.MatrixPart {
      WeightRecipe.MatrixPart(
        source: name, rows: 3, columns: 4, isTransposed: isTransposed, range: 1..<4, factor: 2)
    }
    let recipe = WeightRecipe(
      name: "new", elementType: type, shape: [8],
      content: .vector([
        WeightRecipe.VectorPart(
          count: 3,
          terms: [
            .vector("b", range: 1..<4, scale: .vector("s")), .product("n", part("m", false)),
            .product("n", part("t", true)),
          ]), WeightRecipe.VectorPart(count: 2, terms: []),
        WeightRecipe.VectorPart(
          count: 3, terms: [.vector("n", range: 0..<3, scale: .number(3))]),
      ]))
    var weights = try weights([matrix, turned, bias, scale, norm], type)
    var expected: [Double] = []
    for column in 1..<4 {
      var sum = bias.values[column] * scale.values[column]
      for row in 0..<3 {
        sum += 2 * norm.values[row] * matrix.values[row * 4 + column]
        sum += 2 * norm.values[row] * turned.values[column * 3 + row]
      }
      expected.append(sum)
    }
    expected += [0, 0] + norm.values.map { 3 * $0 }
    #expect(try elements(recipe, &weights) == expected)
  }

  @Test func `constants are written as they are`() throws {
    var weights = try weights([], .float32)
    let ones = WeightRecipe(name: "o", elementType: .float16, shape: [70_000], content: .fill(1))
    #expect(try elements(ones, &weights) == Array(repeating: 1, count: 70_000))
    let sizes = try MadeWeight(
      WeightRecipe(name: "s", elementType: .int64, shape: [2], content: .integers([3, 258])),
      from: &weights)
    var bytes: [UInt8] = []
    sizes.write { bytes += Array($0) }
    #expect(bytes == [3, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0])
  }

  @Test func `what is not there is refused by name`() throws {
    var random = SeededGenerator(seed: 1)
    var weights = try weights([Stored("m", [2, 2], &random)], .float32)
    func recipe(_ source: String, rows: Int) -> WeightRecipe {
      let part = WeightRecipe.MatrixPart(
        source: source, rows: rows, columns: 2, isTransposed: false, range: 0..<2, factor: 1)
      return WeightRecipe(
        name: "new", elementType: .float32, shape: [rows, 2],
        content: .matrix(parts: [part], along: .rows, isTransposed: false))
    }
    #expect(throws: FusedModelError.noWeight("q")) {
      try MadeWeight(recipe("q", rows: 2), from: &weights)
    }
    #expect(throws: FusedModelError.wrongSize(tensor: "m", bytes: 16, expected: 24)) {
      try MadeWeight(recipe("m", rows: 3), from: &weights)
    }
  }

  @Test func `halves are rounded to the nearest, ties to even`() throws {
    let elements = try #require(FloatElements(.bfloat16))
    for (value, expected) in [
      (1.0, 1.0), (1.00390625, 1.0), (1.01171875, 1.015625), (-1.0045, -1.0078125),
    ] {
      let bytes = elements.bytes(of: [value])
      #expect(bytes.withUnsafeBytes { elements.value(in: $0, at: 0) } == expected)
    }
  }
}
