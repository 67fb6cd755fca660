// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Which nodes give the same results when they run once more on the same operands.
///
/// Whatever is random, has a state, updates something in place, or runs bodies that are not looked
/// into does not, unless a mask that it drew is there to be applied again (``StoredMask``); neither does a node that a control dependency names, since why it does is not known.
/// Operators of domains that are not known here are left alone.
struct Repeatability {
  /// Whether each node may run again.
  let isRepeatable: [Bool]

  /// Parts of names that mark an operator as random, in lower case.
  private static let randomWords = [
    "rand", "dropout", "bernoulli", "multinomial", "poisson", "exponential_", "cauchy", "geometric",
    "log_normal", "normal_functional", "rrelu_with_noise", "uniform",
  ]

  /// Names with one of those words in them that are not random.
  private static let calm = [
    "DropoutGrad", "BitmaskDropoutGrad", "BiasDropoutGrad", "dropout_backward",
    "native_dropout_backward", "rrelu_with_noise_backward",
  ]

  /// Operators with bodies, with sequences that change, or with a state.
  private static let opaque: Set<String> = [
    "If", "Loop", "Scan", "SequenceMap", "ATen", "PythonOp", "PythonOpGrad", "YieldOp",
    "RecordEvent", "WaitEvent", "Optional", "Gradient", "BeamSearch", "GreedySearch", "Sampling",
    "WhisperBeamSearch",
  ]

  static let domains: Set<String> = [
    "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft",
    "com.microsoft.nchwc", "com.microsoft.experimental", "pkg.aten", "aten",
  ]

  /// - Complexity: O(nodes + effects).
  init(of graph: Graph) {
    let isRandom = graph.operatorKinds.map { !Self.isCalm($0) }
    var result = graph.nodeIDs.map { node in
      (!isRandom[graph[node].kind.index] || StoredMask.tensor(of: node, in: graph) != nil)
        && !graph.effects(of: node).contains { $0.kind == .mustOverwrite }
    }
    for dependency in graph.controlDependencies {
      result[dependency.before.index] = false
      result[dependency.after.index] = false
    }
    isRepeatable = result
  }

  /// Whether an operator gives the same results each time.
  static func isCalm(_ kind: OperatorKind) -> Bool {
    guard domains.contains(kind.domain), !opaque.contains(kind.type) else { return false }
    // The name without its overload: `aten.rand_like.default`.
    let lowered = kind.type.lowercased()
    return calm.contains { lowered.contains($0.lowercased()) }
      || !randomWords.contains { lowered.contains($0) }
  }
}
