// SPDX-License-Identifier: Apache-2.0

import GraphIR
import IntegerProgramming

/// COSMA's program with the order left open (arXiv 2311.18246, section 4): which node runs at which step,
/// and what is preserved, spilled and retrieved, all at once.
///
/// `run[n,t]` is 1 if node `n` runs at step `t`, and so creates what it makes; `keep[s,t]` if storage
/// `s` is in the arena then and was at the step before; `fetch[s,t]` if it is retrieved right before;
/// `spill[s]` if it is spilled, once, right behind its maker, where no more is live than during the run;
/// `over[k,t]` if takeover `k` happens. Deviations: one binary for each storage's spill in place of one
/// for each step, since an earlier spill never costs more; takeovers, which COSMA does not know; no
/// addresses. Nodes may run only at steps that their ancestors and descendants leave.
///
/// Graphs in which something in the arena is updated have versions, and are not for this program.
struct JointSpillProgram {
  let model: LadderModel
  /// The program.
  private(set) var program = IntegerProgram(name: "schedule and spill")
  /// What is moved whatever is chosen: fetching what is at home in the second memory once.
  let compulsoryBytes: Int
  /// What the objective is counted in, in bytes.
  let unit: Double
  private var run: [[VariableID?]] = []
  private var fetch: [[VariableID]] = []
  private var spill: [VariableID?] = []

  /// The most nodes and storages of a program.
  static let limit = (nodes: 14, storages: 40)

  /// - Returns: `nil` for graphs that are too large or not of the kind that the program is for.
  /// - Complexity: O(steps · (storages + operands + takeovers)).
  init?(_ model: LadderModel, _ dependencies: Dependencies, budget: Int) {
    let (count, storages) = (model.nodeCount, model.storageCount)
    guard count > 0, count <= Self.limit.nodes, storages <= Self.limit.storages,
      !(0..<storages).contains(where: { model.isMovable[$0] && model.isUpdated[$0] })
    else { return nil }
    self.model = model
    let isUsed = Self.used(model)
    compulsoryBytes = (0..<storages).reduce(0) {
      model.isStreamed[$1] && isUsed[$1] ? $0 + model.copiedBytes[$1] : $0
    }
    unit = Double(max(1, model.copiedBytes.max() ?? 1))
    let steps = Self.steps(count, dependencies)
    for node in 0..<count {
      run.append(
        (0..<count).map { step in
          steps[node].contains(step)
            ? program.addVariable("run[\(node),\(step)]", kind: .binary) : nil
        })
    }
    var keep: [[VariableID]] = []
    for storage in 0..<storages {
      // The last step stands for the end of the plan.
      func row(_ name: String) -> [VariableID] {
        (0...count).map { step in
          program.addVariable(
            "\(name)[\(storage),\(step)]", kind: .binary, from: 0,
            to: model.isMovable[storage] && isUsed[storage] ? 1 : 0)
        }
      }
      keep.append(row("keep"))
      fetch.append(row("fetch"))
      spill.append(
        model.isMovable[storage] && !model.isStreamed[storage]
          ? program.addVariable("spill[\(storage)]", from: 0, to: 1) : nil)
    }
    schedule(dependencies)
    for storage in 0..<storages where model.isMovable[storage] && isUsed[storage] {
      hold(storage, keep[storage])
    }
    limit(keep, budget)
    var objective = LinearExpression()
    for storage in 0..<storages where model.isMovable[storage] {
      let cost = Double(model.copiedBytes[storage]) / unit
      for variable in fetch[storage] { objective.add(cost, variable) }
      if let spilled = spill[storage] { objective.add(cost, spilled) }
    }
    program.setObjective(.minimize, objective)
  }

  private static func used(_ model: LadderModel) -> [Bool] {
    var isUsed = model.isOutput
    for node in 0..<model.nodeCount {
      for storage in model.reads[node] { isUsed[storage] = true }
      for storage in model.makes[node] { isUsed[storage] = true }
    }
    return isUsed
  }

