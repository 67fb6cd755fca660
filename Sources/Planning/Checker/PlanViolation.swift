// SPDX-License-Identifier: Apache-2.0

/// A rule that a plan breaks, and where.
@nonexhaustive public enum PlanViolation: Error, Hashable, Sendable {
  /// The plan is not in a format that this code knows.
  case unknownFormat(String, version: Int)
  /// A number of the plan is negative or too large to add up.
  case numberOutOfRange(what: String)
  /// An option of the plan is not one of its values.
  case unknownOption(name: String, value: String)
  /// The plan was made for another graph.
  case otherGraph(planned: String, given: String)
  /// A figure of the model disagrees with the graph.
  case modelMismatch(what: String)

  /// The graph has a tensor that the plan does not list.
  case missingTensor(String)
  /// The plan lists a tensor that the graph does not have.
  case unknownTensor(String)
  /// The plan lists a tensor twice.
  case duplicateTensor(String)
  /// A tensor's type, shape, role or upper-bound mark disagrees with the graph.
  case tensorMismatch(String, what: String)
  /// A tensor's size disagrees with the graph.
  case wrongSize(String, planned: Int, expected: Int)

  /// A node of the graph has no step.
  case missingStep(node: String)
  /// A node has two steps, or a step names no node.
  case notANode(step: Int)
  /// A step's number, operator or operands disagree with the graph.
  case stepMismatch(step: Int, what: String)
  /// A step reads a tensor that a later step makes.
  case usedBeforeMade(step: Int, tensor: String)
  /// A step runs before one that a control dependency puts first.
  case controlOrder(step: Int, before: Int)
  /// A step reads or writes a storage on the wrong side of an in-place update.
  case overwrittenBeforeRead(step: Int, writer: Int, tensor: String)

  /// Tensors share a storage although no effect of the graph lets them, or are kept apart although
  /// one demands it.
  case illegalAlias(String, of: String)
  /// A tensor overwrites another that is still needed.
  case overwritesLive(String, of: String)
  /// A tensor is claimed to be a part of another against the graph's effects or its own offset, or is
  /// one without the claim.
  case illegalSlice(String, of: String)
  /// A tensor's space is not the one its role and the options give.
  case wrongSpace(String, planned: String, expected: String)
  /// The members of one storage disagree on where it is.
  case splitStorage(String, String)

  /// A tensor's steps are not those of its making and its last use.
  case wrongLifetime(String, planned: ClosedRange<Int>, expected: ClosedRange<Int>)
  /// An offset is missing where one is needed, or given where none is.
  case wrongOffset(String)
  /// An offset is no multiple of the alignment.
  case misaligned(String, offset: Int)
  /// Something ends behind the arena.
  case outsideArena(String, end: Int)
  /// Two things live at the same step share bytes.
  case overlap(String, String, step: Int)

  /// A step runs a node again that does not do the same twice.
  case mayNotRepeat(step: Int, reason: String)
  /// A spill or fetch names a node, or no storage of the plan.
  case notACopy(step: Int)
  /// A step needs a tensor that is not in the arena at that time.
  case usedWhileAbsent(step: Int, tensor: String)
  /// A step copies a storage to the second memory that is not in the arena.
  case spilledWhileAbsent(step: Int, tensor: String)
  /// A step fetches a storage that is not in the second memory.
  case fetchedBeforeSpilled(step: Int, tensor: String)
  /// A step finds a storage with other updates done than in the order of the file.
  case staleVersion(step: Int, tensor: String)
  /// An updated resident is not what it should be in the second memory at the end.
  case notWrittenBack(String)
  /// A stay is of no storage that can have it there.
  case unknownStay(storage: Int, space: String)
  /// A storage comes into a space at a step where no stay of it begins, while it is there already, or
  /// a stay begins where nothing brings it.
  case wrongStay(String, space: String, step: Int)

  /// A sum disagrees with what it is the sum of.
  case wrongSum(what: String, planned: Int, expected: Int)
  /// A ratio or a verdict disagrees with the figures it is drawn from.
  case wrongVerdict(what: String)
  /// The witness does not add up to the bound, names what is not there, or does not hold.
  case brokenWitness(what: String)

  /// A step has no plan of a graph that its node runs.
  case missingBody(step: Int, attribute: String)
  /// A step has the plan of a graph that its node does not run.
  case unknownBody(step: Int, attribute: String)
  /// What a plan says of a graph that a node runs disagrees with the node.
  case bodyMismatch(step: Int, attribute: String, what: String)
  /// The plan of a graph that a node runs breaks a rule.
  indirect case inBody(step: Int, attribute: String, PlanViolation)
}

