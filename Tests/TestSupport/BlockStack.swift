// SPDX-License-Identifier: Apache-2.0

/// A random stack of feed-forward blocks, attention layers and what looks like them and is none, as an
/// ONNX model, with what must be found in it.
public struct BlockStack {
  /// The model's file.
  public let bytes: [UInt8]
  /// Whether all blocks are of one kind, so that any of them can be fused with any other.
  public let isUniform: Bool
  /// The length of a row.
  public let width: Int
  /// What is in it.
  public let content: Content

  /// What must be found.
  public struct Content {
    /// The hidden units of each block.
    public var hiddenWidths: [Int] = []
    /// The activation of each block.
    public var activations: [String] = []
    /// The norm of each block.
    public var norms: [String] = []
    /// The runs of two or more blocks.
    public var runs: [Range<Int>] = []
    /// The blocks of one input and one sum.
    public var parallel: [[Int]] = []
    /// How many attention layers there are.
    public var attention = 0
    /// How many pairs of gate and value could be one product.
    public var gates = 0
  }

  /// How a block is made.
  private struct Kind {
    var norm: String
    var isNormSpelled: Bool
    var epsilon: Float
    var activation: String
    var isGated: Bool
    var isPacked: Bool
    var scale: Int
  }

  private static let activations = ["relu", "gelu", "gelu-erf", "gelu-tanh", "silu", "tanh"]

  private static func kind(_ random: inout SeededGenerator, opset: Int) -> Kind {
    let isGated = Int.random(in: 0..<3, using: &random) == 0
    // The operator is of opset 20.
    let names = opset >= 20 ? activations : activations.filter { $0 != "gelu" && $0 != "gelu-tanh" }
    let norm = ["layer-norm", "rms-norm", "none"].randomElement(using: &random) ?? "none"
    return Kind(
      norm: norm,
      isNormSpelled: norm == "rms-norm" && opset < 23 || Bool.random(using: &random),
      epsilon: [1e-5, 1e-6].randomElement(using: &random) ?? 1e-5,
      activation: names.randomElement(using: &random) ?? "relu", isGated: isGated,
      isPacked: isGated && Bool.random(using: &random), scale: Int.random(in: 0..<6, using: &random)
    )
  }

  private static func name(_ kind: Kind) -> String {
    let plain = kind.activation == "gelu-erf" ? "gelu" : kind.activation
    guard kind.isGated else { return plain }
    return [
      "relu": "reglu", "gelu": "geglu", "gelu-tanh": "geglu-tanh", "silu": "swiglu",
    ][plain] ?? "\(plain)-gated"
  }

