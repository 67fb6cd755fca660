// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's convolutions, pooling and cropping, many of them with channels last.
enum MicrosoftImageOperators {
  static let rules: [OperatorRule] = convolutions + pooling

  // MARK: Convolutions

  private static let convolutions: [OperatorRule] = [
    ConvolutionOperators.convolution("FusedConv"),
    nhwcConvolution("NhwcConv"), nhwcConvolution("NhwcFusedConv"),
    ConvolutionOperators.quantizedConvolution("QLinearConv").channelsLast(where: "channels_last"),
    OperatorRule("ConvTransposeWithDynamicPads") { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(1))
      let pads = try context.hasInput(2) ? context.integers(2) : nil
      context.setOutput(
        0, x.elementType,
        try ConvolutionOperators.transposed(x, w, context, pads: pads?.map { Int($0) }))
    },
  ]

  /// The rule of a convolution with channels last. Its weights have the window behind the features
  /// and before the channels, or in ONNX's order: one of both fits the operand's channels.
  private static func nhwcConvolution(_ type: String) -> OperatorRule {
    OperatorRule(type) { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 3)
      var w = try context.input(1, rank: x.rank)
      let groups = try context.int("group", default: 1)
      guard groups >= 1 else { throw .attributeValue("group") }
      let channels = x.shape[x.rank - 1]
      let fitsFirst = try Extents.product(w.shape[1], groups) == channels
      let fitsLast = try Extents.product(w.shape[w.rank - 1], groups) == channels
      let window = try context.ints("kernel_shape")
      // Where both fit, the window decides, if it is stated.
      let isLast =
        fitsLast && (!fitsFirst || (window.map { $0 == Array(w.shape[1..<(w.rank - 1)]) } ?? false))
      if isLast { w.shape = w.shape.channelsFirst }
      var first = x
      first.shape = x.shape.channelsFirst
      let shape = try ConvolutionOperators.convolved(first, w, context)
      context.setOutput(0, x.elementType, shape.channelsLast)
    }
  }

  // MARK: Pooling, cropping

  private static let pooling: [OperatorRule] = [
    PoolingOperators.pooling("NhwcMaxPool").channelsLast(),
    PoolingOperators.pooling("MaxpoolWithMask"),
    PoolingOperators.pooling("QLinearAveragePool").channelsLast(where: "channels_last"),
    PoolingOperators.global("QLinearGlobalAveragePool").channelsLast(where: "channels_last"),
    OperatorRule("CropAndResize") { context throws(OperatorFault) in
      let (x, regions) = (try context.input(0, rank: 4), try context.input(1, rank: 2))
      let size = try ShapeOperators.extents(of: 3, context)
      guard size.count == 2 else { throw .inputValue(input: 3, reason: "two are needed") }
      context.setOutput(0, x.elementType, [regions.shape[0], x.shape[1]] + size)
    },
  ]

  // MARK: Blocks of channels

  /// Rules of the layout in which channels come in blocks of the vector width behind space. Extents
  /// are as in ONNX's layout, with the channels filled up to whole blocks.
  static let blockedRules: [OperatorRule] = [
    OperatorRule("Conv") { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(1, rankAtLeast: 2))
      let window = try SlidingWindow(kernel: Array(w.shape[2...]), context)
      guard w.rank == x.rank else {
        throw .rank(input: 1, shape: w.shape, needed: "\(x.rank) axes")
      }
      let space = try window.positions(over: Array(x.shape[2...]))
      context.setOutput(0, x.elementType, [x.shape[0], w.shape[0]] + space)
    },
    PoolingOperators.pooling("MaxPool"), PoolingOperators.pooling("AveragePool"),
    PoolingOperators.global("GlobalMaxPool"), PoolingOperators.global("GlobalAveragePool"),
    OperatorRule("ReorderInput") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 3)
      var shape = try context.flag("channels_last") ? x.shape.channelsFirst : x.shape
      // The machine decides whether a block has 8 or 16 channels.
      let blocks = try (Extents.sum(shape[1], 7) / 8, Extents.sum(shape[1], 15) / 16)
      shape[1] = blocks.1 * 16
      var fact = ValueFact(x.elementType, shape)
      fact.isUpperBound = blocks.0 * 8 != shape[1]
      context.setOutput(0, fact)
    },
    OperatorRule("ReorderOutput") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 3)
      var shape = x.shape
      if let channels = try context.int("channels") {
        guard channels >= 0 else { throw .attributeValue("channels") }
        shape[1] = channels
      }
      let isLast = try context.flag("channels_last")
      context.setOutput(0, x.elementType, isLast ? shape.channelsLast : shape)
    },
    OperatorRule("Upsample") { context throws(OperatorFault) in
      let x = try context.input(0)
      guard let scales = try context.ints("scales"), scales.count == x.rank,
        scales.allSatisfy({ $0 >= 0 })
      else { throw .attributeValue("scales") }
      var shape = x.shape
      for axis in shape.indices { shape[axis] = try Extents.product(shape[axis], scales[axis]) }
      context.setOutput(0, x.elementType, shape)
    },
  ]

  // MARK: Channels last

  /// Rules of ONNX's operators with channels last, as ONNX Runtime hands them to accelerators.
  static let channelsLastRules: [OperatorRule] =
    [
      PoolingOperators.pooling("AveragePool"), PoolingOperators.pooling("LpPool"),
      PoolingOperators.pooling("MaxPool"), PoolingOperators.pooling("QLinearAveragePool"),
      PoolingOperators.global("GlobalAveragePool"), PoolingOperators.global("GlobalLpPool"),
      PoolingOperators.global("GlobalMaxPool"), PoolingOperators.unpooling("MaxUnpool"),
      ConvolutionOperators.convolution("Conv"),
      ConvolutionOperators.quantizedConvolution("QLinearConv"),
      ConvolutionOperators.transposedConvolution("ConvTranspose"),
      OperatorRule("QLinearConvTranspose") { context throws(OperatorFault) in
        let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(3))
        let type = context.optional(7)?.elementType ?? x.elementType
        context.setOutput(0, type, try ConvolutionOperators.transposed(x, w, context))
      },
      NormalizationOperators.batchNormalization("BatchNormalization"),
      ResamplingOperators.depthToSpace("DepthToSpace"),
      ResamplingOperators.spaceToDepth("SpaceToDepth"), ResamplingOperators.sampling("GridSample"),
    ].map { $0.channelsLast() } + [
      ElementwiseOperators.sameShape("InstanceNormalization"),
      ElementwiseOperators.sameShape("LRN"),
      // Its sizes and scales come in the order of the operand's axes.
      ResamplingOperators.resizing("Resize"),
    ]
}
