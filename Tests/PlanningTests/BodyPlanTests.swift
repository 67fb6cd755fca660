// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import Planning
import TestSupport
import Testing

/// Graphs that nodes run: counted as if by hand, planned inside the plan, and checked there.
@Suite struct BodyPlanTests {
  /// `x -> first -> a -> If -> y`; both branches read `a`. Sizes in bytes, alignment 64.
  ///
  /// | branch | step | live |
  /// |---|---|---|
  /// | then | expand | t 256, makes u 512: 768 |
  /// | then | reduce | u 512, the result is the node's: 512 |
  /// | else | copy | nothing |
  private static func example() throws -> Graph {
    var graph = Graph(name: "example")
    func tensor(_ name: String, _ bytes: Int, _ role: TensorRole) throws -> TensorID {
      try graph.addTensor(name, type: .uint8, shape: [bytes], role: role)
    }
    let (x, a) = (try tensor("x", 64, .input), try tensor("a", 128, .activation))
    let y = try tensor("y", 64, .output)
    let op = OperatorKind(type: "Op")
    graph.addInput(x)
    try graph.addNode("first", kind: op, inputs: [x], outputs: [a])
    try graph.addNode(
      "if", kind: OperatorKind(type: "If"), inputs: [x, a], outputs: [y],
      bodies: [
        Body(attribute: "then_branch", graph: try thenBranch()),
        Body(attribute: "else_branch", graph: try elseBranch()),
      ])
    graph.addOutput(y)
    try graph.validate()
    return graph
  }

  private static func thenBranch() throws -> Graph {
    var graph = Graph(name: "then")
    func tensor(_ name: String, _ bytes: Int, _ role: TensorRole) throws -> TensorID {
      try graph.addTensor(name, type: .uint8, shape: [bytes], role: role)
    }
    let (a, w) = (try tensor("a", 128, .outer), try tensor("w", 1000, .weight))
    let (t, u) = (try tensor("t", 256, .activation), try tensor("u", 512, .activation))
    let y = try tensor("y'", 64, .outer)
    let op = OperatorKind(type: "Op")
    graph.addInput(a)
    try graph.addNode("make", kind: op, inputs: [a, w], outputs: [t])
    try graph.addNode("expand", kind: op, inputs: [t], outputs: [u])
    try graph.addNode("reduce", kind: op, inputs: [u], outputs: [y])
    graph.addOutput(y)
    return graph
  }

  private static func elseBranch() throws -> Graph {
    var graph = Graph(name: "else")
    let a = try graph.addTensor("a", type: .uint8, shape: [128], role: .outer)
    let y = try graph.addTensor("y'", type: .uint8, shape: [64], role: .outer)
    graph.addInput(a)
    try graph.addNode("copy", kind: OperatorKind(type: "Op"), inputs: [a], outputs: [y])
    graph.addOutput(y)
    return graph
  }

  private static func plan() throws -> ExecutionPlan {
    try Planner().plan(example(), model: PlannedModel(path: "example"))
  }

