// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning
import TestSupport
import Testing

/// Breaks one thing in a right plan and expects the very violation that speaks of it.
@Suite struct PlanCheckerTests {
  /// A fault and what must be said of it.
  struct Mutation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let apply: @Sendable (inout ExecutionPlan) -> Void
    let expected: PlanViolation

    init(
      _ description: String, _ expected: PlanViolation,
      _ apply: @escaping @Sendable (inout ExecutionPlan) -> Void
    ) {
      testDescription = description
      self.apply = apply
      self.expected = expected
    }
  }

  static let mutations: [Mutation] = [
    // Format
    Mutation("another format", .unknownFormat("other", version: 1)) { $0.format = "other" },
    Mutation("a later version", .unknownFormat("graphopt-plan", version: 2)) { $0.version = 2 },
    Mutation("an odd alignment", .unknownOption(name: "alignment", value: "48")) {
      $0.options.alignment = 48
    },
    Mutation("an unknown mode", .unknownOption(name: "inplace", value: "wild")) {
      $0.options.inplace = "wild"
    },
    Mutation("an unknown place", .unknownOption(name: "io", value: "moon")) {
      $0.options.io = "moon"
    },
    Mutation("a negative size", .numberOutOfRange(what: "arenaBytes")) {
      $0.summary.arenaBytes = -1
    },
    Mutation(
      "an offset near the end of the numbers",
      .numberOutOfRange(what: "a size or offset of tensor 'h'")
    ) { $0["h"].offset = .max - 1 },
    Mutation(
      "an absurd workspace", .numberOutOfRange(what: "the workspace of step 3")
    ) { $0.steps[3].workspaceBytes = .max },
    Mutation("an absurd witness", .numberOutOfRange(what: "the size of witness 'j'")) {
      $0.witness.tensors[0].bytes = .min
    },
    // Model
    Mutation("fewer nodes", .modelMismatch(what: "the number of nodes")) { $0.model.nodes = 4 },
    Mutation("another input", .modelMismatch(what: "the list of inputs")) {
      $0.model.inputs = ["w"]
    },
    Mutation("a lost output", .modelMismatch(what: "the list of outputs")) {
      $0.model.outputs = ["loss"]
    },
    // Tensors
    Mutation("drop a tensor", .missingTensor("h")) { plan in
      plan.tensors.removeAll { $0.name == "h" }
    },
    Mutation("add a tensor", .unknownTensor("ghost")) { plan in
      var ghost = plan["h"]
      ghost.name = "ghost"
      plan.tensors.append(ghost)
    },
    Mutation("list a tensor twice", .duplicateTensor("h")) { $0.tensors.append($0["h"]) },
    Mutation("shrink a size", .wrongSize("j", planned: 256, expected: 512)) {
      $0["j"].bytes = 256
    },
    Mutation("change a type", .tensorMismatch("j", what: "element type")) {
      $0["j"].elementType = "float16"
    },
    Mutation("change a shape", .tensorMismatch("j", what: "shape")) { $0["j"].shape = [128] },
    Mutation("change a role", .tensorMismatch("j", what: "role")) { $0["j"].role = "weight" },
    Mutation("claim a bound", .tensorMismatch("j", what: "upper-bound mark")) {
      $0["j"].upperBound = true
    },
    // Steps
    Mutation("swap two steps", .usedBeforeMade(step: 0, tensor: "h")) { plan in
      plan.steps.swapAt(0, 1)
      for index in plan.steps.indices { plan.steps[index].index = index }
    },
    Mutation("drop a step", .missingStep(node: "step")) { $0.steps.removeLast() },
    Mutation("run a node twice", .notANode(step: 5)) { $0.steps.append($0.steps[0]) },
    Mutation("run no node", .notANode(step: 2)) { $0.steps[2].nodeIndex = 99 },
    Mutation("misnumber a step", .stepMismatch(step: 2, what: "number")) { $0.steps[2].index = 7 },
    Mutation("rename a node", .stepMismatch(step: 2, what: "node")) { $0.steps[2].node = "x" },
    Mutation("change an operator", .stepMismatch(step: 2, what: "operator")) {
      $0.steps[2].op = "Flatten"
    },
    Mutation("change an input", .stepMismatch(step: 2, what: "list of inputs")) {
      $0.steps[2].inputs = ["h"]
    },
    Mutation("change an output", .stepMismatch(step: 2, what: "list of outputs")) {
      $0.steps[2].outputs = ["h"]
    },
    Mutation("shrink a workspace", .stepMismatch(step: 3, what: "workspace")) {
      $0.steps[3].workspaceBytes = 64
    },
    // Storages
    Mutation("break an alias", .illegalAlias("v", of: "r")) { $0["v"].storage = 999 },
    Mutation("forget an alias", .illegalAlias("v", of: "h")) { $0["v"].aliasOf = nil },
    Mutation("claim another alias", .illegalAlias("v", of: "x")) { $0["v"].aliasOf = "x" },
    Mutation("ignore a demanded update", .illegalAlias("s'", of: "s")) {
      $0["s'"].inPlaceOf = nil
    },
    Mutation("alias a source", .illegalAlias("x", of: "")) { $0["x"].aliasOf = "w" },
    Mutation("take over without an effect", .illegalAlias("j", of: "x")) { plan in
      plan["j"].inPlaceOf = "x"
      plan["j"].storage = plan["x"].storage
    },
    Mutation("a space of its own", .wrongSpace("j", planned: "resident", expected: "arena")) {
      $0["j"].space = "resident"
    },
    Mutation("no offset", .wrongOffset("j")) { $0["j"].offset = nil },
    Mutation("an offset outside the arena", .wrongOffset("w")) { $0["w"].offset = 0 },
    Mutation("a member elsewhere", .splitStorage("v", "h")) {
      $0["v"].offset = ($0["v"].offset ?? 0) + 64
    },
    // Lifetimes
    Mutation("die early", .wrongLifetime("x", planned: 0...1, expected: 0...3)) {
      $0["x"].lastStep = 1
    },
    Mutation("be born late", .wrongLifetime("h", planned: 1...1, expected: 0...1)) {
      $0["h"].firstStep = 1
    },
    // Arena
    Mutation("shift one offset behind the arena", .outsideArena("j", end: 4096 + 512)) {
      $0["j"].offset = 4096
    },
    Mutation("an unaligned offset", .misaligned("loss", offset: 32)) { $0["loss"].offset = 32 },
    Mutation("no place for the workspace", .wrongOffset("workspace of join")) {
      $0.steps[3].workspaceOffset = nil
    },
    // Sums
    Mutation("a wrong live set", .wrongSum(what: "liveBytes of step 1", planned: 1, expected: 512))
    {
      $0.steps[1].liveBytes = 1
    },
    Mutation("a lower peak", .wrongSum(what: "peakBytes", planned: 64, expected: 1152)) {
      $0.summary.peakBytes = 64
    },
    Mutation("another peak step", .wrongSum(what: "peakStep", planned: 1, expected: 3)) {
      $0.summary.peakStep = 1
    },
    Mutation("a larger arena", .wrongSum(what: "arenaBytes", planned: 1216, expected: 1152)) {
      $0.summary.arenaBytes = 1216
    },
    Mutation("fewer resident bytes", .wrongSum(what: "residentBytes", planned: 0, expected: 320)) {
      $0.summary.residentBytes = 0
    },
    Mutation("external bytes", .wrongSum(what: "externalBytes", planned: 64, expected: 0)) {
      $0.summary.externalBytes = 64
    },
    Mutation("a smaller total", .wrongSum(what: "totalBytes", planned: 0, expected: 1472)) {
      $0.summary.totalBytes = 0
    },
    // Verdicts
    Mutation("a verdict without a budget", .wrongVerdict(what: "whether the plan fits the budget"))
    {
      $0.summary.fits = true
    },
    Mutation("a gap", .wrongVerdict(what: "orderGap")) { $0.summary.orderGap = 0.5 },
    Mutation("fragmentation", .wrongVerdict(what: "fragmentation")) {
      $0.summary.fragmentation = 0.5
    },
    Mutation("no proof", .wrongVerdict(what: "provenOptimal")) {
      $0.summary.provenOptimal = false
    },
    Mutation("a better baseline", .wrongVerdict(what: "baseline fileOrder")) {
      $0.summary.baselines["fileOrder"]?.arenaBytes = 1151
    },
    Mutation("a baseline below the bound", .wrongVerdict(what: "baseline lescea")) {
      $0.summary.baselines["lescea"]?.peakBytes = 64
    },
    // Witness
    Mutation("another bound", .brokenWitness(what: "its bound is not the plan's")) {
      $0.witness.boundBytes = 64
    },
    Mutation("an unknown witness", .brokenWitness(what: "no tensor is 'ghost'")) {
      $0.witness.tensors[0].name = "ghost"
    },
    Mutation("a witness twice", .brokenWitness(what: "'j' is in it twice")) {
      $0.witness.tensors[1] = $0.witness.tensors[0]
    },
    Mutation("a resident witness", .brokenWitness(what: "'w' is not in the arena")) {
      $0.witness.tensors[1].name = "w"
    },
    Mutation("a larger witness", .brokenWitness(what: "the size of 'j'")) {
      $0.witness.tensors[0].bytes = 1024
    },
    Mutation(
      "a witness that need not be live", .brokenWitness(what: "'loss' need not be live there")
    ) {
      $0.witness.tensors[0].name = "loss"
      $0.witness.tensors[0].bytes = 64
    },
    Mutation(
      "a lost witness", .brokenWitness(what: "its sizes do not add up to its bound")
    ) { $0.witness.tensors.removeLast() },
    Mutation("another node", .brokenWitness(what: "its node is not the one of its step")) {
      $0.witness.node = "act"
    },
    Mutation("no node", .brokenWitness(what: "without a node it must be inputs or outputs only")) {
      $0.witness.node = nil
      $0.witness.step = nil
    },
  ]

  @Test func `the unbroken plan is right`() throws {
    let violations = PlanChecker.violations(
      in: try PlannedExample.plan(), against: try PlannedExample.graph())
    #expect(violations.isEmpty)
  }

  @Test(arguments: mutations)
  func `a broken plan is rejected with the rule it breaks`(mutation: Mutation) throws {
    var plan = try PlannedExample.plan()
    mutation.apply(&plan)
    let violations = PlanChecker.violations(in: plan, against: try PlannedExample.graph())
    #expect(violations.contains(mutation.expected), "\(violations)")
  }

  @Test func `a plan for another graph is rejected`() throws {
    let graph = try Graph(
      parsing: PlannedExample.text.replacing("Relu@14", with: "Relu@13"))
    let violations = PlanChecker.violations(in: try PlannedExample.plan(), against: graph)
    guard case .otherGraph = violations.first else {
      Issue.record("\(violations)")
      return
    }
  }

  @Test func `two live tensors may not share a byte`() throws {
    var plan = try PlannedExample.plan()
    let workspace = try #require(plan.steps[3].workspaceOffset)
    plan["j"].offset = workspace
    plan["x"].offset = workspace
    let violations = PlanChecker.violations(in: plan, against: try PlannedExample.graph())
    #expect(
      violations.contains {
        if case .overlap(_, _, 3) = $0 { true } else { false }
      })
  }

  /// `b` may only take over `a` where `late` has read it.
  static let takeover = """
    graph takeover
    input x : float32[16]
    node first = Exp@13(x) -> a : float32[16]
    node over = Relu@14(a) -> b : float32[16] effects [mayOverwrite 0 0 safe+ort]
    node late = Neg@13(a) -> c : float32[16] effects [mayOverwrite 0 0 safe+ort]
    node sum = Add@14(b, c) -> y : float32[16] as output
    output y
    """

  @Test func `a tensor that is still needed may not be overwritten`() throws {
    let graph = try Graph(parsing: Self.takeover)
    var plan = try Planner(order: .named("file")).plan(graph, model: PlannedModel(path: "t"))
    #expect(plan["c"].inPlaceOf == "a")
    #expect(plan["b"].inPlaceOf == nil)
    plan["b"].inPlaceOf = "a"
    plan["b"].storage = plan["a"].storage
    plan["b"].offset = plan["a"].offset
    let violations = PlanChecker.violations(in: plan, against: graph)
    #expect(violations.contains(.overwritesLive("b", of: "a")), "\(violations)")
  }

  @Test func `a witness may not count bytes twice that one order shares`() throws {
    let graph = try Graph(parsing: Self.takeover)
    var plan = try Planner().plan(graph, model: PlannedModel(path: "t"))
    let step = try #require(plan.steps.first { $0.node == "over" })
    plan.witness.proof = .workingSet
    plan.witness.node = "over"
    plan.witness.step = step.index
    plan.witness.tensors = ["a", "b"].map { PlanWitness.Item(name: $0, bytes: 64, why: "") }
    let violations = PlanChecker.violations(in: plan, against: graph)
    #expect(
      violations.contains(
        .brokenWitness(what: "some order may need only 64 bytes there")),
      "\(violations)")
  }

  /// The update writes `p`, which `read` must see as it was.
  static let update = """
    graph update
    input g : float32[16]
    weight p : float32[16]
    node read = Mul@14(p, g) -> r : float32[16]
    node write = Sgd@1(p, g) -> "p'" : float32[16] as weight effects [mustOverwrite 0 0 _]
    node after = Neg@13("p'") -> q : float32[16]
    output r
    output q
    output "p'"
    """

  @Test func `an update may not pass a reader of the old version`() throws {
    let graph = try Graph(parsing: Self.update)
    var plan = try Planner(order: .named("file")).plan(graph, model: PlannedModel(path: "u"))
    #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
    plan.steps.swapAt(0, 1)
    for index in plan.steps.indices { plan.steps[index].index = index }
    let violations = PlanChecker.violations(in: plan, against: graph)
    #expect(violations.contains(.overwrittenBeforeRead(step: 1, writer: 0, tensor: "p")))
  }

  @Test func `a control dependency is an order`() throws {
    var graph = try Graph(parsing: Self.takeover)
    var plan = try Planner(order: .named("file")).plan(graph, model: PlannedModel(path: "t"))
    graph.addControlDependency(ControlDependency(before: NodeID(1), after: NodeID(2)))
    plan.model.fingerprint = ExecutionPlan.text(ofFingerprint: graph.fingerprint)
    plan.steps.swapAt(1, 2)
    for index in plan.steps.indices { plan.steps[index].index = index }
    let violations = PlanChecker.violations(in: plan, against: graph)
    #expect(violations.contains(.controlOrder(step: 1, before: 2)), "\(violations)")
  }

  @Test func `every violation is a sentence of its own`() {
    let sentences = Self.mutations.map(\.expected.description)
    #expect(sentences.allSatisfy { !$0.isEmpty && $0.first?.isUppercase == false })
  }

  /// Whatever numbers a plan holds, the checker answers and never traps.
  @Test(arguments: 0..<200)
  func `plans of random numbers are checked without a trap`(seed: Int) throws {
    var generator = SeededGenerator(seed: seed)
    let graph = RandomGraph(seed: seed % 20).graph
    var plan = try Planner().plan(graph, model: PlannedModel(path: "r"))
    let odd = [-1, 0, 1, 63, 64, 1 << 40, (1 << 62) - 1, Int.max, Int.min]
    func number() -> Int { odd.randomElement(using: &generator) ?? 0 }
    for _ in 0..<3 {
      let index = Int.random(in: 0..<plan.tensors.count, using: &generator)
      let step = Int.random(in: 0..<max(plan.steps.count, 1), using: &generator)
      switch Int.random(in: 0..<9, using: &generator) {
      case 0: plan.tensors[index].offset = number()
      case 1: plan.tensors[index].firstStep = number()
      case 2: plan.tensors[index].lastStep = number()
      case 3: plan.tensors[index].storage = number()
      case 4: plan.steps[step].nodeIndex = number()
      case 5: plan.steps[step].workspaceOffset = number()
      case 6: plan.summary.arenaBytes = number()
      case 7: plan.witness.step = number()
      default: plan.options.alignment = number()
      }
    }
    let original = try Planner().plan(graph, model: PlannedModel(path: "r"))
    if plan != original {
      #expect(!PlanChecker.violations(in: plan, against: graph).isEmpty)
    }
  }
}

extension ExecutionPlan {
  /// The tensor of a name, which the test knows to be there.
  subscript(name: String) -> PlannedTensor {
    get { tensors.first { $0.name == name } ?? tensors[0] }
    set {
      if let index = tensors.firstIndex(where: { $0.name == name }) { tensors[index] = newValue }
    }
  }
}
