// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Plans that recompute or spill: what the checker says of right ones and of broken ones.
@Suite struct LadderPlanTests {
  @Test func `the plan of the example is what the table says`() throws {
    let plan = try LadderExample.plan()
    #expect(
      plan.steps.map(\.kind) == [
        .run, .run, .spill, .run, .fetch, .run, .recompute, .run,
      ])
    #expect(plan.steps.map(\.liveBytes) == [1280, 2048, 2048, 1536, 1536, 2560, 3072, 2304])
    #expect(plan.summary.peakBytes == 3072)
    #expect(plan.summary.price.spillBytes == 1024)
    #expect(plan.summary.price.fetchBytes == 1024)
    #expect(plan.summary.price.recomputeSteps == 1)
    #expect(plan.summary.secondBytes == 1024)
    #expect(plan.residencies.filter { $0.storage == plan["a"].storage }.count == 3)
    #expect(
      PlanChecker.violations(in: plan, against: try Graph(parsing: LadderExample.text)).isEmpty)
  }

  @Test(arguments: Seeds.first(300))
  func `random recomputes and spills are right and compute what the graph does`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let graph = RandomGraph(seed: seed).graph
    let memory = MemoryModel(
      alignment: [1, 64].randomElement(using: &random) ?? 64,
      inPlace: InPlaceMode.allCases.randomElement(using: &random) ?? .safe,
      io: IOPlacement.allCases.randomElement(using: &random) ?? .arena)
    let spill = seed % 3 == 0 ? SpillChoice.weights : .auto
    let model = LadderModel(
      of: SchedulingProblem(graph, model: memory), streamsResidents: spill == .weights)
    let actions = LadderExample.randomActions(of: graph, model, seed: seed)
    let plan = try LadderExample.plan(of: graph, actions, memory: memory, spill: spill)
    guard plan.hasResidencies else { return }
    let violations = PlanChecker.violations(in: plan, against: graph)
    #expect(violations.isEmpty, "\(violations)")
    var run = LadderRun(plan, of: graph)
    #expect(run.faults() == [])
  }

  // MARK: Mutations

  struct Mutation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let expected: PlanViolation
    let apply: @Sendable (inout ExecutionPlan) -> Void

    init(
      _ description: String, _ expected: PlanViolation,
      _ apply: @escaping @Sendable (inout ExecutionPlan) -> Void
    ) {
      testDescription = description
      self.expected = expected
      self.apply = apply
    }
  }

  static let mutations: [Mutation] = [
    Mutation(
      "a fetch without a spill", .fetchedBeforeSpilled(step: 3, tensor: "a")
    ) { $0.removeStep(2) },
    Mutation("a use while absent", .usedWhileAbsent(step: 4, tensor: "a")) { $0.removeStep(4) },
    Mutation("a use of what was not made again", .usedWhileAbsent(step: 6, tensor: "b")) {
      $0.removeStep(6)
    },
    Mutation(
      "a spill of what is gone", .spilledWhileAbsent(step: 3, tensor: "a")
    ) { plan in
      plan.exchangeSteps(2, 3)
      plan.changeStay("a", "arena", first: 0) { $0.lastStep = 1 }
      plan.changeStay("a", "second", first: 2) { $0.firstStep = 3 }
      plan.changeStay("c", "arena", first: 3) { $0.firstStep = 2 }
    },
    Mutation(
      "a recompute whose operand is absent", .usedWhileAbsent(step: 4, tensor: "a")
    ) { plan in
      plan.exchangeSteps(4, 6)
      plan.changeStay("b", "arena", first: 6) { $0.firstStep = 4 }
      plan.changeStay("a", "arena", first: 4) { $0.firstStep = 6 }
    },
    Mutation("a recompute before the run", .notANode(step: 1)) {
      $0.steps[1].kind = .recompute
    },
    Mutation("a run twice", .notANode(step: 6)) { $0.steps[6].kind = .run },
    Mutation("a spill that runs a node", .notACopy(step: 2)) { $0.steps[2].nodeIndex = 1 },
    Mutation("a spill of no storage", .notACopy(step: 2)) { $0.steps[2].storage = 99 },
    Mutation("a fetch by another name", .stepMismatch(step: 4, what: "operator")) {
      $0.steps[4].op = "Copy"
    },
    Mutation("a fetch of another tensor", .stepMismatch(step: 4, what: "list of outputs")) {
      $0.steps[4].outputs = ["b"]
    },
    Mutation("a spill with scratch", .stepMismatch(step: 2, what: "workspace")) {
      $0.steps[2].workspaceBytes = 64
    },
    Mutation("a run at a cost", .stepMismatch(step: 0, what: "cost")) {
      $0.steps[0].recomputeFlops = 1
    },
    Mutation("a stay too long", .wrongLifetime("x", planned: 0...1, expected: 0...0)) {
      $0.changeStay("x", "arena", first: 0) { $0.lastStep = 1 }
    },
    Mutation("a stay too short", .usedWhileAbsent(step: 5, tensor: "c")) {
      $0.changeStay("c", "arena", first: 3) { $0.lastStep = 4 }
    },
    Mutation("a late stay", .wrongStay("c", space: "arena", step: 3)) {
      $0.changeStay("c", "arena", first: 3) { $0.firstStep = 4 }
    },
    Mutation("no stay", .wrongStay("c", space: "arena", step: 3)) { plan in
      let storage = plan["c"].storage
      plan.residencies.removeAll { $0.storage == storage }
    },
    Mutation("a stay that nothing begins", .wrongStay("c", space: "arena", step: 7)) { plan in
      guard let at = plan.residencies.firstIndex(where: { $0.storage == plan["c"].storage })
      else { return }
      var more = plan.residencies[at]
      (more.firstStep, more.lastStep) = (7, 7)
      plan.residencies.insert(more, at: at + 1)
    },
    Mutation("two stays at once", .wrongStay("a", space: "arena", step: 4)) {
      $0.changeStay("a", "arena", first: 0) { $0.lastStep = 4 }
    },
    Mutation("a second memory kept too long", .wrongLifetime("a", planned: 2...7, expected: 2...4))
    {
      $0.changeStay("a", "second", first: 2) { $0.lastStep = 7 }
    },
    Mutation("a smaller stay", .wrongSize("c", planned: 64, expected: 512)) {
      $0.changeStay("c", "arena", first: 3) { $0.bytes = 64 }
    },
    Mutation("a stay of a resident", .unknownStay(storage: 1, space: "arena")) { plan in
      plan.changeStay("x", "arena", first: 0) { $0.storage = 1 }
    },
    Mutation("a third space", .unknownStay(storage: 0, space: "disk")) {
      $0.changeStay("x", "arena", first: 0) { $0.space = "disk" }
    },
    Mutation("an unaligned stay", .misaligned("c", offset: 4000)) {
      $0.changeStay("c", "arena", first: 3) { $0.offset = 4000 }
    },
    Mutation("a stay outside the arena", .outsideArena("c", end: 1 << 20 + 512)) {
      $0.changeStay("c", "arena", first: 3) { $0.offset = 1 << 20 }
    },
    Mutation("a place outside the second memory", .outsideArena("a", end: 2048)) {
      $0.changeStay("a", "second", first: 2) { $0.offset = 1024 }
    },
    Mutation("bytes taken over without an effect", .overwritesLive("c", of: "b")) { plan in
      let taken = plan["b"].storage
      plan.changeStay("c", "arena", first: 3) { $0.takesOver = taken }
    },
    Mutation("a fetch that takes over", .wrongStay("a", space: "arena", step: 4)) { plan in
      let taken = plan["c"].storage
      plan.changeStay("a", "arena", first: 4) { $0.takesOver = taken }
    },
    Mutation("an offset of a tensor", .wrongOffset("c")) { $0["c"].offset = 0 },
    Mutation(
      "a weight in the second memory unasked",
      .wrongSpace(
        "w", planned: "second", expected: "resident")
    ) { $0["w"].space = "second" },
    Mutation("a longer life", .wrongLifetime("c", planned: 3...6, expected: 3...5)) {
      $0["c"].lastStep = 6
    },
    Mutation("a wrong live set", .wrongSum(what: "liveBytes of step 4", planned: 1, expected: 1536))
    {
      $0.steps[4].liveBytes = 1
    },
    Mutation("less traffic", .wrongVerdict(what: "the price")) {
      $0.summary.price.fetchBytes = 0
    },
    Mutation("fewer recomputes", .wrongVerdict(what: "the price")) {
      $0.summary.price.recomputeSteps = 0
    },
    Mutation("a bound below 0", .numberOutOfRange(what: "recomputeBoundFlops")) {
      $0.summary.price.recomputeBoundFlops = -1
    },
    Mutation("a bound of any order below 0", .numberOutOfRange(what: "recomputeAnyOrderBoundFlops"))
    {
      $0.summary.price.recomputeAnyOrderBoundFlops = -1
    },
    Mutation("a smaller second memory", .outsideArena("a", end: 1024)) {
      $0.summary.secondBytes = 512
    },
    Mutation(
      "a larger second memory", .wrongSum(what: "secondBytes", planned: 4096, expected: 1024)
    ) {
      $0.summary.secondBytes = 4096
    },
    Mutation("a higher floor", .wrongSum(what: "floorBytes", planned: 4096, expected: 2816)) {
      $0.summary.floorBytes = 4096
    },
    Mutation("a proof of another thing", .wrongVerdict(what: "provenOptimal")) {
      $0.summary.provenOptimal = true
    },
    Mutation("an unknown way to spill", .unknownOption(name: "spill", value: "tape")) {
      $0.options.spill = "tape"
    },
    Mutation("an unknown way to recompute", .unknownOption(name: "recompute", value: "maybe")) {
      $0.options.recompute = "maybe"
    },
    Mutation("an absurd stay", .numberOutOfRange(what: "a stay of storage 0")) {
      $0.changeStay("x", "arena", first: 0) { $0.offset = .max }
    },
  ]

  @Test(arguments: mutations)
  func `a broken plan is rejected with the rule it breaks`(mutation: Mutation) throws {
    var plan = try LadderExample.plan()
    mutation.apply(&plan)
    let violations = PlanChecker.violations(
      in: plan, against: try Graph(parsing: LadderExample.text))
    #expect(violations.contains(mutation.expected), "\(violations)")
  }

  @Test func `two stays may not share a byte`() throws {
    var plan = try LadderExample.plan()
    let place = try #require(
      plan.residencies.first { $0.storage == plan["a"].storage && $0.firstStep == 0 })
    plan.changeStay("b", "arena", first: 1) { $0.offset = place.offset }
    let violations = PlanChecker.violations(
      in: plan, against: try Graph(parsing: LadderExample.text))
    #expect(violations.contains { if case .overlap(_, _, 1) = $0 { true } else { false } })
  }

  @Test(
    arguments: [
      ("Exp@13(a)", "RandomNormalLike@1(a)", "it is random"),
      ("Exp@13(a)", "Dropout@13(a)", "it is random"),
      ("Exp@13(a)", "Loop@13(a)", "it has a body"),
    ])
  func `what does not do the same twice may not run twice`(
    old: String, new: String, reason: String
  ) throws {
    let graph = try Graph(parsing: LadderExample.text.replacing(old, with: new))
    let plan = try LadderExample.plan(of: graph, LadderExample.actions(of: graph))
    #expect(
      PlanChecker.violations(in: plan, against: graph) == [.mayNotRepeat(step: 6, reason: reason)])
    #expect(!Repeatability(of: graph).isRepeatable[1])
  }

  @Test func `a node that a control dependency names may not run twice`() throws {
    var graph = try Graph(parsing: LadderExample.text)
    graph.addControlDependency(ControlDependency(before: NodeID(1), after: NodeID(2)))
    let plan = try LadderExample.plan(of: graph, LadderExample.actions(of: graph))
    #expect(
      PlanChecker.violations(in: plan, against: graph)
        == [.mayNotRepeat(step: 6, reason: "a control dependency names it")])
    #expect(!Repeatability(of: graph).isRepeatable[1])
  }

  static let update = """
    graph update
    input g : float32[16]
    weight p : float32[16]
    node read = Mul@14(p, g) -> r : float32[16]
    node write = Sgd@1(p, g) -> "p'" : float32[16] as weight effects [mustOverwrite 0 0 _]
    node after = Neg@13(r) -> q : float32[16]
    output q
    output "p'"
    """

  @Test func `a node may not run again once what it read was updated`() throws {
    let graph = try Graph(parsing: Self.update)
    let actions: [LadderAction] = [
      .run(NodeID(0)), .run(NodeID(1)), .recompute(NodeID(0)), .run(NodeID(2)),
    ]
    let plan = try LadderExample.plan(of: graph, actions)
    #expect(
      PlanChecker.violations(in: plan, against: graph) == [.staleVersion(step: 2, tensor: "p")])
  }

  @Test func `an update in place may not run again`() throws {
    let graph = try Graph(parsing: Self.update)
    let actions: [LadderAction] = [
      .run(NodeID(0)), .run(NodeID(1)), .recompute(NodeID(1)), .run(NodeID(2)),
    ]
    let plan = try LadderExample.plan(of: graph, actions)
    #expect(
      PlanChecker.violations(in: plan, against: graph)
        == [.mayNotRepeat(step: 2, reason: "it updates what it reads")])
  }

  @Test func `a streamed weight that is updated is written back`() throws {
    let graph = try Graph(parsing: Self.update)
    let weight = StorageMap(of: graph, model: MemoryModel()).storageOfTensor[1]
    var actions: [LadderAction] = [
      .fetch(weight), .run(NodeID(0)), .run(NodeID(1)), .spill(weight), .run(NodeID(2)),
    ]
    let plan = try LadderExample.plan(of: graph, actions, spill: .weights)
    #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
    #expect(plan.summary.residentBytes == 0)
    #expect(plan.summary.price.compulsoryBytes == 128)
    #expect(plan["p"].space == "second")
    actions.remove(at: 3)
    let lost = try LadderExample.plan(of: graph, actions, spill: .weights)
    #expect(PlanChecker.violations(in: lost, against: graph).contains(.notWrittenBack("p")))
  }

  @Test func `every violation of stays is a sentence of its own`() {
    let sentences = Self.mutations.map(\.expected.description)
    #expect(sentences.allSatisfy { !$0.isEmpty && $0.first?.isUppercase == false })
  }

  /// Whatever numbers a plan holds, the checker answers and never traps.
  @Test(arguments: 0..<300)
  func `stays of random numbers are checked without a trap`(seed: Int) throws {
    var generator = SeededGenerator(seed: seed)
    let graph = try Graph(parsing: LadderExample.text)
    let original = try LadderExample.plan()
    var plan = original
    let odd = [-1, 0, 1, 2, 5, 7, 8, 63, 64, 1 << 40, (1 << 62) - 1, Int.max, Int.min]
    func number() -> Int { odd.randomElement(using: &generator) ?? 0 }
    for _ in 0..<3 {
      let stay = Int.random(in: 0..<plan.residencies.count, using: &generator)
      let step = Int.random(in: 0..<plan.steps.count, using: &generator)
      switch Int.random(in: 0..<10, using: &generator) {
      case 0: plan.residencies[stay].offset = number()
      case 1: plan.residencies[stay].firstStep = number()
      case 2: plan.residencies[stay].lastStep = number()
      case 3: plan.residencies[stay].storage = number()
      case 4: plan.residencies[stay].bytes = number()
      case 5: plan.residencies[stay].takesOver = number()
      case 6: plan.steps[step].nodeIndex = number()
      case 7: plan.steps[step].storage = number()
      case 8:
        plan.steps[step].kind = PlanStep.Kind.allCases.randomElement(using: &generator) ?? .run
      default: plan.steps[step].recomputeFlops = number()
      }
    }
    if plan != original {
      #expect(!PlanChecker.violations(in: plan, against: graph).isEmpty)
    }
  }
}

