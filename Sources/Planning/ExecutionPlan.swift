// SPDX-License-Identifier: Apache-2.0

/// A plan: the order in which a graph runs, where every tensor's bytes lie, and the proof of how
/// good that is.
///
/// This is the product. Everything that is written out is derived from it, and its stored
/// properties are those of the plan's JSON (`Schemas/plan-1.schema.json`). All sizes and offsets
/// are in bytes, all steps count from 0. A plan holds no time, host or path besides the model's
/// path as it was given: the same input gives the same plan.
public struct ExecutionPlan: Hashable, Sendable, Codable {
  /// What every plan starts with.
  public static let formatName = "graphopt-plan"
  /// The version of the format that this code writes.
  public static let currentVersion = 1

  /// The name of the format.
  public var format = Self.formatName
  /// The version of the format.
  public var version = Self.currentVersion
  /// What was planned.
  public var model: PlannedModel
  /// How it was planned.
  public var options: PlanOptions
  /// The answer in numbers.
  public var summary: PlanSummary
  /// Why no order needs less than the bound.
  public var witness: PlanWitness
  /// What runs, by step.
  public var steps: [PlanStep]
  /// Where every tensor lives, in the order of the graph.
  public var tensors: [PlannedTensor]
  /// Where storages are at which steps, if the plan recomputes or spills: every stay in the arena and
  /// in the second memory, by storage, space and first step. Empty in other plans, where each storage
  /// stays at its tensors' offset from its first step to its last.
  public var residencies: [PlanResidency]
  /// What was done to get here, in order.
  public var passes: [PlanPass]

  public init(
    model: PlannedModel, options: PlanOptions, summary: PlanSummary, witness: PlanWitness,
    steps: [PlanStep], tensors: [PlannedTensor], residencies: [PlanResidency] = [],
    passes: [PlanPass]
  ) {
    self.model = model
    self.options = options
    self.summary = summary
    self.witness = witness
    self.steps = steps
    self.tensors = tensors
    self.residencies = residencies
    self.passes = passes
  }
}

