// SPDX-License-Identifier: Apache-2.0
import GraphIR

// Graphs that nodes run: names of their own in front of those around them, inferred as often as it
// takes to know what holds in every run.
extension ShapeInference {
  /// One run of a body.
  struct BodyRun {
    var body: InferredBody
    /// What is known of its results; `nil` where nothing is.
    var outputs: [ValueFact?]
    /// What is not known inside.
    var unknown: [UnknownResults]
    /// What has no bound inside.
    var unbounded: [UnboundedTensor]
    var statedCount: Int

    /// The results, if all are known and nothing inside is unknown.
    var known: [ValueFact]? {
      let known = outputs.compactMap { $0 }
      return unknown.isEmpty && known.count == outputs.count ? known : nil
    }
  }

  /// Infers the results of a node that runs graphs, and keeps what is known inside them.
  ///
  /// - Parameter inputs: What is known of the node's operands.
  /// - Throws: ``ShapeFault`` when operands do not fit, here or inside.
  mutating func inferBodies(
    of node: Int, _ kind: BodyOperator, _ inputs: [ValueFact?],
    in structure: borrowing GraphStructure
  ) throws(ImportError) -> BodyOutcome {
    let record = structure.graph.nodes[node]
    let outputs = structure.graph.outputs(of: record)
    var use = BodyUse(
      graph: structure.graph, node: record, inputs: inputs, outputCount: outputs.count,
      version: versions[record.operatorIndex])
    do throws(BodyFault) {
      switch kind {
      case .conditional: try inferConditional(&use)
      case .loop: try inferLoop(&use)
      case .scan: try inferScan(&use)
      case .sequenceMap: try inferSequenceMap(&use)
      }
      if let inferred = use.inferred { bodies[node] = inferred }
      statedCount += use.statedCount
      for (output, fact) in zip(outputs, use.outputs) where output != .absent {
        guard let fact else { continue }
        // A bound for want of elements that say more is worse than what the file states within it.
        if fact.isUpperBound, inputs.allSatisfy({ $0?.isUpperBound != true }),
          let stated = statedFact(of: output), stated.isWithin(fact)
        {
          facts[Int(output.index)] = stated
          statedCount += 1
          continue
        }
        facts[Int(output.index)] = try Self.here { () throws(OperatorFault) in try checked(fact) }
      }
    } catch {
      switch error {
      case .inside(let error): throw error
      case .here(let fault):
        switch fault {
        case .unknownValue, .unsupported:
          use.reason = fault
          return BodyOutcome(reason: fault, openForms: use.openForms)
        default: break
        }
        throw .shapes(
          .operatorFault(
            node: structure.nodeName(node), operator: text(of: record.operatorIndex),
            tensor: outputs.first.map { model.names[$0] } ?? "", fault))
      }
    }
    for tensor in use.unbounded where !unbounded.contains(where: { $0.tensor == tensor.tensor }) {
      unbounded.append(tensor)
    }
    let isComplete = outputs.allSatisfy {
      $0 == .absent || facts[Int($0.index)] != nil || statedFact(of: $0) != nil
    }
    var outcome = BodyOutcome(reason: use.reason, openForms: use.openForms)
    if !isComplete, use.reason == nil, !use.unknown.isEmpty || !use.unbounded.isEmpty {
      merge(use.unknown)
      outcome.isReported = true
    }
    return outcome
  }

  /// Calls what may find fault with the node itself.
  private static func here<Result>(
    _ body: () throws(OperatorFault) -> Result
  ) throws(BodyFault) -> Result {
    do throws(OperatorFault) { return try body() } catch { throw .here(error) }
  }

  /// The structure of a node's body.
  func structure(of body: ONNXGraph) throws(BodyFault) -> GraphStructure {
    do throws(ImportError) {
      return try GraphStructure(ofBody: body, in: model)
    } catch { throw .inside(error) }
  }

  /// Reports what is unknown inside a body.
  private mutating func merge(_ results: [UnknownResults]) {
    for result in results where !unknown.contains(where: { $0.operator == result.operator }) {
      unknown.append(result)
    }
  }