  @Test func `the plan of a graph with branches planned by hand`() throws {
    let plan = try Self.plan()
    let step = try #require(plan.steps.last)
    #expect(step.node == "if")
    #expect(step.workspaceBytes == 768)
    #expect(step.liveBytes == 64 + 128 + 64 + 768)
    #expect(plan.summary.peakBytes == 1024)
    // The weight of the branch, rounded up.
    #expect(plan.summary.residentBytes == 1024)
    #expect(plan.summary.provenOptimal)
    let bodies = try #require(step.bodies)
    #expect(bodies.map(\.attribute) == ["then_branch", "else_branch"])
    #expect(bodies.map(\.summary.arenaBytes) == [768, 0])
    #expect(bodies[0].steps.map(\.liveBytes) == [256, 768, 512])
    #expect(
      bodies[0].tensors.map(\.space) == ["external", "resident", "arena", "arena", "external"])
    #expect(bodies[0].inputs == ["a"] && bodies[0].outputs == ["y'"])
  }

  // MARK: Against brute force

  @Test(arguments: 0..<60)
  func `nested plans need what the best orders of all graphs need`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 2...5)
    (shape.views, shape.updates) = (0, 0)
    let graph = NestedGraph(seed: seed, depth: 2, shape: shape).graph
    let memory = MemoryModel(alignment: 64, inPlace: .none)
    let plan = try Planner(memory: memory).plan(graph, model: PlannedModel(path: "nested"))
    let least = Self.leastPeak(of: graph, memory, isBody: false)
    #expect(plan.summary.lowerBoundBytes <= plan.summary.peakBytes)
    if plan.isProven {
      #expect(plan.summary.peakBytes == least)
    } else {
      #expect(plan.summary.peakBytes >= least)
    }
    #expect(plan.summary.residentBytes == Self.residentBytes(of: graph, memory))
    #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
  }

  @Test(arguments: 60..<120)
  func `nested graphs with views and updates get plans that pass the check`(seed: Int) throws {
    let graph = NestedGraph(seed: seed, depth: 3, shape: RandomGraph.Shape(nodes: 1...6)).graph
    for mode in InPlaceMode.allCases {
      for io in IOPlacement.allCases {
        let memory = MemoryModel(alignment: 1 << (seed % 8), inPlace: mode, io: io)
        let plan = try Planner(memory: memory).plan(graph, model: PlannedModel(path: "nested"))
        #expect(plan.summary.lowerBoundBytes <= plan.summary.peakBytes)
        Self.expectWorkspaces(plan.steps)
      }
    }
  }

  /// A step with bodies has room for the largest of them and nothing else, at every depth.
  private static func expectWorkspaces(_ steps: [PlanStep]) {
    for step in steps {
      guard let bodies = step.bodies else { continue }
      #expect(step.workspaceBytes == bodies.map(\.summary.arenaBytes).max())
      for body in bodies { expectWorkspaces(body.steps) }
    }
  }

  /// The least peak over all orders, with each body at its own least peak: what is read, made and kept
  /// at each step, tensor by tensor.
  private static func leastPeak(of graph: Graph, _ memory: MemoryModel, isBody: Bool) -> Int {
    var workspace = graph.nodes.map { memory.aligned($0.workspace) }
    for node in graph.nodesWithBodies {
      workspace[node.index] =
        graph.bodies(of: node).map { leastPeak(of: $0.graph, memory, isBody: true) }.max() ?? 0
    }
    func isCounted(_ tensor: TensorID) -> Bool {
      !graph[tensor].role.isResident && graph[tensor].role != .outer
    }
    let (inputs, outputs) = (Set(graph.inputs), Set(graph.outputs))
    var best = Int.max
    forEachTopologicalOrder(of: graph, dependencies: Dependencies(of: graph)) { order in
      var first = [Int](repeating: .max, count: graph.tensors.count)
      var last = [Int](repeating: -1, count: graph.tensors.count)
      for tensor in inputs { (first[tensor.index], last[tensor.index]) = (0, 0) }
      for (step, node) in order.enumerated() {
        for tensor in graph.inputs(of: node) + graph.outputs(of: node) where !tensor.isAbsent {
          first[tensor.index] = min(first[tensor.index], step)
          last[tensor.index] = max(last[tensor.index], step)
        }
      }
      for tensor in outputs { last[tensor.index] = order.count - 1 }
      var peak = 0
      for (step, node) in order.enumerated() {
        var live = workspace[node.index]
        for tensor in graph.tensorIDs
        where isCounted(tensor) && first[tensor.index] <= step && step <= last[tensor.index] {
          live += memory.aligned(graph[tensor].bytes)
        }
        peak = max(peak, live)
      }
      best = min(best, peak)
      return true
    }
    return best == .max ? 0 : best
  }

  private static func residentBytes(of graph: Graph, _ memory: MemoryModel) -> Int {
    var total = 0
    for tensor in graph.tensors where tensor.role.isResident {
      total += memory.aligned(tensor.bytes)
    }
    for node in graph.nodesWithBodies {
      for body in graph.bodies(of: node) { total += residentBytes(of: body.graph, memory) }
    }
    return total
  }

  // MARK: The checker

  struct Mutation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let expected: PlanViolation
    let apply: @Sendable (inout ExecutionPlan, inout [PlanBody]) -> Void

    init(
      _ description: String, _ expected: PlanViolation,
      _ apply: @escaping @Sendable (inout ExecutionPlan, inout [PlanBody]) -> Void
    ) {
      testDescription = description
      self.expected = expected
      self.apply = apply
    }

    static func inside(_ violation: PlanViolation, _ attribute: String = "then_branch")
      -> PlanViolation
    {
      .inBody(step: 1, attribute: attribute, violation)
    }
  }

  static let mutations: [Mutation] = [
    Mutation("no plan of a branch", .missingBody(step: 1, attribute: "else_branch")) {
      $1.removeLast()
    },
    Mutation("branches exchanged", .missingBody(step: 1, attribute: "then_branch")) {
      $1.swapAt(0, 1)
    },
    Mutation("a plan too many", .unknownBody(step: 1, attribute: "else_branch")) {
      $1.append($1[1])
    },
    Mutation("a body of a node without", .unknownBody(step: 0, attribute: "then_branch")) {
      $0.steps[0].bodies = [$1[0]]
    },
    Mutation(
      "another number of turns",
      .bodyMismatch(step: 1, attribute: "then_branch", what: "number of turns")
    ) { $1[0].trips = 2 },
    Mutation("an input lost", Mutation.inside(.modelMismatch(what: "the list of inputs"))) {
      $1[0].inputs = []
    },
    Mutation("a step lost", Mutation.inside(.missingStep(node: "reduce"))) {
      $1[0].steps.removeLast()
    },
    Mutation("a tensor shrunk", Mutation.inside(.wrongSize("u", planned: 256, expected: 512))) {
      $1[0]["u"].bytes = 256
    },
    Mutation(
      "a value from outside put into the arena",
      Mutation.inside(.wrongSpace("a", planned: "arena", expected: "external"))
    ) {
      $1[0]["a"].space = "arena"
      $1[0]["a"].offset = 0
    },
    Mutation(
      "a result kept inside",
      Mutation.inside(.wrongSpace("y'", planned: "arena", expected: "external"))
    ) {
      $1[0]["y'"].space = "arena"
      $1[0]["y'"].offset = 0
    },
    Mutation("two tensors in one place", Mutation.inside(.overlap("u", "t", step: 1))) {
      ($1[0]["t"].offset, $1[0]["u"].offset) = (0, 0)
    },
    Mutation(
      "a smaller arena inside",
      Mutation.inside(.outsideArena("u", end: 768))
    ) {
      ($1[0]["t"].offset, $1[0]["u"].offset) = (0, 256)
      $1[0].summary.arenaBytes = 512
    },
    Mutation("another branch's figures", .stepMismatch(step: 1, what: "workspace")) { plan, _ in
      plan.steps[1].workspaceBytes = 64
    },
    Mutation(
      "weights inside forgotten", .wrongSum(what: "residentBytes", planned: 0, expected: 1024)
    ) { plan, _ in
      plan.summary.residentBytes = 0
      plan.summary.totalBytes = plan.summary.arenaBytes
    },
  ]

  @Test func `a right plan with branches breaks no rule`() throws {
    #expect(PlanChecker.violations(in: try Self.plan(), against: try Self.example()).isEmpty)
  }

  @Test(arguments: mutations)
  func `one thing broken inside is found`(mutation: Mutation) throws {
    var plan = try Self.plan()
    var bodies = try #require(plan.steps[1].bodies)
    mutation.apply(&plan, &bodies)
    plan.steps[1].bodies = bodies
    let found = PlanChecker.violations(in: plan, against: try Self.example())
    #expect(found.contains(mutation.expected), "\(found)")
  }

  @Test func `a plan is proven only if all that is inside is`() throws {
    var plan = try Self.plan()
    plan.summary.provenOptimal = false
    let found = PlanChecker.violations(in: plan, against: try Self.example())
    #expect(found == [.wrongVerdict(what: "provenOptimal")])
  }

  @Test func `the fingerprint tells bodies apart but not how they are planned`() throws {
    let graph = try Self.example()
    var planned = graph
    planned.setWorkspace(ByteCount(768), ofNodeWithBodies: NodeID(1))
    #expect(planned.fingerprint == graph.fingerprint)
    var other = Graph(name: "example")
    for tensor in graph.tensorIDs {
      _ = try other.addTensor(
        graph.name(of: tensor), type: .uint8, shape: Array(graph.shape(of: tensor)),
        role: graph[tensor].role)
    }
    other.addInput(graph.inputs[0])
    for node in graph.nodeIDs {
      var bodies = graph.bodies(of: node)
      if !bodies.isEmpty { bodies[0].graph.setRole(.constant, of: TensorID(1)) }
      try other.addNode(
        graph.name(of: node), kind: graph.kind(of: node), inputs: Array(graph.inputs(of: node)),
        outputs: Array(graph.outputs(of: node)), bodies: bodies)
    }
    other.addOutput(graph.outputs[0])
    #expect(other.fingerprint != graph.fingerprint)
  }

  @Test func `a body that uses what its node does not read is refused`() throws {
    var graph = Graph(name: "broken")
    let x = try graph.addTensor("x", type: .uint8, shape: [64], role: .input)
    let y = try graph.addTensor("y", type: .uint8, shape: [64], role: .output)
    graph.addInput(x)
    try graph.addNode(
      "if", kind: OperatorKind(type: "If"), inputs: [x], outputs: [y],
      bodies: [Body(attribute: "then_branch", graph: try Self.elseBranch())])
    graph.addOutput(y)
    #expect(throws: GraphError.unknownTensor(at: "the then_branch of node 'if'")) {
      try graph.validate()
    }
  }
}

extension ExecutionPlan {
  /// Whether the peak is the least, and those inside are, too.
  fileprivate var isProven: Bool {
    func areProven(_ steps: [PlanStep]) -> Bool {
      steps.allSatisfy { step in
        (step.bodies ?? []).allSatisfy { body in
          body.summary.provenOptimal && areProven(body.steps)
        }
      }
    }
    return summary.peakBytes == summary.lowerBoundBytes && areProven(steps)
  }
}

extension PlanBody {
  /// The entry of a tensor's name.
  fileprivate subscript(name: String) -> PlannedTensor {
    get { tensors[index(of: name)] }
    set { tensors[index(of: name)] = newValue }
  }

  private func index(of name: String) -> Int {
    guard let index = tensors.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("the body has a tensor '\(name)'")
    }
    return index
  }
}