  /// The steps at which each node may run.
  private static func steps(_ count: Int, _ dependencies: Dependencies) -> [ClosedRange<Int>] {
    var above = [Set<Int>](repeating: [], count: count)
    var below = above
    // Nodes of a graph are numbered in an order that keeps dependencies.
    for node in 0..<count {
      for other in dependencies.predecessors(of: NodeID(node)) {
        above[node].formUnion(above[Int(other)])
        above[node].insert(Int(other))
      }
    }
    for node in 0..<count {
      for other in above[node] { below[other].insert(node) }
    }
    return (0..<count).map { above[$0].count...(count - 1 - below[$0].count) }
  }

  /// One node at each step, each node once, each behind what it depends on.
  private mutating func schedule(_ dependencies: Dependencies) {
    let count = model.nodeCount
    for node in 0..<count {
      let sum = LinearExpression(sumOf: run[node].compactMap(\.self))
      program.addConstraint("once[\(node)]", sum, .equal, 1)
    }
    for step in 0..<count {
      let sum = LinearExpression(sumOf: (0..<count).compactMap { run[$0][step] })
      program.addConstraint("step[\(step)]", sum, .equal, 1)
    }
    for node in 0..<count {
      for other in dependencies.predecessors(of: NodeID(node)) {
        for step in 0..<count where run[node][step] != nil {
          let earlier = LinearExpression(sumOf: run[Int(other)][..<step].compactMap(\.self))
          let now = LinearExpression(sumOf: run[node][...step].compactMap(\.self))
          program.addConstraint("after[\(node),\(other),\(step)]", earlier - now, .atLeast, 0)
        }
      }
    }
  }

  /// What it takes for a storage to be in the arena, and to be read there.
  private mutating func hold(_ storage: Int, _ keep: [VariableID]) {
    let count = model.nodeCount
    let maker = Int(model.maker[storage])
    for step in 0...count {
      // There at the step before: kept, fetched, or made then.
      var before = LinearExpression(constant: step == 0 && model.isInput[storage] ? 1 : 0)
      if step > 0 {
        before += LinearExpression(sumOf: [keep[step - 1], fetch[storage][step - 1]])
        if maker >= 0, let made = run[maker][step - 1] { before.add(1, made) }
      }
      program.addConstraint("kept[\(storage),\(step)]", before - 1 * keep[step], .atLeast, 0)
      if let spilled = spill[storage] {
        program.addConstraint(
          "spilled[\(storage),\(step)]", 1 * spilled - 1 * fetch[storage][step], .atLeast, 0)
        if maker >= 0 {
          let earlier = LinearExpression(sumOf: run[maker][..<step].compactMap(\.self))
          program.addConstraint(
            "made[\(storage),\(step)]", earlier - 1 * fetch[storage][step], .atLeast, 0)
        }
      }
      let there = LinearExpression(sumOf: [keep[step], fetch[storage][step]])
      // In the arena in one way only: less than that is never needed.
      program.addConstraint("one[\(storage),\(step)]", there, .atMost, 1)
      if step < count {
        // Kept only for a use.
        var uses = LinearExpression(keep[step + 1])
        for node in 0..<count where model.reads[node].contains(storage) {
          guard let reads = run[node][step] else { continue }
          uses.add(1, reads)
          program.addConstraint(
            "read[\(node),\(storage),\(step)]", there - 1 * reads, .atLeast, 0)
        }
        program.addConstraint("used[\(storage),\(step)]", uses - 1 * keep[step], .atLeast, 0)
      } else {
        program.addConstraint(
          "output[\(storage)]", there, .equal, model.isOutput[storage] ? 1 : 0)
      }
    }
  }