extension ExecutionPlan {
  /// Removes a step; what is behind moves up, and what ended there ends one step before.
  mutating func removeStep(_ step: Int) {
    steps.remove(at: step)
    for index in steps.indices { steps[index].index = index }
    func moved(_ other: Int) -> Int { other > step ? other - 1 : other }
    func movedEnd(_ other: Int) -> Int { other >= step ? other - 1 : other }
    for index in residencies.indices {
      residencies[index].firstStep = moved(residencies[index].firstStep)
      residencies[index].lastStep = max(
        residencies[index].firstStep, movedEnd(residencies[index].lastStep))
    }
    for index in tensors.indices {
      tensors[index].firstStep = moved(tensors[index].firstStep)
      tensors[index].lastStep = movedEnd(tensors[index].lastStep)
    }
  }

  /// Exchanges two steps.
  mutating func exchangeSteps(_ a: Int, _ b: Int) {
    steps.swapAt(a, b)
    for index in steps.indices { steps[index].index = index }
  }

  /// Changes the stay of a tensor that begins at a step.
  mutating func changeStay(
    _ name: String, _ space: String, first: Int, _ body: (inout PlanResidency) -> Void
  ) {
    let storage = self[name].storage
    guard
      let index = residencies.firstIndex(where: {
        $0.storage == storage && $0.space == space && $0.firstStep == first
      })
    else { return }
    body(&residencies[index])
  }
}