  /// Makes a stack.
  ///
  /// - Parameters:
  ///   - run: How many blocks the first run has; by chance where it is `nil`.
  public init(seed: Int, run: Int? = nil) {
    var random = SeededGenerator(seed: seed)
    let opset = Bool.random(using: &random) ? 17 : 23
    let width = Int.random(in: 3...9, using: &random)
    let rank = Int.random(in: 2...3, using: &random)
    let isUniform = run != nil || Int.random(in: 0..<4, using: &random) > 0
    var stack = Maker(
      builder: ModelBuilder(opset: opset, seed: seed), random: random, width: width, rank: rank)
    let common = Self.kind(&stack.random, opset: opset)
    func kind(_ stack: inout Maker) -> Kind {
      isUniform ? common : Self.kind(&stack.random, opset: opset)
    }
    var content = Content()
    func add(_ kind: Kind, _ hidden: Int) {
      content.hiddenWidths.append(hidden)
      content.activations.append(Self.name(kind))
      content.norms.append(kind.norm)
      if kind.isGated && !kind.isPacked { content.gates += 1 }
    }
    var first: Int?
    func endRun() {
      let end = content.hiddenWidths.count
      if let start = first, end > start + 1 { content.runs.append(start..<end) }
      first = nil
    }
    var x = "x"
    let segments = Int.random(in: 1...4, using: &stack.random)
    for segment in 0..<segments {
      switch segment == 0 && run != nil ? 0 : Int.random(in: 0..<8, using: &stack.random) {
      case 0...2:
        let length = (segment == 0 ? run : nil) ?? Int.random(in: 1...8, using: &stack.random)
        first = first ?? content.hiddenWidths.count
        for _ in 0..<length {
          let kind = kind(&stack)
          let hidden = stack.hiddenWidth()
          add(kind, hidden)
          x = stack.sum([x, stack.block(kind, hidden, reading: stack.norm(kind, of: x))])
        }
        // A given run ends here.
        if segment == 0, run != nil { endRun() }
        if segment == 0, run != nil, segments > 1 { x = stack.decoy(x) }
      case 3, 4:
        endRun()
        let count = Int.random(in: 2...4, using: &stack.random)
        let model = kind(&stack)
        let shared = stack.chance() ? stack.norm(model, of: x) : nil
        var summands = [x]
        let start = content.hiddenWidths.count
        for index in 0..<count {
          var kind = index == 0 ? model : kind(&stack)
          if shared != nil { kind.norm = model.norm }
          let hidden = stack.hiddenWidth()
          add(kind, hidden)
          summands.append(stack.block(kind, hidden, reading: shared ?? stack.norm(kind, of: x)))
        }
        content.parallel.append(Array(start..<start + count))
        if stack.chance(3) {
          content.attention += 1
          summands.append(stack.attention(reading: stack.norm(model, of: x)))
        }
        x = stack.sum(summands.shuffled(using: &stack.random))
      case 5, 6:
        endRun()
        content.attention += 1
        let kind = kind(&stack)
        x = stack.sum([x, stack.attention(reading: stack.norm(kind, of: x))])
      default:
        endRun()
        x = stack.decoy(x)
      }
    }
    endRun()
    self.width = width
    self.isUniform = isUniform
    self.content = content
    bytes = stack.finish(x)
  }

  /// Writes the parts of a stack.
  private struct Maker {
    var builder: ModelBuilder
    var random: SeededGenerator
    let width: Int
    let rank: Int

    mutating func chance(_ one: Int = 2) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    mutating func hiddenWidth() -> Int { Int.random(in: 2...20, using: &random) }

    /// The sum of tensors, added up from either side.
    mutating func sum(_ summands: [String]) -> String {
      var open = summands
      while open.count > 1 {
        let place = Int.random(in: 0..<open.count - 1, using: &random)
        let pair = chance() ? (open[place], open[place + 1]) : (open[place + 1], open[place])
        open.replaceSubrange(place...place + 1, with: [builder.add("Add", pair.0, pair.1)])
      }
      return open[0]
    }

    /// A product with a new matrix, with or without bias.
    mutating func project(_ x: String, _ from: Int, _ to: Int, plain: Bool = false) -> String {
      let spread = 0.8 / Float(from).squareRoot()
      let hasBias = !plain && chance()
      if rank == 2 && chance() {
        let isTransposed = chance()
        let matrix = builder.weight(isTransposed ? [to, from] : [from, to], within: spread)
        let inputs = [x, matrix] + (hasBias ? [builder.weight([to])] : [])
        return builder.addAll(
          "Gemm", inputs, attributes: ["transB": .int(isTransposed ? 1 : 0)])[0]
      }
      let product = builder.add("MatMul", x, builder.weight([from, to], within: spread))
      guard hasBias else { return product }
      let bias = builder.weight([to])
      return chance() ? builder.add("Add", product, bias) : builder.add("Add", bias, product)
    }

    // MARK: Norms

    private mutating func mean(_ x: String) -> String {
      if builder.opset >= 18 {
        let axes = builder.integers([-1])
        return builder.add("ReduceMean", x, axes, attributes: ["keepdims": .int(1)])
      }
      return builder.add(
        "ReduceMean", x, attributes: ["axes": .ints([-1]), "keepdims": .int(1)])
    }

    mutating func norm(_ kind: Kind, of x: String) -> String {
      guard kind.norm != "none" else { return x }
      let isLayer = kind.norm == "layer-norm"
      let scale = builder.weight([width], about: 1)
      if !kind.isNormSpelled {
        let bias = isLayer && chance() ? [builder.weight([width])] : []
        return builder.addAll(
          isLayer ? "LayerNormalization" : "RMSNormalization", [x, scale] + bias,
          attributes: ["axis": .int(-1), "epsilon": .float(kind.epsilon)])[0]
      }
      let centred = isLayer ? builder.add("Sub", x, mean(x)) : x
      let square = builder.add("Mul", centred, centred)
      let epsilon = builder.number(kind.epsilon)
      let deviation = builder.add("Sqrt", builder.add("Add", mean(square), epsilon))
      let normalized = builder.add("Div", centred, deviation)
      let scaled = builder.add("Mul", normalized, scale)
      return isLayer ? builder.add("Add", scaled, builder.weight([width])) : scaled
    }

