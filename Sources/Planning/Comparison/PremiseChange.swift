// SPDX-License-Identifier: Apache-2.0

/// A difference in what two plans are plans of: without it the rest of a comparison is not fair.
public struct PremiseChange: Hashable, Sendable {
  /// What differs: `graph`, a dimension as `dim batch`, a bound as `bound boxes`, or an option by its name.
  public let what: String
  /// What it was; `nil` where it was not set.
  public let before: String?
  /// What it is.
  public let after: String?

  /// What differs in the models and options of two plans, in the order of the plan's format.
  static func between(_ before: ExecutionPlan, _ after: ExecutionPlan) -> [PremiseChange] {
    let (old, new) = (premises(of: before), premises(of: after))
    var changes: [PremiseChange] = []
    if before.model.fingerprint != after.model.fingerprint {
      changes.append(
        PremiseChange(
          what: "graph", before: graph(of: before.model), after: graph(of: after.model)))
    }
    let dims = Set(before.model.dims.keys).union(after.model.dims.keys)
      .sorted(by: ExecutionPlan.isBefore)
    for name in dims where before.model.dims[name] != after.model.dims[name] {
      changes.append(
        PremiseChange(
          what: "dim \(name)", before: before.model.dims[name].map(String.init),
          after: after.model.dims[name].map(String.init)))
    }
    let bounds = (before.model.bounds ?? [:], after.model.bounds ?? [:])
    let bounded = Set(bounds.0.keys).union(bounds.1.keys).sorted(by: ExecutionPlan.isBefore)
    for name in bounded where bounds.0[name] != bounds.1[name] {
      changes.append(
        PremiseChange(
          what: "bound \(name)", before: bounds.0[name].map { "\($0)" },
          after: bounds.1[name].map { "\($0)" }))
    }
    for (one, other) in zip(old, new) where one.value != other.value {
      changes.append(PremiseChange(what: one.name, before: one.value, after: other.value))
    }
    return changes
  }

  private static func graph(of model: PlannedModel) -> String {
    "\(model.fingerprint), \(model.nodes) operators"
  }

  /// The options of a plan, in the order of their names.
  static func premises(of plan: ExecutionPlan) -> [(name: String, value: String?)] {
    let options = plan.options
    return [
      ("alignment", "\(options.alignment)"), ("budget", options.budgetBytes.map { "\($0)" }),
      ("inplace", options.inplace), ("io", options.io), ("layout", options.layout),
      ("order", options.order), ("recompute", options.recompute), ("slices", "\(options.slices)"),
      ("spill", options.spill),
    ]
  }
}
