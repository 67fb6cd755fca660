// SPDX-License-Identifier: Apache-2.0

/// The families of operators that have rules, each in a file of its own.
enum OperatorFamilies {
  /// Rules of one domain.
  struct Family: Sendable {
    var domain = ""
    let rules: [OperatorRule]
  }

  static let all: [Family] = [
    Family(rules: ElementwiseOperators.rules),
    Family(rules: ComparisonOperators.rules),
    Family(rules: ShapeOperators.rules),
    Family(rules: SlicingOperators.rules),
    Family(rules: GeneratorOperators.rules),
    Family(rules: CastingOperators.rules),
    Family(rules: ConvolutionOperators.rules),
    Family(rules: PoolingOperators.rules),
    Family(rules: MatrixOperators.rules),
    Family(rules: ReductionOperators.rules),
    Family(rules: NormalizationOperators.rules),
    Family(rules: IndexingOperators.rules),
    Family(rules: RecurrentOperators.rules),
    Family(rules: ResamplingOperators.rules),
    Family(rules: LossOperators.rules),
    Family(rules: SequenceOperators.rules),
    Family(rules: AttentionOperators.rules),
    Family(rules: SignalOperators.rules),
    Family(rules: TextOperators.rules),
    Family(rules: ExperimentalOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftAttentionOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftImageOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftNormalizationOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftProductOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftQuantizedOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftSearchOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftStateOperators.rules),
    Family(domain: "com.microsoft", rules: MicrosoftTrainingOperators.rules),
    Family(domain: "com.microsoft", rules: TextOperators.microsoftRules),
    Family(domain: "com.microsoft.nchwc", rules: MicrosoftImageOperators.blockedRules),
    Family(domain: "com.ms.internal.nhwc", rules: MicrosoftImageOperators.channelsLastRules),
    Family(domain: "ai.onnx.ml", rules: MLOperators.rules),
    Family(domain: "ai.onnx.preview", rules: AttentionOperators.previewRules),
    Family(domain: "ai.onnx.preview.training", rules: TrainingOperators.rules),
  ]
}
