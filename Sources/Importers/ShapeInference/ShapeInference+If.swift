// SPDX-License-Identifier: Apache-2.0
import GraphIR

// If: one of two graphs.
extension ShapeInference {
  /// A condition that is known chooses the branch. Else both are inferred, and the results are what
  /// holds for either: equal, or a bound of both. A branch in which operands do not fit together cannot
  /// run with these shapes and so is not the one.
  mutating func inferConditional(_ use: inout BodyUse) throws(BodyFault) {
    let condition = try use.input(0)
    var names = ["then_branch", "else_branch"]
    if condition.kind == .tensor, !condition.isUpperBound, let value = condition.integers?.first {
      names = [value != 0 ? names[0] : names[1]]
    }
    var runs: [BodyRun] = []
    var failure: BodyFault?
    for name in names {
      let body = try structure(of: use.body(name))
      guard body.graph.outputs.count >= use.outputs.count else {
        throw .here(.tooManyOutputs(use.outputs.count))
      }
      do throws(BodyFault) {
        runs.append(try run(body, attribute: name, parameters: []))
      } catch {
        guard case .inside(.shapes(.operatorFault)) = error else { throw error }
        failure = error
      }
    }
    if runs.isEmpty, let failure { throw failure }
    for run in runs { use.note(run) }
    for index in use.outputs.indices {
      let facts = runs.compactMap { $0.outputs[index] }
      guard facts.count == runs.count, let first = facts.first else { continue }
      var result: ValueFact? = first
      for fact in facts.dropFirst() { result = result?.joined(with: fact) }
      use.outputs[index] = result
      if result == nil, use.reason == nil {
        if first.kind == .tensor {
          use.openForms.append(
            OpenForm(output: index, elementType: first.elementType, extents: nil))
        }
        use.reason = .unsupported("a condition that decides the type or the number of axes")
      }
    }
    guard runs.allSatisfy({ $0.unknown.isEmpty }) else { return }
    use.inferred = InferredBodies(
      kind: .conditional, bodies: runs.map(\.body), impossible: names.count - runs.count)
  }
}