extension ExecutionPlan {
  /// A graph's fingerprint as plans write it: 16 hexadecimal digits.
  public static func text(ofFingerprint fingerprint: UInt64) -> String {
    let digits = String(fingerprint, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The graph that a plan is for.
public struct PlannedModel: Hashable, Sendable, Codable {
  /// The file, as its path was given.
  public var path: String
  /// The graph's ``GraphIR/Graph/fingerprint`` in 16 hexadecimal digits.
  public var fingerprint: String
  /// The file's version of the ONNX format; 0 for graphs that come from no file.
  public var irVersion: Int
  /// The operator sets the file imports, by domain; ONNX's own is `ai.onnx`.
  public var opsets: [String: Int]
  /// What dynamic dimensions were bound to.
  public var dims: [String: Int]
  /// How large tensors were said to be at most whose sizes data decides; `nil` if nothing was.
  public var bounds: [String: [Int]]?
  /// The number of nodes.
  public var nodes: Int
  /// The graph inputs, in the order of the file.
  public var inputs: [String]
  /// The graph outputs, in the order of the file.
  public var outputs: [String]

  /// Where the graph came from, before it is planned.
  public init(
    path: String, irVersion: Int = 0, opsets: [String: Int] = [:], dims: [String: Int] = [:],
    bounds: [String: [Int]] = [:]
  ) {
    self.path = path
    fingerprint = ""
    self.irVersion = irVersion
    self.opsets = opsets
    self.dims = dims
    self.bounds = bounds.isEmpty ? nil : bounds
    nodes = 0
    inputs = []
    outputs = []
  }
}

/// How a plan was made; what a reader needs to make it again.
public struct PlanOptions: Hashable, Sendable, Codable {
  /// What every size and offset is a multiple of.
  public var alignment: Int
  /// The in-place mode: `none`, `safe` or `ort`.
  public var inplace: String
  /// Where inputs and outputs live: `arena` or `external`.
  public var io: String
  /// The order that was asked for.
  public var order: String
  /// The layout member that was asked for.
  public var layout: String
  /// Whether tensors may be parts of one another where a Concat or a Split allows it.
  public var slices: Bool
  /// The budget, if one was set.
  public var budgetBytes: Int?
  /// Whether nodes may run again: `off`, `on` or `auto`.
  public var recompute: String
  /// Whether storages may wait in a second memory: `off`, `on`, `auto`, or `weights` with the
  /// residents among them.
  public var spill: String
}

/// The figures of a plan.
public struct PlanSummary: Hashable, Sendable, Codable {
  /// Whether ``totalBytes`` is within the budget; absent when there is none.
  public var fits: Bool?
  /// The budget for ``totalBytes``.
  public var budgetBytes: Int?
  /// Resident bytes and the arena.
  public var totalBytes: Int
  /// Weights, constants and optimizer state, each rounded up to the alignment.
  public var residentBytes: Int
  /// Inputs and outputs that the caller owns; 0 unless they are external.
  public var externalBytes: Int
  /// The highest end of anything in the arena.
  public var arenaBytes: Int
  /// The most bytes live in the arena at any step, workspace included.
  public var peakBytes: Int
  /// The first step at which they are.
  public var peakStep: Int
  /// What no order of this graph can stay below, in the terms of ``peakBytes``, as long as every node
  /// runs once and every storage stays in the arena while it is live; graphs that nodes run need what
  /// their plans do. A plan that recomputes or spills may need less.
  public var lowerBoundBytes: Int
  /// What ``totalBytes`` of no plan under these options can be below, whatever it recomputes or
  /// spills: what one node touches, all inputs, or all outputs, and what stays resident.
  public var floorBytes: Int
  /// The smallest budget that a plan was found for, where this one is over its budget.
  public var smallestBudgetBytes: Int?
  /// The highest end of anything in the second memory.
  public var secondBytes: Int
  /// What recomputing and spilling cost.
  public var price: PlanPrice
  /// `peakBytes / lowerBoundBytes - 1`; 0 when the peak is not above the bound.
  public var orderGap: Double
  /// `arenaBytes / peakBytes - 1`; 0 when both are equal.
  public var fragmentation: Double
  /// Whether the arena equals the lower bound, so that no plan of this graph needs less, and the same
  /// holds for every graph that its nodes run.
  public var provenOptimal: Bool
  /// The same figures for orders that are in use elsewhere, without slices.
  public var baselines: [String: Baseline]

  /// What another order needs.
  public struct Baseline: Hashable, Sendable, Codable {
    /// The most bytes live at any step.
    public var peakBytes: Int
    /// The arena that our layout gives it; absent where the order was not laid out.
    public var arenaBytes: Int?

    public init(peakBytes: Int, arenaBytes: Int? = nil) {
      self.peakBytes = peakBytes
      self.arenaBytes = arenaBytes
    }
  }
}

/// The tensors that must be live together, whatever the order.
public struct PlanWitness: Hashable, Sendable, Codable {
  /// The node while which they are; absent where the bound is that of the first or last step.
  public var node: String?
  /// The step of that node in this plan.
  public var step: Int?
  /// What no order stays below: the sum of the tensors' storages and of the node's workspace; with
  /// ``Proof/search`` possibly more than that.
  public var boundBytes: Int
  /// By which argument no order does.
  public var proof: Proof
  /// One tensor of each storage.
  public var tensors: [Item]

  /// An argument for a lower bound.
  public enum Proof: String, Hashable, Sendable, Codable, CaseIterable {
    /// What one node touches, and its workspace.
    case workingSet = "working-set"
    /// What is live before the first node.
    case inputs
    /// What is live after the last node.
    case outputs
    /// What every order keeps live while one node runs, storage by storage.
    case forced
    /// The least that any set of nodes closed under what they need keeps live while one node runs.
    case minimumCut = "minimum-cut"
    /// A search through all orders that found none below; the tensors explain a part of it.
    case search
  }

  /// One storage of a witness.
  public struct Item: Hashable, Sendable, Codable {
    /// The tensor that stands for it.
    public var name: String
    /// Where in that tensor the storage starts, in bytes: 0 but for parts of a tensor that has others
    /// in it.
    public var offset: Int
    /// The bytes of the storage, rounded up to the alignment.
    public var bytes: Int
    /// Why it is live there.
    public var why: String

    public init(name: String, offset: Int = 0, bytes: Int, why: String) {
      self.name = name
      self.offset = offset
      self.bytes = bytes
      self.why = why
    }
  }
}

/// One step of a plan.
public struct PlanStep: Hashable, Sendable, Codable {
  /// The step, from 0.
  public var index: Int
  /// What is done.
  public var kind: Kind
  /// The node's name; where the file gives none, its operator and position. Of a spill or fetch, the
  /// tensor that it copies.
  public var node: String
  /// The node's position in the graph as it was read: the file's nodes without `Constant` ones, and
  /// in an order of execution. Unique where names are not. Absent where no node runs.
  public var nodeIndex: Int?
  /// The storage that is copied, of a spill or fetch.
  public var storage: Int?
  /// The operator, with its domain if that is not ONNX's own; `Spill` or `Fetch` where none runs.
  public var op: String
  /// The tensors it reads; an absent optional one is empty. A spill reads what it copies.
  public var inputs: [String]
  /// The tensors it makes; one that is not made is empty. A fetch makes what it copies.
  public var outputs: [String]
  /// What running it once more costs, in floating-point operations; 0 but for recomputes.
  public var recomputeFlops: Int
  /// The arena bytes live during the step, workspace included.
  public var liveBytes: Int
  /// Scratch bytes of the step, rounded up to the alignment.
  public var workspaceBytes: Int
  /// Where they lie in the arena; absent when there are none.
  public var workspaceOffset: Int?
  /// The plans of the graphs that the node runs, in the order of its attributes; absent for nodes that
  /// run none. Their arenas begin where the step's workspace does.
  public var bodies: [PlanBody]?

  /// What a step does.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Runs a node for the first time.
    case run
    /// Runs a node once more, to have results again that were given up.
    case recompute
    /// Copies a storage from the arena to the second memory.
    case spill
    /// Copies a storage back from the second memory into the arena.
    case fetch
  }
}

/// The plan of a graph that a node runs: a branch of an If, or what a Loop, a Scan or a SequenceMap
/// repeats.
///
/// Its arena is the workspace of the step that runs the node, or as much of it as it needs: offsets
/// here count from ``PlanStep/workspaceOffset``. Tensors of space `external` lie in operands or results
/// of the node. Resident bytes here are resident in the whole plan and counted there too.
public struct PlanBody: Hashable, Sendable, Codable {
  /// The attribute that holds the graph, such as `then_branch`.
  public var attribute: String
  /// How often it runs at most each time that the node does; absent where nothing says.
  public var trips: Int?
  /// The graph's own inputs in order, then what it uses of the graphs around it.
  public var inputs: [String]
  /// The graph's results, in order.
  public var outputs: [String]
  /// The answer in numbers, of one turn.
  public var summary: PlanSummary
  /// Why no order of this graph needs less than the bound.
  public var witness: PlanWitness
  /// What runs, by step.
  public var steps: [PlanStep]
  /// Where every tensor lives, in the order of the graph.
  public var tensors: [PlannedTensor]
  /// What was done to get here, in order.
  public var passes: [PlanPass]
}

/// One tensor of a plan.
public struct PlannedTensor: Hashable, Sendable, Codable {
  /// The name.
  public var name: String
  /// The element type.
  public var elementType: String
  /// The extents.
  public var shape: [Int]
  /// The size; for a view, what it covers.
  public var bytes: Int
  /// What it is for.
  public var role: String
  /// Where it lives: `arena`, `resident`, `external`, or `second` for residents that are fetched from
  /// the second memory to be used.
  public var space: String
  /// Where its storage starts in the arena; absent outside it, and in plans with
  /// ``ExecutionPlan/residencies``, where a storage may be at several places in turn.
  public var offset: Int?
  /// The step that makes it first; 0 for what is there from the start.
  public var firstStep: Int
  /// The last step that reads or makes it; for graph outputs and residents the last of the plan.
  public var lastStep: Int
  /// The storage; tensors that share all their bytes share it, parts of others have their own.
  public var storage: Int
  /// The tensor whose bytes this one views.
  public var aliasOf: String?
  /// The tensor whose bytes this one overwrites.
  public var inPlaceOf: String?
  /// The tensor that this one is a part of: the operand of a Split or the result of a Concat, which
  /// then copies nothing of it. It starts as many bytes behind that one as the operator puts it.
  public var sliceOf: String?
  /// Whether shape and bytes are upper bounds of a size that depends on data.
  public var upperBound: Bool
}

/// One entry of what led to a plan.
public struct PlanPass: Hashable, Sendable, Codable {
  /// The pass or stage.
  public var name: String
  /// Whether it changed the graph or its order.
  public var changed: Bool
  /// The peak before it, in bytes.
  public var peakBefore: Int
  /// The peak after it, in bytes.
  public var peakAfter: Int
  /// What came of it: who won, why it stopped.
  public var outcome: String

  public init(name: String, changed: Bool, peakBefore: Int, peakAfter: Int, outcome: String) {
    self.name = name
    self.changed = changed
    self.peakBefore = peakBefore
    self.peakAfter = peakAfter
    self.outcome = outcome
  }
}
