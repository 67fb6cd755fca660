// SPDX-License-Identifier: Apache-2.0

public import Planning

/// What came of one run: the figures of a plan, or why there is none
/// (`Schemas/zoo-record-1.schema.json`).
///
/// It holds no time and no host, so that the same models give the same bytes.
public struct ZooRecord: Hashable, Sendable {
  /// The name of the format.
  public static let formatName = "graphopt-zoo-record"

  /// Its position in the zoo, from 0.
  public var index: Int
  /// How many runs the zoo has.
  public var runs: Int
  /// The version of the code that made it.
  public var tool: String
  /// What was to be planned.
  public var run: ZooRun
  /// What came of it.
  public var outcome: ZooOutcome

  public init(index: Int, runs: Int, tool: String, run: ZooRun, outcome: ZooOutcome) {
    self.index = index
    self.runs = runs
    self.tool = tool
    self.run = run
    self.outcome = outcome
  }

  /// The figures, if there is a plan.
  public var plan: PlannedRun? {
    if case .planned(let plan) = outcome { plan } else { nil }
  }

  /// Why there is no plan, if there is none.
  public var failure: RunFailure? {
    if case .failed(let failure) = outcome { failure } else { nil }
  }
}

/// What a run ends in.
public enum ZooOutcome: Hashable, Sendable {
  case planned(PlannedRun)
  case failed(RunFailure)
}

/// As much of a plan as a gate needs.
public struct PlannedRun: Hashable, Sendable {
  /// The graph's fingerprint, as plans write it.
  public var fingerprint: String
  /// The number of operators.
  public var nodes: Int
  /// Whether the total is within the budget; `nil` without one.
  public var fits: Bool?
  /// Whether the arena is the lower bound.
  public var provenOptimal: Bool
  /// What runs at the peak; `nil` for a plan without steps.
  public var peakNode: String?
  /// The figures and who holds the bytes.
  public var profile: MemoryProfile

  /// How many of the largest tensors at the peak are kept, and how many resident ones.
  static let (keptAtPeak, keptResident) = (1024, 64)

  init(of plan: ExecutionPlan) {
    fingerprint = plan.model.fingerprint
    nodes = plan.model.nodes
    fits = plan.summary.fits
    provenOptimal = plan.summary.provenOptimal
    let step = plan.summary.peakStep
    peakNode = plan.steps.indices.contains(step) ? plan.steps[step].node : nil
    profile = MemoryProfile(of: plan)
    profile.atPeak = profile.atPeak.cut(to: Self.keptAtPeak)
    profile.resident = profile.resident.cut(to: Self.keptResident)
  }

  init(
    fingerprint: String, nodes: Int, fits: Bool?, provenOptimal: Bool, peakNode: String?,
    profile: MemoryProfile
  ) {
    self.fingerprint = fingerprint
    self.nodes = nodes
    self.fits = fits
    self.provenOptimal = provenOptimal
    self.peakNode = peakNode
    self.profile = profile
  }
}

/// Why a model has no plan.
public struct RunFailure: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// The model is broken, incomplete or not understood.
    case badModel = "bad-model"
    /// Its file cannot be read.
    case cannotRead = "cannot-read"
    /// Our own check found the plan wrong.
    case checkFailed = "check-failed"
    /// It took longer than it may.
    case timeLimit = "time-limit"
    /// The process that planned it ended without an answer.
    case crashed
  }

  public var kind: Kind
  /// One sentence, without the model's path.
  public var sentence: String

  public init(_ kind: Kind, _ sentence: String) {
    self.kind = kind
    self.sentence = sentence
  }
}