    // MARK: Blocks

    private mutating func activate(_ name: String, _ x: String) -> String {
      switch name {
      case "relu": return builder.add("Relu", x)
      case "tanh": return builder.add("Tanh", x)
      case "gelu": return builder.add("Gelu", x)
      case "gelu-tanh": return builder.add("Gelu", x, attributes: ["approximate": .string("tanh")])
      case "silu": return builder.add("Mul", x, builder.add("Sigmoid", x))
      default:
        let inner = builder.add("Erf", builder.add("Div", x, builder.number(Float(2).squareRoot())))
        let sum = builder.add("Add", inner, builder.number(1))
        return builder.add("Mul", builder.add("Mul", x, sum), builder.number(0.5))
      }
    }

    mutating func block(_ kind: Kind, _ hidden: Int, reading x: String) -> String {
      var value: String
      if kind.isPacked {
        let both = project(x, width, 2 * hidden)
        let sizes = builder.integers([hidden, hidden])
        let parts = builder.addAll(
          "Split", [both, sizes], results: 2, attributes: ["axis": .int(-1)])
        value = builder.add("Mul", activate(kind.activation, parts[0]), parts[1])
      } else if kind.isGated {
        let gate = project(x, width, hidden)
        let up = project(x, width, hidden)
        value = builder.add("Mul", activate(kind.activation, gate), up)
      } else {
        value = activate(kind.activation, project(x, width, hidden))
      }
      let result = project(value, hidden, width)
      switch kind.scale {
      case 0: return builder.add("Mul", result, builder.weight([width], about: 1))
      case 1: return builder.add("Mul", result, builder.number(0.5))
      default: return result
      }
    }

    mutating func attention(reading x: String) -> String {
      let query = project(x, width, width)
      let key = project(x, width, width)
      let value = project(x, width, width)
      let turned = builder.add(
        "Transpose", key, attributes: ["perm": .ints(rank == 2 ? [1, 0] : [0, 2, 1])])
      let scores = builder.add("MatMul", query, turned)
      let weights = builder.add("Softmax", scores, attributes: ["axis": .int(-1)])
      return project(builder.add("MatMul", weights, value), width, width, plain: true)
    }

    /// What is no feed-forward block, and what the stream is behind it.
    mutating func decoy(_ x: String) -> String {
      let hidden = hiddenWidth()
      switch Int.random(in: 0..<6, using: &random) {
      case 0:
        // No activation.
        return builder.add("Add", x, project(project(x, width, hidden), hidden, width))
      case 1:
        // Hidden units mix.
        let mixed = builder.add(
          "Softmax", project(x, width, hidden), attributes: ["axis": .int(-1)])
        return builder.add("Add", x, project(mixed, hidden, width))
      case 2:
        // No residual.
        return project(activate("relu", project(x, width, hidden)), hidden, width)
      case 3:
        // The residual is not what goes in.
        let result = project(activate("relu", project(x, width, hidden)), hidden, width)
        return builder.add("Add", builder.add("Tanh", x), result)
      case 4:
        // No projection.
        return builder.add("Add", x, builder.add("Relu", x))
      default:
        // Two activations multiplied, so that rows mix.
        let (a, b) = (project(x, width, width), project(x, width, width))
        let turned = builder.add(
          "Transpose", b, attributes: ["perm": .ints(rank == 2 ? [1, 0] : [0, 2, 1])])
        let product = builder.add("MatMul", builder.add("MatMul", a, turned), x)
        return builder.add("Add", x, builder.add("Tanh", product))
      }
    }

    mutating func finish(_ x: String) -> [UInt8] {
      let result = builder.add("Tanh", x)
      return builder.model(
        input: "x", rank == 2 ? [5, width] : [2, 5, width], output: result)
    }
  }
}