  /// Runs a body once.
  ///
  /// - Parameters:
  ///   - structure: The body.
  ///   - parameters: What its own inputs hold.
  /// - Throws: ``ShapeFault`` when something inside does not fit, or bodies take too much work.
  mutating func run(
    _ structure: GraphStructure, attribute: String, parameters: [ValueFact]
  ) throws(BodyFault) -> BodyRun {
    let graph = structure.graph
    guard structure.fedInputs.count == parameters.count else {
      throw .here(
        .unsupported(
          "a body of \(structure.fedInputs.count) inputs where \(parameters.count) are given"))
    }
    bodyBudget.nodes -= graph.nodes.count + 1
    guard bodyBudget.nodes > 0 else { throw .inside(.shapes(.tooMuchInBodies)) }
    // What is outside has the same names for a while.
    var outside: [(name: ONNXNameID, fact: ValueFact?)] = []
    func isOwn(_ name: ONNXNameID) -> Bool { name != .absent && structure[name] != .outer }
    var own: [ONNXNameID] = graph.inputs.map(\.name) + graph.initializers.map(\.name)
    own += graph.sparseInitializers.map(\.values.name)
    for node in graph.nodes { own += graph.outputs(of: node) }
    for name in own where isOwn(name) {
      outside.append((name, facts[Int(name.index)]))
      facts[Int(name.index)] = nil
    }
    let outsideStated = stated.count
    var outsideIndex: [(name: ONNXNameID, index: Int32)] = []
    if usesValueInfo {
      for info in graph.valueInfo + graph.outputs where isOwn(info.name) {
        outsideIndex.append((info.name, statedIndex[Int(info.name.index)]))
        statedIndex[Int(info.name.index)] = Int32(stated.count)
        stated.append(info)
      }
    }
    let outer = (unknown: unknown, reported: reported, statedCount: statedCount, bodies: bodies)
    (unknown, reported, statedCount, bodies) = ([], [:], 0, [:])
    // Those that are there already let operands be at odds, here too.
    let unboundedCount = unbounded.count
    defer {
      unbounded.removeLast(unbounded.count - unboundedCount)
      (unknown, reported, statedCount, bodies) = (
        outer.unknown, outer.reported, outer.statedCount, outer.bodies
      )
      for (name, index) in outsideIndex.reversed() { statedIndex[Int(name.index)] = index }
      stated.removeLast(stated.count - outsideStated)
      for (name, fact) in outside.reversed() { facts[Int(name.index)] = fact }
    }

    for (position, fact) in zip(structure.fedInputs, parameters) {
      define(graph.inputs[position].name, fact)
    }
    do throws(ImportError) {
      for tensor in graph.initializers { define(tensor.name, try fact(of: tensor)) }
      for tensor in graph.sparseInitializers {
        define(tensor.values.name, try fact(ofSparse: tensor))
      }
      for node in structure.constants { try infer(node, in: structure) }
      for node in structure.order { try infer(node, in: structure) }
    } catch { throw .inside(error) }

    var known: [ONNXNameID: ValueFact] = [:]
    for name in own + structure.outerNames where name != .absent {
      known[name] = facts[Int(name.index)]
    }
    return BodyRun(
      body: InferredBody(
        attribute: attribute, structure: structure, facts: known, bodies: bodies),
      outputs: graph.outputs.map { facts[Int($0.name.index)] }, unknown: unknown,
      unbounded: Array(unbounded[unboundedCount...]), statedCount: statedCount)
  }
}

/// What is to be said of the results of a node that runs graphs.
struct BodyOutcome {
  /// Why they are not known, if they are not.
  var reason: OperatorFault?
  /// What is known of those that have no bound.
  var openForms: [OpenForm] = []
  /// Whether what is missing is said already, of what is inside.
  var isReported = false
}

/// Why a node that runs graphs cannot be inferred.
enum BodyFault: Error {
  /// The node itself is at fault.
  case here(OperatorFault)
  /// Something inside a body is.
  case inside(ImportError)
}

/// A node that runs graphs, and what comes of it.
struct BodyUse {
  let graph: ONNXGraph
  let node: ONNXNode
  let inputs: [ValueFact?]
  let version: Int
  /// What is known of the node's results.
  var outputs: [ValueFact?]
  /// What is known inside, if all is.
  var inferred: InferredBodies?
  /// What is not known inside.
  var unknown: [UnknownResults] = []
  /// What has no bound inside.
  var unbounded: [UnboundedTensor] = []
  /// What is known of results that have no bound.
  var openForms: [OpenForm] = []
  /// Why the results are not known although all operands are.
  var reason: OperatorFault?
  var statedCount = 0

  init(
    graph: ONNXGraph, node: ONNXNode, inputs: [ValueFact?], outputCount: Int, version: Int
  ) {
    self.graph = graph
    self.node = node
    self.inputs = inputs
    self.version = version
    outputs = Array(repeating: nil, count: outputCount)
  }

  /// The graph in one of the node's attributes.
  func body(_ attribute: String) throws(BodyFault) -> ONNXGraph {
    switch graph.attribute(attribute, of: node) {
    case .graph(let body): return body
    case nil: throw .here(.missingAttribute(attribute))
    default: throw .here(.attributeKind(attribute))
    }
  }

  /// A list of whole numbers in one of the node's attributes.
  func ints(_ attribute: String) throws(BodyFault) -> [Int]? {
    switch graph.attribute(attribute, of: node) {
    case nil: return nil
    case .ints(let values): return values.map { Int($0) }
    case .floats(let values) where values.isEmpty: return []
    default: throw .here(.attributeKind(attribute))
    }
  }

  /// What is known of an operand that must be there.
  func input(_ index: Int) throws(BodyFault) -> ValueFact {
    guard index < inputs.count, let fact = inputs[index] else {
      throw .here(.missingInput(index))
    }
    return fact
  }

  /// Takes over what one run of a body tells.
  mutating func note(_ run: ShapeInference.BodyRun) {
    unknown += run.unknown
    unbounded += run.unbounded
    statedCount = max(statedCount, run.statedCount)
  }
}