extension PlanViolation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownFormat(let name, let version):
      "the format is '\(name)' version \(version); this is for "
        + "'\(ExecutionPlan.formatName)' version \(ExecutionPlan.currentVersion)"
    case .numberOutOfRange(let what): "\(what) is out of range"
    case .unknownOption(let name, let value): "option \(name) cannot be '\(value)'"
    case .otherGraph(let planned, let given):
      "the plan is for the graph \(planned), the model is \(given)"
    case .modelMismatch(let what): "\(what) of the model disagrees with the graph"
    case .missingTensor(let name): "tensor '\(name)' is not in the plan"
    case .unknownTensor(let name): "tensor '\(name)' is not in the graph"
    case .duplicateTensor(let name): "tensor '\(name)' is in the plan twice"
    case .tensorMismatch(let name, let what):
      "the \(what) of tensor '\(name)' disagrees with the graph"
    case .wrongSize(let name, let planned, let expected):
      "tensor '\(name)' has \(expected) bytes, the plan says \(planned)"
    case .missingStep(let node): "node '\(node)' has no step"
    case .notANode(let step): "step \(step) runs no node of the graph, or one that ran before"
    case .stepMismatch(let step, let what): "the \(what) of step \(step) disagrees with the graph"
    case .usedBeforeMade(let step, let tensor):
      "step \(step) reads '\(tensor)' before it is made"
    case .controlOrder(let step, let before):
      "step \(step) must run after step \(before), by a control dependency"
    case .overwrittenBeforeRead(let step, let writer, let tensor):
      "step \(step) touches '\(tensor)' on the wrong side of its update at step \(writer)"
    case .illegalAlias(let name, let other):
      "'\(name)' and '\(other)' share bytes, or are apart, against the graph's effects"
    case .overwritesLive(let name, let other):
      "'\(name)' overwrites '\(other)', which is still needed"
    case .illegalSlice(let name, let other):
      "'\(name)' is a part of '\(other)', or claims to be, against the graph's effects or offsets"
    case .wrongSpace(let name, let planned, let expected):
      "'\(name)' belongs into space \(expected), the plan says \(planned)"
    case .splitStorage(let name, let other):
      "'\(name)' and '\(other)' are of one storage but not in one place"
    case .wrongLifetime(let name, let planned, let expected):
      "'\(name)' lives at steps \(expected), the plan says \(planned)"
    case .wrongOffset(let name):
      "'\(name)' has an offset outside the arena, or none inside it"
    case .misaligned(let name, let offset): "'\(name)' at offset \(offset) is not aligned"
    case .outsideArena(let name, let end): "'\(name)' ends at \(end), behind the arena"
    case .overlap(let name, let other, let step):
      "'\(name)' and '\(other)' share bytes at step \(step)"
    case .mayNotRepeat(let step, let reason):
      "step \(step) runs a node again that may not: \(reason)"
    case .notACopy(let step): "step \(step) copies no storage of the plan"
    case .usedWhileAbsent(let step, let tensor):
      "step \(step) needs '\(tensor)', which is not in the arena then"
    case .spilledWhileAbsent(let step, let tensor):
      "step \(step) spills '\(tensor)', which is not in the arena then"
    case .fetchedBeforeSpilled(let step, let tensor):
      "step \(step) fetches '\(tensor)', which was never spilled"
    case .staleVersion(let step, let tensor):
      "step \(step) finds '\(tensor)' on the wrong side of an update"
    case .notWrittenBack(let name):
      "the updates of '\(name)' are not in the second memory at the end"
    case .unknownStay(let storage, let space):
      "storage \(storage) cannot stay in space '\(space)'"
    case .wrongStay(let name, let space, let step):
      "the stays of '\(name)' in space \(space) disagree with step \(step)"
    case .wrongSum(let what, let planned, let expected):
      "\(what) is \(expected), the plan says \(planned)"
    case .wrongVerdict(let what): "\(what) disagrees with the plan's own figures"
    case .brokenWitness(let what): "the witness of the bound does not hold: \(what)"
    case .missingBody(let step, let attribute): "step \(step) has no plan of its '\(attribute)'"
    case .unknownBody(let step, let attribute):
      "step \(step) has the plan of a '\(attribute)' that its node does not run"
    case .bodyMismatch(let step, let attribute, let what):
      "the \(what) of '\(attribute)' at step \(step) disagrees with the node"
    case .inBody(let step, let attribute, let violation):
      "in '\(attribute)' of step \(step), \(violation)"
    }
  }
}