  /// What is live at each step.
  private mutating func limit(_ keep: [[VariableID]], _ budget: Int) {
    let (count, storages) = (model.nodeCount, model.storageCount)
    let scale = Double(max(1, budget))
    for step in 0..<count {
      var live = LinearExpression()
      for storage in 0..<storages where model.isMovable[storage] {
        let bytes = Double(model.bytes[storage]) / scale
        live.add(bytes, keep[storage][step])
        live.add(bytes, fetch[storage][step])
      }
      for node in 0..<count {
        guard let runs = run[node][step] else { continue }
        let made = model.makes[node].reduce(model.workspaces[node]) { $0 + model.bytes[$1] }
        live.add(Double(made) / scale, runs)
        var givers: [Int: LinearExpression] = [:]
        var takers: [Int: LinearExpression] = [:]
        let isGreedy = Set(model.takeovers[node].map(\.output)).count > 1
        for (index, takeover) in model.takeovers[node].enumerated() {
          let (maker, read) = (takeover.output.index, takeover.input.index)
          // Of several results the first that can be written over an operand is.
          var taken = givers[read] ?? LinearExpression()
          taken += takers[maker] ?? LinearExpression()
          let over = program.addVariable("over[\(node).\(index),\(step)]", from: 0, to: 1)
          live.add(-Double(model.bytes[maker]) / scale, over)
          givers[read, default: LinearExpression()].add(1, over)
          takers[maker, default: LinearExpression()].add(1, over)
          guard isGreedy else { continue }
          taken += 1 * over - 1 * runs + LinearExpression(keep[read][step + 1])
          program.addConstraint("first[\(node).\(index),\(step)]", taken, .atLeast, 0)
        }
        for (read, sum) in givers.sorted(by: { $0.key < $1.key }) {
          // Only while the node runs, and only of what is not kept.
          program.addConstraint("gives[\(read),\(step)]", sum - 1 * runs, .atMost, 0)
          program.addConstraint(
            "ends[\(read),\(step)]", sum + LinearExpression(keep[read][step + 1]), .atMost, 1)
        }
        for (maker, sum) in takers.sorted(by: { $0.key < $1.key }) {
          program.addConstraint("takes[\(maker),\(step)]", sum - 1 * runs, .atMost, 0)
        }
      }
      program.addConstraint("live[\(step)]", live, .atMost, Double(budget) / scale)
    }
  }

  /// What a solve came to.
  enum Answer {
    /// A schedule that moves the fewest bytes.
    case optimal([LadderAction])
    /// A schedule, and a number of bytes that none moves less than.
    case found([LadderAction], bound: Int)
    /// There is none within the budget, or none below what is known.
    case none
    /// The search was stopped, or ended in a schedule that does not keep the budget.
    case stopped
  }

  /// Solves the program.
  ///
  /// - Parameters:
  ///   - known: Traffic that is known to be enough, if any is: only less is looked for.
  ///   - nodes: The most nodes of the search tree.
  ///   - iterations: The most simplex iterations.
  func solve(
    with solver: some IntegerProgramSolver = GLPKSolver(), below known: Int? = nil, budget: Int,
    nodes: Int = 100_000, iterations: Int = 1_000_000
  ) -> Answer {
    // What is there before the first step and behind the last one has no row.
    guard budget >= model.floorBytes else { return .none }
    let options = SolveOptions(
      nodeLimit: nodes, iterationLimit: iterations,
      cutoff: known.map { (Double($0) - 0.5) / unit },
      branchingOrder: run.flatMap { $0.compactMap(\.self) })
    let solution: Solution
    do throws(SolverError) {
      solution = try solver.solve(program, options: options)
    } catch { return .stopped }
    if solution.status == .infeasible { return .none }
    guard let point = solution.point else { return .stopped }
    let actions = actions(point)
    let peak: Int
    do throws(Residencies.Fault) {
      peak = try Residencies(of: actions, in: model).peakBytes
    } catch { return .stopped }
    guard peak <= budget else { return .stopped }
    if solution.status == .optimal { return .optimal(actions) }
    let bound = ((solution.bestBound ?? 0) * unit * (1 - 1e-9) - 0.5).rounded(.down)
    return .found(actions, bound: max(compulsoryBytes, Int(bound)))
  }

  /// The schedule of a point.
  private func actions(_ point: Solution.Point) -> [LadderAction] {
    let count = model.nodeCount
    var actions: [LadderAction] = []
    func isSpilled(_ storage: Int) -> Bool {
      guard spill[storage] != nil else { return false }
      return fetch[storage].contains { point[$0] > 0.5 }
    }
    for storage in 0..<model.storageCount where model.isInput[storage] && isSpilled(storage) {
      actions.append(.spill(StorageID(storage)))
    }
    for step in 0...count {
      for storage in 0..<model.storageCount where point[fetch[storage][step]] > 0.5 {
        actions.append(.fetch(StorageID(storage)))
      }
      for node in 0..<count where step < count {
        guard let variable = run[node][step], point[variable] > 0.5 else { continue }
        actions.append(.run(NodeID(node)))
        for storage in model.makes[node] where isSpilled(storage) {
          actions.append(.spill(StorageID(storage)))
        }
      }
    }
    return actions
  }
}
